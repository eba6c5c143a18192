package vk

import (
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// Whatever samples and shadows are asked for, the device's nearest is drawn, silently,
// and the picture is the same but for its edges and its shadows.
func TestOptions(t *testing.T) {
	build := func(t *testing.T, set func(*Options)) *stage {
		s := newStage(t, device.ProfileBound, set)
		s.sun()
		s.look(mgl32.Vec3{0, 1.6, 4}, mgl32.Vec3{0, 0.4, 0})
		s.add(s.put(plane(paint(0.5, 0.5, 0.5, 0, 0.9)).gltf()), mgl32.Scale3D(9, 1, 9))
		s.add(s.put(ball(paint(0.9, 0.3, 0.2, 0, 0.5)).gltf()), mgl32.Translate3D(0, 0.5, 0))
		if f := s.settle(); len(f) > 0 {
			t.Fatal(f)
		}
		return s
	}
	usual := build(t, func(*Options) {}).picture()
	for _, c := range []struct {
		name    string
		set     func(*Options)
		samples int
		share   float64 // of pixels that may differ much
	}{
		{"1 sample", func(o *Options) { o.Samples = 1 }, 1, 0.03},
		{"3 samples", func(o *Options) { o.Samples = 3 }, 1, 0.03},
		{"6 samples", func(o *Options) { o.Samples = 6 }, 4, 0.001},
		{"64 samples", func(o *Options) { o.Samples = 64 }, 4, 0.001},
		{"-1 samples", func(o *Options) { o.Samples = -1 }, 1, 0.03},
		{"4 cascades of 256", func(o *Options) { o.Cascades, o.ShadowSize = 4, 256 }, 4, 0.03},
		{"99 cascades of 1 texel", func(o *Options) { o.Cascades, o.ShadowSize = 99, 1 }, 4, 0.1},
		{"no shadows", func(o *Options) { o.NoShadows = true }, 4, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := build(t, c.set)
			if s.r.Samples() != c.samples || s.r.o.Cascades > draw.MaxCascades {
				t.Errorf("%d samples and %d cascades", s.r.Samples(), s.r.o.Cascades)
			}
			d, err := vktest.Compare(usual, s.picture(), 10)
			if err != nil || d.Share > c.share {
				t.Errorf("another picture: %v %v", d, err)
			}
		})
	}
}

// More suns and lamps than are drawn are left out, the last ones first, and what is
// left is drawn.
func TestManyLights(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.add(s.put(plane(paint(0.5, 0.5, 0.5, 0, 0.9)).gltf()), mgl32.Scale3D(9, 1, 9))
	for i := range draw.MaxSuns + 3 {
		s.light(scene.Light{Kind: scene.Directional, Color: mgl32.Vec3{1, 1, 1}, Intensity: float32(i + 1), Direction: mgl32.Vec3{0, -1, 0}, Shadow: i == 2})
	}
	s.light(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{}, Intensity: 0, Position: mgl32.Vec3{0, 1, 0}}) // dark
	for i := range 300 {
		s.light(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{1, 0.5, 0.2}, Intensity: 0.2, Range: 2, Position: mgl32.Vec3{float32(i%20) - 10, 0.5, float32(i/20) - 8}})
	}
	s.settle()
	l := &s.r.lights
	if len(l.suns) != draw.MaxSuns || l.suns[0].Color[0] != 1 || l.shadow != 2 || l.count != 300 {
		t.Errorf("%d suns, the first of %v, shadows by %d, %d lamps", len(l.suns), l.suns[0].Color, l.shadow, l.count)
	}
	if st := s.draw(); st.Lights != 300 {
		t.Errorf("%d lights", st.Lights)
	}
}
