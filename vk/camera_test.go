package vk

import (
	"fmt"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// The sky is as far as it is everywhere: whoever has walked tens of kilometres sees the
// same one as at the middle of the world, and no steps in it.
func TestSkyFarAway(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			t.Fatal(err)
		}
		to := mgl32.Vec3{0.2, 0.15, -1}
		s.look(mgl32.Vec3{}, to)
		s.settle()
		here := s.picture()
		turn := s.scene.Snapshot().Camera.View
		for _, from := range []mgl32.Vec3{{1000, 2, -700}, {40000, 300, -30000}, {-3e6, 2e5, 1e6}} {
			c := scene.DefaultCamera()
			c.View, c.VFov, c.Near = turn.Mul4(mgl32.Translate3D(-from[0], -from[1], -from[2])), s.scene.Snapshot().Camera.VFov, 0.05
			s.draw(func(o *FrameOptions) { o.Camera = &c })
			d, err := vktest.Compare(here, s.picture(), 10)
			if err != nil || d.Max > 2 {
				t.Errorf("from %v the sky looks different: %v %v", from, d, err)
			}
		}
	})
}

// A camera whose view scales shows what the same one without the scale shows: lamps
// reach as far, and shadows fall where they fell.
func TestScaledView(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 2, 5}, mgl32.Vec3{0, 0.3, 0})
	s.add(s.put(plane(paint(0.5, 0.5, 0.5, 0, 0.9)).gltf()), mgl32.Scale3D(9, 1, 9))
	s.add(s.put(ball(paint(0.9, 0.3, 0.2, 0, 0.5)).gltf()), mgl32.Translate3D(0, 0.5, 0))
	for i := range 5 {
		s.light(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{0.2, 1, 0.4}, Intensity: 2, Range: 2, Position: mgl32.Vec3{float32(i) - 2, 0.5, 1}})
	}
	s.settle()
	want := s.picture()
	for _, scale := range []float32{0.05, 0.3, 4, 100} {
		c := s.scene.Snapshot().Camera
		c.View = mgl32.Scale3D(scale, scale, scale).Mul4(c.View)
		c.Near *= scale
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		s.draw(func(o *FrameOptions) { o.Camera = &c })
		d, err := vktest.Compare(want, s.picture(), 10)
		if err != nil || d.Share > 0.001 {
			t.Errorf("scaled by %v it looks different: %v %v", scale, d, err)
		}
	}
}

// A scene that stands still is the same picture frame after frame, to the byte.
func TestStillFramesAreEqual(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		if err := s.off.Resize(96, 54); err != nil {
			t.Fatal(err)
		}
		s.sun()
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			t.Fatal(err)
		}
		s.look(mgl32.Vec3{0, 2, 5}, mgl32.Vec3{0, 0.3, 0})
		s.add(s.put(plane(paint(0.5, 0.5, 0.5, 0, 0.9)).gltf()), mgl32.Scale3D(9, 1, 9))
		c := s.put(ball(paint(0.9, 0.3, 0.2, 0, 0.5)).gltf())
		for i := range 60 {
			s.add(c, mgl32.Translate3D(float32(i%20)*0.5-5, 0.5, -float32(i/20)*0.5), func(o *scene.Object) {
				o.Tint = mgl32.Vec4{float32(i%3) / 2, float32(i%5) / 4, 1, 1}
				if i%7 == 0 {
					o.Tint[3] = 0.5
				}
			})
		}
		for i := range 12 {
			s.light(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{0.2, 1, 0.4}, Intensity: 1, Range: 2, Position: mgl32.Vec3{float32(i%8) - 4, 0.5, float32(i / 8)}})
		}
		s.settle()
		want := s.picture()
		for i := range 4 {
			s.draw()
			got := s.picture()
			n := 0
			for k := range want.Pix {
				if want.Pix[k] != got.Pix[k] {
					n++
				}
			}
			if n > 0 {
				t.Errorf("frame %d differs in %d bytes: %s", i, n, fmt.Sprint(vktest.Compare(want, got, 10)))
			}
		}
	})
}
