package model

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/qmuntal/gltf"
)

// fetch returns the bytes behind a URI.
func (d *gltfDecoder) fetch(uri string) ([]byte, error) {
	b, err := fetch(d.ctx, uri, d.open)
	if err != nil {
		return nil, err
	}
	if d.left.Bytes -= int64(len(b)); d.left.Bytes < 0 {
		return nil, &LimitError{"bytes in all files together", d.l.Bytes}
	}
	return b, nil
}

// dataURI decodes a data: URI (RFC 2397). ok says whether it is one.
func dataURI(uri string) (b []byte, ok bool, err error) {
	if len(uri) < 5 || !strings.EqualFold(uri[:5], "data:") {
		return nil, false, nil
	}
	head, body, found := strings.Cut(uri[5:], ",")
	if !found {
		return nil, true, errors.New("a data: URI has no comma; export the file again")
	}
	if strings.HasSuffix(head, ";base64") {
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(body, "="))
	} else {
		var s string
		s, err = url.PathUnescape(body)
		b = []byte(s)
	}
	if err != nil {
		return nil, true, fmt.Errorf("a data: URI is broken (%v); export the file again", err)
	}
	return b, true, nil
}

func (d *gltfDecoder) buffer(i int, where string) ([]byte, error) {
	if i < 0 || i >= len(d.buffers) {
		return nil, badGLTF(where, "it names buffer %d, which is not there; export the file again", i)
	}
	if d.buffers[i] != nil {
		return d.buffers[i], nil
	}
	b, at := d.doc.Buffers[i], item("buffers", i)
	data := d.bin
	if b.URI != "" {
		var err error
		if data, err = d.fetch(b.URI); err != nil {
			return nil, badGLTF(at, "%w", err)
		}
	} else if i != 0 || data == nil {
		return nil, badGLTF(at, "it has neither a URI nor a binary chunk; export the file again")
	}
	if b.ByteLength < 1 || b.ByteLength > len(data) {
		return nil, badGLTF(at, "it is %d bytes long and ought to be %d; fetch or export it again", len(data), b.ByteLength)
	}
	d.buffers[i] = data[:b.ByteLength:b.ByteLength]
	return d.buffers[i], nil
}

// bufferView returns its bytes, and the distance of elements or 0.
func (d *gltfDecoder) bufferView(i int, where string) ([]byte, int, error) {
	if i < 0 || i >= len(d.doc.BufferViews) {
		return nil, 0, badGLTF(where, "it names buffer view %d, which is not there; export the file again", i)
	}
	v, at := d.doc.BufferViews[i], item("bufferViews", i)
	b, err := d.buffer(v.Buffer, at)
	if err != nil {
		return nil, 0, err
	}
	if v.ByteOffset < 0 || v.ByteLength < 1 || v.ByteOffset > len(b) || v.ByteLength > len(b)-v.ByteOffset {
		return nil, 0, badGLTF(at, "it leaves its buffer (%d bytes at %d of %d); export the file again", v.ByteLength, v.ByteOffset, len(b))
	}
	if v.ByteStride != 0 && (v.ByteStride < 4 || v.ByteStride > 252) {
		return nil, 0, badGLTF(at, "a stride of %d bytes is not within 4 and 252; export the file again", v.ByteStride)
	}
	return b[v.ByteOffset : v.ByteOffset+v.ByteLength], v.ByteStride, nil
}

// spend counts elements that are about to be read.
func (d *gltfDecoder) spend(n int) error {
	if d.work -= int64(n); d.work < 0 {
		return badGLTF("accessors", "%w", &LimitError{"elements to read", 16*int64(d.l.Vertices) + int64(d.l.Indices) + int64(d.l.Keys)})
	}
	return nil
}

// view reads the elements of an accessor.
type view struct {
	d          *gltfDecoder
	where      string
	data       []byte // from the first element on; nil: all zeros
	stride     int
	count      int
	components int // of an element
	component  gltf.ComponentType
	normalized bool
	replaced   []uint32 // elements that are in sparse instead, ascending
	sparse     *view
}

var componentSizes = [...]int{
	gltf.ComponentFloat: 4, gltf.ComponentByte: 1, gltf.ComponentUbyte: 1,
	gltf.ComponentShort: 2, gltf.ComponentUshort: 2, gltf.ComponentUint: 4,
}

var typeSizes = [...]int{
	gltf.AccessorScalar: 1, gltf.AccessorVec2: 2, gltf.AccessorVec3: 3, gltf.AccessorVec4: 4,
	gltf.AccessorMat2: 4, gltf.AccessorMat3: 9, gltf.AccessorMat4: 16,
}

