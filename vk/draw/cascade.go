package draw

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// Cascade is a part of the depth before the camera as the sun sees it.
type Cascade struct {
	Clip  mgl32.Mat4 // from the world to the sun's clip space, depth 0 is nearest to it
	Map   mgl32.Mat4 // from the world to the shadow map: x and y 0 to 1
	End   float32    // where it ends, metres before the camera
	Texel float32    // metres
}

// cascadeBlend weighs logarithmic against even splits ("practical split scheme",
// Zhang et al. 2006): mostly the former, which keeps texels even on the screen.
const cascadeBlend = 0.75

// casterRange is how much farther towards the sun than a cascade's own size things
// are taken to throw shadows into it, in sizes of the last cascade.
const casterRange = 2

// Cascades fits n shadow maps of size texels to what a camera sees up to distance
// metres. A cascade is a sphere around its part of the view, so that it keeps its
// size when the camera turns, and moves by whole texels, so that edges of shadows
// stand still (Valient, "Stable rendering of cascaded shadow maps", ShaderX6).
func Cascades(into []Cascade, view mgl32.Mat4, fov, aspect, near, distance float32, sun mgl32.Vec3, size int) {
	n := len(into)
	inverse := view.Inv()
	up := mgl32.Vec3{0, 1, 0}
	if abs(sun[1]) > 0.99 {
		up = mgl32.Vec3{0, 0, 1}
	}
	turn := mgl32.LookAtV(mgl32.Vec3{}, sun, up) // from the world to the sun, at the origin
	tan := float32(math.Tan(float64(fov) / 2))
	diagonal2 := tan * tan * (1 + aspect*aspect) // squared half diagonal at a depth of 1
	// The first metre of a tiny near plane would get a cascade of its own.
	begin := max(near, distance*0.005)
	reach := boundingRadius(0, distance, diagonal2)
	last := near
	for i := range into {
		t := float32(i+1) / float32(n)
		log := begin * float32(math.Pow(float64(distance/begin), float64(t)))
		end := cascadeBlend*log + (1-cascadeBlend)*(begin+(distance-begin)*t)
		if i == n-1 {
			end = distance
		}
		// A part overlaps the one before it by the tenth that blends into it.
		first := last * 0.89
		if i == 0 {
			first = 0
		}
		middle, radius := boundingSphere(first, end, diagonal2)
		radius = float32(math.Ceil(float64(radius*16))) / 16
		// The soft edge of a shadow looks two texels beyond; the map has them.
		texel := 2 * radius / float32(size-4)
		half := texel * float32(size) / 2
		center := mgl32.TransformCoordinate(inverse.Mul4x1(mgl32.Vec4{0, 0, -middle, 1}).Vec3(), turn)
		center[0] = float32(math.Floor(float64(center[0]/texel))) * texel
		center[1] = float32(math.Floor(float64(center[1]/texel))) * texel
		back, front := radius+casterRange*reach, radius
		// In the space of the sun it looks along -Z: nearest is the greatest z.
		depth := back + front
		clip := mgl32.Mat4{
			1 / half, 0, 0, 0,
			0, -1 / half, 0, 0,
			0, 0, -1 / depth, 0,
			-center[0] / half, center[1] / half, (center[2] + back) / depth, 1,
		}.Mul4(turn)
		into[i] = Cascade{Clip: clip, End: end, Texel: texel,
			Map: mgl32.Mat4{0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1, 0, 0.5, 0.5, 0, 1}.Mul4(clip)}
		last = end
	}
}

// boundingSphere is the smallest sphere around the view between two depths, whose
// squared half diagonal at depth 1 is d2: its middle is on the axis.
func boundingSphere(near, far, d2 float32) (middle, radius float32) {
	middle = (near + far) * (1 + d2) / 2
	if middle >= far {
		return far, far * float32(math.Sqrt(float64(d2)))
	}
	return middle, boundingRadius(middle, far, d2)
}

// boundingRadius is how far the corners at a depth are from a point on the axis.
func boundingRadius(middle, far, d2 float32) float32 {
	return float32(math.Sqrt(float64((far-middle)*(far-middle) + far*far*d2)))
}

// Volume is what can throw a shadow into the cascade. It has no plane towards the
// sun where clamp says that what is nearer is drawn at the nearest depth.
func (c *Cascade) Volume(clamp bool) Volume {
	x, y, z, w := c.Clip.Row(0), c.Clip.Row(1), c.Clip.Row(2), c.Clip.Row(3)
	var v Volume
	v.add(w.Add(x))
	v.add(w.Sub(x))
	v.add(w.Add(y))
	v.add(w.Sub(y))
	v.add(w.Sub(z))
	if !clamp {
		v.add(z)
	}
	return v
}
