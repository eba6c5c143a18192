package vk

import (
	"bytes"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// What is nearer is seen before what is farther, whatever kinds they are: a line before
// a canvas, a canvas before a line, glass before a canvas, a canvas before glass.
func TestOrderOfKinds(t *testing.T) {
	const near, far = 1, -1
	for _, c := range []struct {
		name                string
		line, canvas, glass float32 // where it stands on z; 0: not at all
		want                func(r, g, b uint8) bool
	}{
		{"a line before a canvas", near, far, 0, func(r, g, b uint8) bool { return g > 200 && r < 60 }},
		{"a canvas before a line", far, near, 0, func(r, g, b uint8) bool { return r > 200 && g < 60 }},
		{"a line before glass", near, 0, far, func(r, g, b uint8) bool { return g > 200 && b < 60 }},
		{"a canvas before glass", 0, near, far, func(r, g, b uint8) bool { return r > 200 && b < 60 }},
		{"glass before a canvas", 0, far, near, func(r, g, b uint8) bool { return r > 60 && r < 230 && b > 60 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, device.ProfileBound)
			s.look(mgl32.Vec3{0, 0, 4}, mgl32.Vec3{})
			look := s.scene.Snapshot().Look
			look.ToneMap, look.Bloom, look.Exposure = scene.None, 0, 0
			if err := s.scene.SetLook(look); err != nil {
				t.Fatal(err)
			}
			if c.line != 0 { // a sheaf of lines: one crosses the middle
				var l scene.Lines
				for i := range 41 {
					y := (float32(i) - 20) * 0.002
					n := uint32(len(l.Vertices))
					l.Vertices = append(l.Vertices, scene.LineVertex{Position: mgl32.Vec3{-1, y, c.line}, Color: mgl32.Vec3{0, 1, 0}},
						scene.LineVertex{Position: mgl32.Vec3{1, y, c.line}, Color: mgl32.Vec3{0, 1, 0}})
					l.Indices = append(l.Indices, n, n+1)
				}
				if _, err := s.scene.AddLines(l); err != nil {
					t.Fatal(err)
				}
			}
			if c.canvas != 0 {
				if _, err := s.scene.AddCanvas(scene.Canvas{Origin: mgl32.Vec3{0, 0, c.canvas}, HalfSize: mgl32.Vec2{1, 1}, Orientation: mgl32.QuatIdent(),
					Width: 4, Height: 4, Pixels: bytes.Repeat([]byte{255, 0, 0, 255}, 16), Opacity: 1}); err != nil {
					t.Fatal(err)
				}
			}
			if c.glass != 0 {
				s.add(s.put(pane(`{"extensions":{"KHR_materials_unlit":{}},"alphaMode":"BLEND","pbrMetallicRoughness":{"baseColorFactor":[0,0,1,0.5]}}`).gltf()),
					mgl32.Translate3D(0, 0, c.glass))
			}
			if f := s.settle(); len(f) > 0 {
				t.Fatal(f)
			}
			p := s.picture()
			x := p.Pix[p.PixOffset(width/2, height/2):]
			if !c.want(x[0], x[1], x[2]) {
				t.Errorf("in the middle there is %v", x[:3])
			}
		})
	}
}
