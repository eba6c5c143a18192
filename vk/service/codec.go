package service

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
)

// codec is the encoding of one request, and so of its answer: JSON, or the same
// data in CBOR (RFC 8949).
type codec struct{ cbor bool }

// codecOf tells JSON from CBOR by the first byte: no JSON text begins with the
// bytes that a CBOR map, text or simple value begins with, but for '{' and letters,
// which are CBOR texts of a length that no bare tag has.
func codecOf(data []byte) codec {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return codec{}
	}
	c := data[0]
	return codec{cbor: c >= 0x80 || c >= 0x60 && c < 0x7b && !json.Valid(data)}
}

// maxElements bounds the arrays of a CBOR request: a message has a million bytes at
// most, so that more elements are a lie about the length.
const maxElements = 1 << 20

var cborDec = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxNestedLevels: 16, MaxArrayElements: maxElements, MaxMapPairs: 1 << 12}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

func (c codec) decode(data []byte, v any) error {
	if c.cbor {
		return cborDec.Unmarshal(data, v)
	}
	return json.Unmarshal(data, v)
}

// encode cannot fail: what is answered is made of names, finite numbers and truths.
func (c codec) encode(v any) []byte {
	var b []byte
	var err error
	if c.cbor {
		b, err = cbor.Marshal(v)
	} else {
		// As serde writes it: without the escapes that are for HTML.
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		err = e.Encode(v)
		b = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	}
	if err != nil {
		panic(err)
	}
	return b
}

// tagged is an enum by serde's rules: a bare name, or a name with a value.
type tagged struct {
	name  string
	value []byte // encoded; nil for a bare name
}

var errTag = errors.New(`a request is a name, or {"name": value}`)

// tagOf reads the outermost layer alone: the value is whole only if it can be
// decoded. The name is a part of data.
func (c codec) tagOf(data []byte) (name, value []byte, err error) {
	if c.cbor {
		return cborTag(data)
	}
	data = bytes.Trim(data, " \t\r\n")
	bare := len(data) > 0 && data[0] == '"'
	if !bare {
		if len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}' {
			return nil, nil, errTag
		}
		data = bytes.Trim(data[1:len(data)-1], " \t\r\n")
	}
	if len(data) < 2 || data[0] != '"' {
		return nil, nil, errTag
	}
	n := 1
	for n < len(data) && wordByte(data[n]) {
		n++
	}
	if n == len(data) || data[n] != '"' || n == 1 {
		return nil, nil, errTag
	}
	name, data = data[1:n], bytes.TrimLeft(data[n+1:], " \t\r\n")
	if bare {
		if len(data) > 0 {
			return nil, nil, errTag
		}
		return name, nil, nil
	}
	if len(data) < 2 || data[0] != ':' {
		return nil, nil, errTag
	}
	return name, data[1:], nil
}

func cborTag(data []byte) (name, value []byte, err error) {
	bare := len(data) > 0 && data[0] != 0xa1
	if !bare && len(data) > 0 {
		data = data[1:]
	}
	if len(data) == 0 {
		return nil, nil, errTag
	}
	n, head := int(data[0])-0x60, 1
	if data[0] == 0x78 && len(data) > 1 {
		n, head = int(data[1]), 2
	} else if n > 23 {
		return nil, nil, errTag
	}
	if n <= 0 || len(data) < head+n {
		return nil, nil, errTag
	}
	name, value = data[head:head+n], data[head+n:]
	for _, b := range name {
		if !wordByte(b) {
			return nil, nil, errTag
		}
	}
	if bare != (len(value) == 0) {
		return nil, nil, errTag
	}
	if bare {
		value = nil
	}
	return name, value, nil
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

func (c codec) tagged(data []byte) (tagged, error) {
	name, value, err := c.tagOf(data)
	return tagged{string(name), value}, err
}

// decodeAs reads the value of a tag.
func decodeAs[T any](c codec, t tagged) (v T, err error) {
	if t.value == nil {
		return v, fmt.Errorf("%s needs a value", t.name)
	}
	if err = c.decode(t.value, &v); err != nil {
		return v, fmt.Errorf("%s: %w", t.name, err)
	}
	return v, nil
}

// floats are a fixed count of numbers, as serde writes vectors: fewer or more are an
// error, and so is null, but for what a request may leave out.
func floats(b []byte, out []float32) error {
	wrong := fmt.Errorf("an array of %d numbers is needed", len(out))
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '[' || b[len(b)-1] != ']' {
		return wrong
	}
	b = b[1 : len(b)-1]
	for i := range out {
		part := b
		if j := bytes.IndexByte(b, ','); (j >= 0) != (i < len(out)-1) {
			return wrong
		} else if j >= 0 {
			part, b = b[:j], b[j+1:]
		}
		x, err := strconv.ParseFloat(string(bytes.TrimSpace(part)), 32)
		if err != nil {
			return wrong
		}
		out[i] = float32(x)
	}
	return nil
}

func cborFloats(b []byte, out []float32) error {
	var x []float64
	if err := cborDec.Unmarshal(b, &x); err != nil || len(x) != len(out) {
		return fmt.Errorf("an array of %d numbers is needed", len(out))
	}
	for i := range out {
		out[i] = float32(x[i])
	}
	return nil
}

// The fields of requests. set tells what was given from what was left out.
type (
	vec2 struct {
		v   mgl32.Vec2
		set bool
	}
	vec3 struct {
		v   mgl32.Vec3
		set bool
	}
	vec4 struct {
		v   mgl32.Vec4
		set bool
	}
	mat4 struct {
		v   mgl32.Mat4
		set bool
	}
)

func (x *vec2) UnmarshalJSON(b []byte) error { x.set = true; return floats(b, x.v[:]) }
func (x *vec3) UnmarshalJSON(b []byte) error { x.set = true; return floats(b, x.v[:]) }
func (x *vec4) UnmarshalJSON(b []byte) error { x.set = true; return floats(b, x.v[:]) }
func (x *mat4) UnmarshalJSON(b []byte) error { x.set = true; return floats(b, x.v[:]) }
func (x *vec2) UnmarshalCBOR(b []byte) error { x.set = true; return cborFloats(b, x.v[:]) }
func (x *vec3) UnmarshalCBOR(b []byte) error { x.set = true; return cborFloats(b, x.v[:]) }
func (x *vec4) UnmarshalCBOR(b []byte) error { x.set = true; return cborFloats(b, x.v[:]) }
func (x *mat4) UnmarshalCBOR(b []byte) error { x.set = true; return cborFloats(b, x.v[:]) }

// quat is [x, y, z, w].
func (x vec4) quat() mgl32.Quat { return mgl32.Quat{W: x.v[3], V: x.v.Vec3()} }

// matrices gives the values of a list.
func matrices(in []mat4) []mgl32.Mat4 {
	if in == nil {
		return nil
	}
	out := make([]mgl32.Mat4, len(in))
	for i := range in {
		out[i] = in[i].v
	}
	return out
}

// blob is bytes: base64 text in JSON; in CBOR the same, or a byte string.
type blob []byte

func (x *blob) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errBlob
	}
	return x.text(text)
}

