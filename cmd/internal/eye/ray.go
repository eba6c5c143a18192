package eye

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/scene"
)

// Ray is the line of sight through a place of a picture of w by h pixels, from the
// upper left: where it begins, and its direction, of length 1. ok is false for a camera
// or a picture that sees nothing.
func Ray(c scene.Camera, x, y float64, w, h int) (origin, direction mgl32.Vec3, ok bool) {
	if w <= 0 || h <= 0 || math.Abs(float64(c.View.Det())) < 1e-12 {
		return origin, direction, false
	}
	m := c.View.Inv()
	t := math.Tan(float64(c.VFov) / 2)
	d := mgl32.Vec4{
		float32((2*x/float64(w) - 1) * t * float64(w) / float64(h)),
		float32((1 - 2*y/float64(h)) * t),
		-1, 0,
	}
	direction = m.Mul4x1(d).Vec3()
	if l := direction.Len(); l > 0 && !math.IsInf(float64(l), 0) && !math.IsNaN(float64(l)) {
		return m.Col(3).Vec3(), direction.Mul(1 / l), true
	}
	return origin, direction, false
}
