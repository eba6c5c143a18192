package draw

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// Perspective is the projection of a camera: right-handed, looking along -Z, depth
// reversed with the far plane at infinity (depth = near / distance, 1 is the near
// plane and 0 infinity), y of the clip space downwards as Vulkan has it. fov is
// vertical, in radians.
func Perspective(fov, aspect, near float32) mgl32.Mat4 {
	f := float32(1 / math.Tan(float64(fov)/2))
	return mgl32.Mat4{0: f / aspect, 5: -f, 11: -1, 14: near}
}

// Volume is the part of the space that a view sees: within are points p with
// dot(plane, (p, 1)) >= 0 for all planes. Planes are normalised.
type Volume struct {
	Planes [6]mgl32.Vec4
	Count  int
}

func (v *Volume) add(p mgl32.Vec4) {
	if l := p.Vec3().Len(); l > 0 {
		v.Planes[v.Count] = p.Mul(1 / l)
		v.Count++
	}
}

// Frustum is what a camera sees; m is Perspective times its view (Gribb and Hartmann,
// "Fast extraction of viewing frustum planes", 2001). It has no far plane.
func Frustum(m mgl32.Mat4) Volume {
	x, y, z, w := m.Row(0), m.Row(1), m.Row(2), m.Row(3)
	var v Volume
	v.add(w.Add(x))
	v.add(w.Sub(x))
	v.add(w.Add(y))
	v.add(w.Sub(y))
	v.add(w.Sub(z)) // near: depth at most 1
	return v
}

// Sees reports whether a sphere may be within the volume.
func (v *Volume) Sees(center mgl32.Vec3, radius float32) bool {
	for i := range v.Planes[:v.Count] {
		p := &v.Planes[i]
		if p[0]*center[0]+p[1]*center[1]+p[2]*center[2]+p[3] < -radius {
			return false
		}
	}
	return true
}

// Stretch bounds how much longer an affine matrix makes a vector.
func Stretch(m *mgl32.Mat4) float32 {
	a, b, c := m.Col(0).Vec3(), m.Col(1).Vec3(), m.Col(2).Vec3()
	x, y, z := a.Dot(a), b.Dot(b), c.Dot(c)
	shear := abs(a.Dot(b)) + abs(a.Dot(c)) + abs(b.Dot(c))
	s := max(x, y, z) * 1.001
	if shear > 1e-4*(x+y+z) { // columns that lean bound it only together
		s = x + y + z
	}
	return float32(math.Sqrt(float64(s)))
}

func abs(x float32) float32 { return max(x, -x) }
