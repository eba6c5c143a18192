package model

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"hearth/lumps"

	"github.com/go-gl/mathgl/mgl32"
)

// DecodeMesh reads a mesh lump of hearth-rs: a JSON object whose fields are base64
// of little-endian numbers. Only positions are needed; without indices each three
// vertices are a triangle.
//
//	positions      f32 x 3      normals        f32 x 3
//	tangents       f32 x 3      uv0, uv1       f32 x 2
//	colors         u8 x 4       joint_indices  u16 x 4
//	joint_weights  f32 x 4      indices        u32
//
// A vertex may be split where normals or tangents are missing (see makeTangents);
// tangents that are there mean a texture that is not mirrored. Errors are a
// *FormatError.
func DecodeMesh(data []byte, limits Limits) (*Mesh, error) {
	m, err := decodeMeshLump(data, limits.withDefaults())
	if err != nil {
		return nil, &FormatError{Format: "mesh lump", Err: err}
	}
	return m, nil
}

func decodeMeshLump(data []byte, l Limits) (*Mesh, error) {
	if int64(len(data)) > l.Bytes {
		return nil, &LimitError{"bytes", l.Bytes}
	}
	var raw struct {
		Positions, Normals, Tangents base64Field
		UV0, UV1, Colors, Indices    base64Field
		JointIndices                 base64Field `json:"joint_indices"`
		JointWeights                 base64Field `json:"joint_weights"`
	}
	if err := unmarshalLump(data, &raw); err != nil {
		return nil, err
	}
	n := len(raw.Positions) / 12
	if n == 0 {
		return nil, errors.New("positions is empty; a mesh needs vertices")
	}
	if n > l.Vertices {
		return nil, &LimitError{"vertices", int64(l.Vertices)}
	}
	for _, f := range []struct {
		name string
		b    base64Field
		size int
	}{
		{"positions", raw.Positions, 12}, {"normals", raw.Normals, 12}, {"tangents", raw.Tangents, 12},
		{"uv0", raw.UV0, 8}, {"uv1", raw.UV1, 8}, {"colors", raw.Colors, 4},
		{"joint_indices", raw.JointIndices, 8}, {"joint_weights", raw.JointWeights, 16},
	} {
		if len(f.b) != 0 && len(f.b) != n*f.size {
			return nil, fmt.Errorf("%s has %d bytes and ought to have %d, %d for each of %d vertices", f.name, len(f.b), n*f.size, f.size, n)
		}
	}
	m := &Mesh{Material: -1}
	var err error
	finite := func(name string, b base64Field) []float32 {
		f := floats32(b)
		for i := range f {
			if err == nil && f[i]-f[i] != 0 {
				err = fmt.Errorf("number %d of %s is not finite; make the mesh again", i, name)
			}
		}
		return f
	}
	m.Positions = vec3s(finite("positions", raw.Positions))
	m.Normals = vec3s(floats32(raw.Normals))
	m.UV0, m.UV1 = vec2s(finite("uv0", raw.UV0)), vec2s(finite("uv1", raw.UV1))
	for _, t := range vec3s(floats32(raw.Tangents)) {
		m.Tangents = append(m.Tangents, t.Vec4(1))
	}
	if len(raw.Colors) > 0 {
		m.Colors = make([][4]uint8, n)
		for i := range m.Colors {
			m.Colors[i] = [4]uint8(raw.Colors[4*i:])
		}
	}
	weights := finite("joint_weights", raw.JointWeights)
	if err != nil {
		return nil, err
	}
	if (len(raw.JointIndices) == 0) != (weights == nil) {
		return nil, errors.New("joint_indices and joint_weights go together; one is missing")
	}
	if weights != nil {
		m.Joints, m.Weights = make([][4]uint16, n), make([]mgl32.Vec4, n)
		for i := range n {
			var j [8]uint16
			var w [8]float32
			for k := range 4 {
				j[k] = binary.LittleEndian.Uint16(raw.JointIndices[8*i+2*k:])
				w[k] = weights[4*i+k]
				if int(j[k]) >= l.Joints && w[k] > 0 {
					return nil, &LimitError{"joints", int64(l.Joints)}
				}
			}
			m.Joints[i], m.Weights[i] = strongest(j, w)
		}
	}
	if err := m.lumpIndices(raw.Indices, l); err != nil {
		return nil, err
	}
	left := l.Vertices - n
	uv := -1
	if m.UV0 != nil {
		uv = 0 // the material, which may have a normal map, is a lump of its own
	}
	if err := m.complete(uv, true, &left); err != nil {
		return nil, err
	}
	return m, nil
}

