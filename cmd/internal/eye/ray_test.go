package eye

import (
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/scene"
)

// A ray through a pixel goes through everything that is drawn there: points of the ray
// are projected back onto the pixel.
func TestRay(t *testing.T) {
	const w, h = 320, 180
	e := Eye{Position: mgl32.Vec3{1, 2, 3}, Yaw: 0.7, Pitch: -0.3}
	c := e.Camera(mgl32.DegToRad(60), 0.1)
	project := mgl32.Perspective(c.VFov, float32(w)/h, c.Near, 1000).Mul4(c.View)
	for _, at := range [][2]float64{{160, 90}, {0, 0}, {320, 180}, {17.5, 133}, {300, 2}} {
		from, d, ok := Ray(c, at[0], at[1], w, h)
		if !ok || from.Sub(e.Position).Len() > 1e-5 || math.Abs(float64(d.Len())-1) > 1e-5 {
			t.Fatalf("%v: from %v, direction %v, %v", at, from, d, ok)
		}
		p := project.Mul4x1(from.Add(d.Mul(5)).Vec4(1))
		x, y := float64(p[0]/p[3]+1)/2*w, float64(1-p[1]/p[3])/2*h
		if math.Abs(x-at[0]) > 0.01 || math.Abs(y-at[1]) > 0.01 {
			t.Errorf("the ray through %v is seen at %v, %v", at, x, y)
		}
	}
	if _, d, _ := Ray(c, w/2, h/2, w, h); d.Sub(e.Forward()).Len() > 1e-5 {
		t.Errorf("the middle is seen along %v, and the eye looks along %v", d, e.Forward())
	}
	for what, bad := range map[string]scene.Camera{"flat": {VFov: 1}, "nothing": {}} {
		if _, _, ok := Ray(bad, 1, 1, w, h); ok {
			t.Errorf("a camera that is %s sees", what)
		}
	}
	if _, _, ok := Ray(c, 0, 0, 0, 0); ok {
		t.Error("a picture without pixels is seen")
	}
}
