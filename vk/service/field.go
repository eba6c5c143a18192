package service

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hearth/runtime/serde"
	"math"
	"strconv"

	"github.com/go-gl/mathgl/mgl32"
)

// inCBOR reads what is known to be CBOR.
var inCBOR = serde.Codec{CBOR: true}

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
	if err := inCBOR.Decode(b, &x); err != nil || len(x) != len(out) {
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
	if len(b) > 0 && b[0]>>5 == 2 && inCBOR.Decode(b, &raw) == nil {
		*x = raw
		return nil
	}
	var text string
	if err := inCBOR.Decode(b, &text); err != nil {
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
	if len(b) > 0 && b[0]>>5 == 0 && inCBOR.Decode(b, &n) == nil {
		x.argb(n)
		return nil
	}
	return cborFloats(b, x.v[:])
}