func (d *gltfDecoder) accessor(i int, from string, types ...gltf.AccessorType) (*view, error) {
	if i < 0 || i >= len(d.doc.Accessors) {
		return nil, badGLTF(from, "it names accessor %d, which is not there; export the file again", i)
	}
	a, where := d.doc.Accessors[i], item("accessors", i)
	if !slices.Contains(types, a.Type) {
		return nil, badGLTF(where, "it is of type %v, which cannot be for %s; export the file again", a.Type, from)
	}
	if a.Count < 1 || a.Count > math.MaxInt32 || a.ByteOffset < 0 {
		return nil, badGLTF(where, "a count of %d or an offset of %d cannot be; export the file again", a.Count, a.ByteOffset)
	}
	v := &view{d: d, where: where, count: a.Count, components: typeSizes[a.Type], component: a.ComponentType, normalized: a.Normalized}
	if a.BufferView != nil {
		if err := d.elements(v, *a.BufferView, a.ByteOffset); err != nil {
			return nil, err
		}
	}
	if a.Sparse != nil {
		if err := d.sparse(v, a.Sparse); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// elements points v at its bytes and sees that all of them are there.
func (d *gltfDecoder) elements(v *view, bufferView, offset int) error {
	b, stride, err := d.bufferView(bufferView, v.where)
	if err != nil {
		return err
	}
	size := v.components * componentSizes[v.component]
	if stride == 0 {
		stride = size
	}
	if offset < 0 || offset > len(b) || (v.count-1)*stride+size > len(b)-offset {
		return badGLTF(v.where, "its %d elements leave buffer view %d; export the file again", v.count, bufferView)
	}
	v.data, v.stride = b[offset:], stride
	return nil
}

func (d *gltfDecoder) sparse(v *view, s *gltf.Sparse) error {
	if s.Count < 1 || s.Count > v.count {
		return badGLTF(v.where, "%d sparse elements of %d cannot be; export the file again", s.Count, v.count)
	}
	if err := d.spend(s.Count); err != nil {
		return err
	}
	switch s.Indices.ComponentType {
	case gltf.ComponentUbyte, gltf.ComponentUshort, gltf.ComponentUint:
	default:
		return badGLTF(v.where, "its sparse indices are no unsigned integers; export the file again")
	}
	at := &view{d: d, where: v.where + ".sparse", count: s.Count, components: 1, component: s.Indices.ComponentType}
	if err := d.elements(at, s.Indices.BufferView, s.Indices.ByteOffset); err != nil {
		return err
	}
	values := &view{d: d, where: v.where + ".sparse", count: s.Count, components: v.components, component: v.component, normalized: v.normalized}
	if err := d.elements(values, s.Values.BufferView, s.Values.ByteOffset); err != nil {
		return err
	}
	v.replaced, v.sparse = at.uints(), values
	for i, n := range v.replaced {
		if int64(n) >= int64(v.count) || (i > 0 && n <= v.replaced[i-1]) {
			return badGLTF(at.where, "its indices do not ascend within %d elements; export the file again", v.count)
		}
	}
	return nil
}

// uints reads unsigned integers of one component.
func (v *view) uints() []uint32 {
	out := make([]uint32, v.count)
	if v.data == nil {
		return out
	}
	switch v.component {
	case gltf.ComponentUbyte:
		for i := range out {
			out[i] = uint32(v.data[i*v.stride])
		}
	case gltf.ComponentUshort:
		for i := range out {
			out[i] = uint32(binary.LittleEndian.Uint16(v.data[i*v.stride:]))
		}
	default:
		for i := range out {
			out[i] = binary.LittleEndian.Uint32(v.data[i*v.stride:])
		}
	}
	return out
}

// floats reads the elements that order names, or all where it is nil, one after
// another. Integers become fractions if they are normalized (glTF 2.0, section
// 3.11). A number that is not finite is an error unless broken is allowed.
func (v *view) floats(order []uint32, broken bool) ([]float32, error) {
	n := v.count
	if order != nil {
		n = len(order)
	}
	if err := v.d.spend(n); err != nil {
		return nil, err
	}
	out := make([]float32, n*v.components)
	if v.data != nil {
		v.read(order, out)
	}
	if v.sparse != nil {
		values := make([]float32, len(v.replaced)*v.components)
		v.sparse.read(nil, values)
		c := v.components
		if order == nil {
			for i, to := range v.replaced {
				copy(out[int(to)*c:], values[i*c:(i+1)*c])
			}
		}
		for to, n := range order {
			if i, ok := slices.BinarySearch(v.replaced, n); ok {
				copy(out[to*c:], values[i*c:(i+1)*c])
			}
		}
	}
	if v.component == gltf.ComponentFloat && !broken {
		for i, f := range out {
			if f-f != 0 {
				return nil, badGLTF(v.where, "element %d is no finite number; export the file again", i/v.components)
			}
		}
	}
	return out, nil
}

func (v *view) read(order []uint32, out []float32) {
	c := v.components
	size := componentSizes[v.component]
	for k := 0; k*c < len(out); k++ {
		i := k
		if order != nil {
			i = int(order[k])
		}
		e, o := v.data[i*v.stride:], out[k*c:(k+1)*c]
		e = e[:c*size]
		switch v.component {
		case gltf.ComponentFloat:
			for j := range o {
				o[j] = math.Float32frombits(binary.LittleEndian.Uint32(e[4*j:]))
			}
		case gltf.ComponentUbyte:
			for j := range o {
				o[j] = float32(e[j])
			}
		case gltf.ComponentByte:
			for j := range o {
				o[j] = float32(int8(e[j]))
			}
		case gltf.ComponentUshort:
			for j := range o {
				o[j] = float32(binary.LittleEndian.Uint16(e[2*j:]))
			}
		case gltf.ComponentShort:
			for j := range o {
				o[j] = float32(int16(binary.LittleEndian.Uint16(e[2*j:])))
			}
		case gltf.ComponentUint:
			for j := range o {
				o[j] = float32(binary.LittleEndian.Uint32(e[4*j:]))
			}
		}
	}
	if !v.normalized {
		return
	}
	var scale float32
	switch v.component {
	case gltf.ComponentUbyte:
		scale = 255
	case gltf.ComponentByte:
		scale = 127
	case gltf.ComponentUshort:
		scale = 65535
	case gltf.ComponentShort:
		scale = 32767
	default:
		return
	}
	for i := range out {
		out[i] = max(out[i]/scale, -1)
	}
}
