package service

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime/serde"
	"hearth/term"
	"hearth/vk/scene"
)

// inCBOR reads what is known to be CBOR.
var inCBOR = serde.Codec{CBOR: true}

// numbers are a fixed count of numbers, as serde writes vectors: fewer or more are an
// error, and so is null among them.
func numbers(decode func(v any) error, out []float32) error {
	var in []*float64
	bad := decode(&in) != nil || len(in) != len(out)
	for i := 0; i < len(in) && !bad; i++ {
		if in[i] == nil {
			bad = true
			break
		}
		out[i] = float32(*in[i])
	}
	if bad {
		return fmt.Errorf("an array of %d numbers is needed", len(out))
	}
	return nil
}

func fromJSON(b []byte) func(any) error { return func(v any) error { return json.Unmarshal(b, v) } }
func fromCBOR(b []byte) func(any) error { return func(v any) error { return inCBOR.Decode(b, v) } }

// The vectors of requests.
type (
	vec2 [2]float32
	vec3 [3]float32
	vec4 [4]float32
)

func (x *vec2) UnmarshalJSON(b []byte) error { return numbers(fromJSON(b), x[:]) }
func (x *vec3) UnmarshalJSON(b []byte) error { return numbers(fromJSON(b), x[:]) }
func (x *vec4) UnmarshalJSON(b []byte) error { return numbers(fromJSON(b), x[:]) }
func (x *vec2) UnmarshalCBOR(b []byte) error { return numbers(fromCBOR(b), x[:]) }
func (x *vec3) UnmarshalCBOR(b []byte) error { return numbers(fromCBOR(b), x[:]) }
func (x *vec4) UnmarshalCBOR(b []byte) error { return numbers(fromCBOR(b), x[:]) }

// colors are those of a palette by their index. A key of a JSON object is a text, and
// in CBOR it is a number or a text.
type colors map[int]uint32

func (x *colors) UnmarshalJSON(b []byte) error {
	var in map[string]uint32
	if err := json.Unmarshal(b, &in); err != nil {
		return errColors
	}
	return x.texts(in)
}

func (x *colors) UnmarshalCBOR(b []byte) error {
	var in map[int]uint32
	if inCBOR.Decode(b, &in) == nil {
		*x = in
		return nil
	}
	var texts map[string]uint32
	if err := inCBOR.Decode(b, &texts); err != nil {
		return errColors
	}
	return x.texts(texts)
}

func (x *colors) texts(in map[string]uint32) error {
	*x = make(colors, len(in))
	for k, v := range in {
		i, err := strconv.Atoi(k)
		if err != nil {
			return errColors
		}
		(*x)[i] = v
	}
	return nil
}

var errColors = errors.New("colors are numbers 0xRRGGBB by the index of a palette")

// blob is bytes: base64 text in JSON; in CBOR the same, or a byte string.
type blob []byte

var errBlob = errors.New("bytes are base64 text, or in CBOR a byte string")

func (x *blob) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errBlob
	}
	return x.text(s)
}

func (x *blob) UnmarshalCBOR(b []byte) error {
	const byteString = 2 // the major type in the upper three bits
	var raw []byte
	if len(b) > 0 && b[0]>>5 == byteString && inCBOR.Decode(b, &raw) == nil {
		*x = raw
		return nil
	}
	var s string
	if err := inCBOR.Decode(b, &s); err != nil {
		return errBlob
	}
	return x.text(s)
}

func (x *blob) text(s string) (err error) {
	if *x, err = base64.StdEncoding.DecodeString(s); err != nil {
		*x, err = base64.RawStdEncoding.DecodeString(s)
	}
	if err != nil {
		return errBlob
	}
	return nil
}

// stateWire is a State in a message. What hearth-rs always gives may be left out where
// a default goes without saying.
type stateWire struct {
	Position    *vec3    `json:"position"`
	Orientation *vec4    `json:"orientation,omitempty"`
	HalfSize    *vec2    `json:"half_size,omitempty"`
	Opacity     *float32 `json:"opacity,omitempty"`
	Padding     *vec2    `json:"padding,omitempty"`
	UnitsPerEm  *float32 `json:"units_per_em"`
	Colors      colors   `json:"colors,omitempty"`
}