func (x *blob) UnmarshalCBOR(b []byte) error {
	var raw []byte
	if len(b) > 0 && b[0]>>5 == 2 && cborDec.Unmarshal(b, &raw) == nil {
		*x = raw
		return nil
	}
	var text string
	if err := cborDec.Unmarshal(b, &text); err != nil {
		return errBlob
	}
	return x.text(text)
}

var errBlob = errors.New("the data are to be base64 text")

func (x *blob) text(s string) error {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		// Some encoders leave the padding out.
		if raw, err = base64.RawStdEncoding.DecodeString(s); err != nil {
			return errBlob
		}
	}
	*x = raw
	return nil
}

// lumpID is a lump as a request names it: 32 numbers (the digest), or a CID as
// text.
type lumpID struct {
	cid    lumps.CID
	digest lumps.Digest
	set    bool
}

func (l *lumpID) UnmarshalJSON(b []byte) error { return l.unmarshal(b, json.Unmarshal) }
func (l *lumpID) UnmarshalCBOR(b []byte) error {
	var raw []byte
	if len(b) > 0 && b[0]>>5 == 2 && cborDec.Unmarshal(b, &raw) == nil && len(raw) == len(l.digest) {
		l.digest, l.set = lumps.Digest(raw), true
		return nil
	}
	return l.unmarshal(b, cborDec.Unmarshal)
}

func (l *lumpID) unmarshal(b []byte, decode func([]byte, any) error) error {
	var text string
	if decode(b, &text) == nil && text != "" {
		c, err := lumps.Parse(text)
		l.cid, l.set = c, true
		return err
	}
	var numbers []uint16
	if err := decode(b, &numbers); err != nil || len(numbers) != len(l.digest) {
		return errors.New("a lump is named by 32 numbers or a CID")
	}
	for i, n := range numbers {
		if n > 255 {
			return errors.New("a lump is named by 32 numbers up to 255")
		}
		l.digest[i] = byte(n)
	}
	l.set = true
	return nil
}

// linear turns one channel of an sRGB colour into light (IEC 61966-2-1).
func linear(c uint8) float32 {
	x := float64(c) / 255
	if x <= 0.04045 {
		return float32(x / 12.92)
	}
	return float32(math.Pow((x+0.055)/1.055, 2.4))
}

// colour is a number 0xAARRGGBB in sRGB, as the original writes colours; ours may
// also be [r, g, b] in linear light.
type colour struct{ v mgl32.Vec3 }

func (x *colour) argb(n uint32) {
	x.v = mgl32.Vec3{linear(uint8(n >> 16)), linear(uint8(n >> 8)), linear(uint8(n))}
}

func (x *colour) UnmarshalJSON(b []byte) error {
	var n uint32
	if json.Unmarshal(b, &n) == nil && !bytes.Equal(b, []byte("null")) {
		x.argb(n)
		return nil
	}
	return floats(b, x.v[:])
}

func (x *colour) UnmarshalCBOR(b []byte) error {
	var n uint32
	if len(b) > 0 && b[0]>>5 == 0 && cborDec.Unmarshal(b, &n) == nil {
		x.argb(n)
		return nil
	}
	return cborFloats(b, x.v[:])
}
