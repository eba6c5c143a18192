package scene

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
)

// LightKind is how a light shines.
type LightKind uint8

const (
	Directional LightKind = iota // parallel, from infinity
	Point                        // to all sides
	Spot                         // within a cone
)

// Light is a source of light.
type Light struct {
	Kind      LightKind
	Color     mgl32.Vec3 // linear RGB
	Intensity float32    // directional: lux; point and spot: candela
	Position  mgl32.Vec3 // point and spot
	Direction mgl32.Vec3 // directional and spot: the way that light goes; of any length but zero
	// Range is where the light of a point or a spot ends; 0: where it is too faint to
	// be seen (Reach).
	Range float32
	// Inner and Outer are angles from the direction, in radians: full light within
	// the first, none beyond the second.
	Inner, Outer float32
	// Distance is how far from the camera a directional light throws shadows.
	Distance float32
	Shadow   bool
}

// faintest is the illuminance, in the scale of a picture at exposure 0, that
// nobody sees any more: under half a step of an 8 bit channel.
const faintest = 1.0 / 512

// Reach returns how far the light of a point or a spot goes: its range or, where
// it has none, the distance at which its strongest channel falls below what can be
// seen.
func (l *Light) Reach() float32 {
	if l.Range > 0 {
		return l.Range
	}
	c := max(l.Color[0], l.Color[1], l.Color[2]) * l.Intensity
	if c <= 0 {
		return 0
	}
	return min(float32(math.Sqrt(float64(c)/faintest)), MaxNumber)
}

// Sky is what is behind everything, and lights it.
type Sky struct {
	// Texture is a cube texture lump or an equirectangular picture; zero: none.
	Texture lumps.CID
}

// ToneMap is how light becomes colour.
type ToneMap uint8

const (
	Neutral  ToneMap = iota // Khronos PBR Neutral: keeps the colours of materials
	ACES                    // as film
	Reinhard                // x/(1+x)
	None                    // cut at 1
)

// Look is how the picture is made of the light.
type Look struct {
	Exposure   float32 // in EV: one more doubles the light
	ToneMap    ToneMap
	Bloom      float32    // share of the light that bleeds, 0 to 1
	Ambient    mgl32.Vec4 // RGB and a factor: light from everywhere
	Background mgl32.Vec3 // where there is no sky
}

// DefaultLook is what a new scene has.
func DefaultLook() Look {
	return Look{Bloom: 0.04, Ambient: mgl32.Vec4{0.03, 0.03, 0.03, 1}, Background: mgl32.Vec3{0.02, 0.02, 0.03}}
}