// state gives the State, whose half size is zero where it was left out.
func (w *stateWire) state() (State, error) {
	if w.Position == nil || w.UnitsPerEm == nil {
		return State{}, &parseError{errors.New("a terminal has a position, a half_size and units_per_em")}
	}
	s := State{Position: mgl32.Vec3(*w.Position), Orientation: mgl32.QuatIdent(), Opacity: 1, UnitsPerEm: *w.UnitsPerEm, Colors: w.Colors}
	if q := w.Orientation; q != nil {
		s.Orientation = mgl32.Quat{W: q[3], V: mgl32.Vec3{q[0], q[1], q[2]}}
	}
	if w.HalfSize != nil {
		s.HalfSize = mgl32.Vec2(*w.HalfSize)
	}
	if w.Opacity != nil {
		s.Opacity = *w.Opacity
	}
	if w.Padding != nil {
		s.Padding = mgl32.Vec2(*w.Padding)
	}
	return s, nil
}

func (s *State) wire() *stateWire {
	p, h, d := vec3(s.Position), vec2(s.HalfSize), vec2(s.Padding)
	o, e := s.Opacity, s.UnitsPerEm
	return &stateWire{
		Position: &p, Orientation: &vec4{s.Orientation.V[0], s.Orientation.V[1], s.Orientation.V[2], s.Orientation.W},
		HalfSize: &h, Opacity: &o, Padding: &d, UnitsPerEm: &e, Colors: s.Colors,
	}
}

// The indices of a palette in hearth-rs's colors behind the 256.
const (
	colorForeground = 256
	colorBackground = 257
	colorCursor     = 258
	lastColor       = 268
)

// check reports why no terminal can be like this.
func (s *State) check() error {
	for _, f := range []float32{s.Position[0], s.Position[1], s.Position[2], s.Orientation.W, s.Orientation.V[0], s.Orientation.V[1], s.Orientation.V[2],
		s.HalfSize[0], s.HalfSize[1], s.Opacity, s.Padding[0], s.Padding[1], s.UnitsPerEm} {
		if !(math.Abs(float64(f)) <= scene.MaxNumber) { // not a number either
			return scene.ErrNotFinite
		}
	}
	switch {
	case !(s.HalfSize[0] > 0 && s.HalfSize[1] > 0):
		return &valueError{"the half size of a terminal is larger than zero"}
	case s.Padding[0] < 0 || s.Padding[1] < 0:
		return &valueError{"the padding of a terminal is zero or more"}
	case s.UnitsPerEm < minEm, s.UnitsPerEm > maxEm:
		return &valueError{fmt.Sprintf("units_per_em, the size of the letters, is between %g and %g metres", minEm, float64(maxEm))}
	case s.Opacity < 0 || s.Opacity > 1:
		return &valueError{"an opacity is between 0 and 1"}
	case !(s.Orientation.Len() > 1e-6):
		return &valueError{"an orientation is a quaternion that is not zero"}
	}
	for i := range s.Colors {
		if i < 0 || i > lastColor {
			return &valueError{fmt.Sprintf("colors have indices from 0 to %d", lastColor)}
		}
	}
	return nil
}

// minEm and maxEm are the least and the largest size of letters, in metres: others nobody
// reads, and cells of them could not be drawn.
const (
	minEm = 1e-4
	maxEm = 1e6
)

// palette is xterm's with the colours of the state.
func (s *State) palette() *term.Palette {
	p := term.DefaultPalette()
	for i, c := range s.Colors {
		c &= 0xffffff
		switch {
		case i < 256:
			p.Colors[i] = c
		case i == colorForeground:
			p.Dynamic[term.Foreground] = c
		case i == colorBackground:
			p.Dynamic[term.Background] = c
		case i == colorCursor:
			p.Dynamic[term.CursorColor] = c
		}
	}
	return p
}

// cellSize is the size of a cell in ems.
type cellSize struct{ width, height float32 }

// fit is how many cells a state has room for: one at least.
func (s *State) fit(c cellSize) (columns, rows int) {
	// A thousandth of a cell may be missing: sizes are computed in single precision.
	count := func(half, padding, cell float32, most int) int {
		n := float64(2*(half-padding))/float64(cell*s.UnitsPerEm) + 1e-3
		return int(min(max(n, 1), float64(most)))
	}
	return count(s.HalfSize[0], s.Padding[0], c.width, term.MaxColumns), count(s.HalfSize[1], s.Padding[1], c.height, term.MaxRows)
}

// grow gives the state the half size that so many cells need.
func (s *State) grow(c cellSize, columns, rows int) {
	s.HalfSize = mgl32.Vec2{
		float32(columns)*c.width*s.UnitsPerEm/2 + s.Padding[0],
		float32(rows)*c.height*s.UnitsPerEm/2 + s.Padding[1],
	}
}