// maxLumpTokens is beyond what a lump of a dozen fields has, with room for some
// that are not known.
const maxLumpTokens = 1024

func unmarshalLump(data []byte, to any) error {
	if err := checkTokens(data, maxLumpTokens); err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return jsonError(err)
	}
	return nil
}

func (m *Mesh) lumpIndices(b []byte, l Limits) error {
	n := len(m.Positions)
	count := len(b) / 4
	if len(b) == 0 {
		count = n
	}
	if len(b)%4 != 0 || count%3 != 0 {
		return fmt.Errorf("%d indices (%d bytes) make no triangles; each needs three of 4 bytes", count, len(b))
	}
	if count > l.Indices {
		return &LimitError{"indices", int64(l.Indices)}
	}
	m.Indices = make([]uint32, count)
	for i := range m.Indices {
		m.Indices[i] = uint32(i)
		if len(b) == 0 {
			continue
		}
		if m.Indices[i] = binary.LittleEndian.Uint32(b[4*i:]); int64(m.Indices[i]) >= int64(n) {
			return fmt.Errorf("index %d is %d, and there are %d vertices; make the mesh again", i, m.Indices[i], n)
		}
	}
	return nil
}

// base64Field is bytes in JSON as the standard base64, with or without padding.
type base64Field []byte

func (f *base64Field) UnmarshalJSON(raw []byte) error {
	text := raw
	if n := len(raw); n >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		text = raw[1 : n-1] // nothing is escaped, as in all base64 that a program wrote
	} else {
		var s *string
		if err := json.Unmarshal(raw, &s); err != nil || s == nil {
			return err
		}
		text = []byte(*s)
	}
	text = bytes.TrimRight(text, "=")
	b := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(b, text)
	if err != nil {
		return fmt.Errorf("a field is not base64 (%w)", err)
	}
	*f = b[:n]
	return nil
}

func floats32(b []byte) []float32 {
	if len(b) == 0 {
		return nil
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// decodeTextureLump reads a texture or a cube texture of hearth-rs:
//
//	{"label":text|null,"size":[w,h],"data":base64 of RGBA8, top row first}
//
// A cube has six faces after one another, in Picture's order: its data is six
// times as long.
func decodeTextureLump(data []byte, l Limits) (*Picture, error) {
	var raw struct {
		Label *string
		Size  []int
		Data  base64Field
	}
	if err := unmarshalLump(data, &raw); err != nil {
		return nil, err
	}
	if len(raw.Size) != 2 {
		return nil, errors.New("its size is not [width, height]; make the texture again")
	}
	w, h := raw.Size[0], raw.Size[1]
	if err := l.checkPicture(w, h, 1); err != nil {
		return nil, err
	}
	p := &Picture{Width: w, Height: h, Faces: 1, Pixels: raw.Data}
	switch one := 4 * w * h; len(raw.Data) {
	case one:
	case 6 * one:
		if w != h {
			return nil, fmt.Errorf("the faces of a cube are square, and these are %d by %d; make the texture again", w, h)
		}
		if err := l.checkPicture(w, h, 6); err != nil {
			return nil, err
		}
		p.Faces = 6
	default:
		return nil, fmt.Errorf("data has %d bytes, which is neither one face of %d by %d pixels nor six; make the texture again", len(raw.Data), w, h)
	}
	return p, nil
}

// decodeAlbedo reads a material of hearth-rs: {"albedo":LumpId}, a LumpId being an
// array of 32 numbers. It has no metal in it, and is rough.
func decodeAlbedo(data []byte) (*Material, error) {
	var raw struct {
		Albedo []uint16 `json:"albedo"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, jsonError(err)
	}
	m := DefaultMaterial()
	m.Metallic = 0
	s := Source{Mipmaps: true}
	if len(raw.Albedo) != len(s.Digest) {
		return nil, fmt.Errorf("albedo has %d numbers; a LumpId has %d", len(raw.Albedo), len(s.Digest))
	}
	for i, v := range raw.Albedo {
		if v > 255 {
			return nil, fmt.Errorf("albedo has %d in it; the numbers of a LumpId are bytes", v)
		}
		s.Digest[i] = byte(v)
	}
	if s.Digest == (lumps.Digest{}) {
		return nil, errors.New("albedo names no lump; put the texture first")
	}
	m.Sources = []Source{s}
	m.BaseColorTexture.Texture = 0
	return &m, nil
}

// isAlbedo reports whether a material lump is one of hearth-rs.
func isAlbedo(data []byte) bool { return bytes.Contains(data, []byte(`"albedo"`)) }
