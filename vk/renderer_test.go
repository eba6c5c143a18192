package vk

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/pass"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

const samples = "/usr/share/assimp/models/glTF2/"

// profiles runs a test with both.
func profiles(t *testing.T, f func(t *testing.T, p device.Profile)) {
	t.Run("bound", func(t *testing.T) { f(t, device.ProfileBound) })
	t.Run("bindless", func(t *testing.T) { f(t, device.ProfileBindless) })
}

// A model that others wrote stands in the sun, beside one that failed.
func TestBox(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		s.look(mgl32.Vec3{1.5, 1.4, 2.6}, mgl32.Vec3{0, 0, 0})
		s.add(s.file(samples+"BoxTextured-glTF-Binary/BoxTextured.glb"), mgl32.Translate3D(-0.7, 0, 0))
		s.add(s.put([]byte("this is no model")), mgl32.Translate3D(0.7, 0, 0))
		if f := s.settle(); len(f) != 1 {
			t.Errorf("failures: %v", f)
		}
		vktest.Golden(t, "box", s.picture())
	})
}

// Spheres of all roughnesses, metal and not, under a sky and a sun whose shadows fall
// on the ground.
func TestSpheres(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			t.Fatal(err)
		}
		s.look(mgl32.Vec3{0, 1.6, 5}, mgl32.Vec3{0, 0.6, 0})
		s.add(s.put(plane(paint(0.4, 0.4, 0.42, 0, 0.8)).gltf()), mgl32.Scale3D(20, 1, 20))
		for i := range 5 {
			x := float32(i)*1.1 - 2.2
			rough := float64(i) / 4
			s.add(s.put(ball(paint(0.9, 0.6, 0.3, 1, rough)).gltf()), mgl32.Translate3D(x, 0.5, 0))
			s.add(s.put(ball(paint(0.7, 0.1, 0.1, 0, rough)).gltf()), mgl32.Translate3D(x, 1.6, -0.5))
		}
		if f := s.settle(); len(f) != 0 {
			t.Errorf("failures: %v", f)
		}
		vktest.Golden(t, "spheres", s.picture())
	})
}

// Lamps and spots of all colours in the dark: each lights what it reaches.
func TestLamps(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.look(mgl32.Vec3{0, 4, 7}, mgl32.Vec3{0, 0, 0})
		s.add(s.put(plane(paint(0.8, 0.8, 0.8, 0, 0.6)).gltf()), mgl32.Scale3D(8, 1, 8))
		s.add(s.put(ball(paint(0.9, 0.9, 0.9, 0, 0.3)).gltf()), mgl32.Translate3D(0, 0.5, 0))
		s.light(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{1, 1, 1}, Intensity: 0.6, Position: mgl32.Vec3{-0.7, 0.9, 0.8}, Range: 1.5})
		for i := range 12 {
			a := float64(i) * math.Pi / 6
			c := mgl32.Vec3{float32(0.5 + 0.5*math.Cos(a)), float32(0.5 + 0.5*math.Cos(a+2)), float32(0.5 + 0.5*math.Cos(a+4))}
			l := scene.Light{Kind: scene.Point, Color: c, Intensity: 1.5, Range: 2, Position: mgl32.Vec3{float32(3.2 * math.Cos(a)), 0.6, float32(2.2 * math.Sin(a))}}
			if i%3 == 0 {
				l.Kind, l.Intensity, l.Range, l.Direction, l.Inner, l.Outer = scene.Spot, 8, 5, mgl32.Vec3{0, -1, 0}, 0.3, 0.45
				l.Position[1] = 1.8
			}
			s.light(l)
		}
		s.settle()
		vktest.Golden(t, "lamps", s.picture())
	})
}

// What light shines through is drawn from back to front, whatever the order in which
// it came; holes are holes, and throw shadows with holes; a tint makes glass.
func TestAlpha(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		s.look(mgl32.Vec3{1.5, 1.5, 5}, mgl32.Vec3{0, 0.6, 0})
		s.add(s.put(plane(paint(0.5, 0.5, 0.5, 0, 0.9)).gltf()), mgl32.Scale3D(10, 1, 10))
		glass := func(c string) lumps.CID {
			return s.put(pane(`{"alphaMode":"BLEND","doubleSided":true,"pbrMetallicRoughness":{"baseColorFactor":[` + c + `,0.5],"metallicFactor":0,"roughnessFactor":0.3}}`).gltf())
		}
		s.add(glass("0,0,1"), mgl32.Translate3D(-0.6, 0.8, 1))
		s.add(glass("1,0,0"), mgl32.Translate3D(-1.2, 0.8, -1))
		s.add(glass("0,1,0"), mgl32.Translate3D(-0.9, 0.8, 0))
		holes := image.NewNRGBA(image.Rect(0, 0, 32, 32))
		for i := range 32 * 32 {
			x, y := i%32-16, i/32-16
			if x*x+y*y > 60 {
				holes.SetNRGBA(i%32, i/32, color.NRGBA{230, 160, 40, 255})
			}
		}
		leaf := pane(`{"alphaMode":"MASK","doubleSided":true,"pbrMetallicRoughness":{"baseColorTexture":{"index":0},"metallicFactor":0}}`)
		leaf.textures = []image.Image{holes}
		s.add(s.put(leaf.gltf()), mgl32.Translate3D(0.6, 0.8, 0))
		s.add(s.put(ball(paint(0.2, 0.8, 0.4, 0, 0.4)).gltf()), mgl32.Translate3D(1.7, 0.6, 0), func(o *scene.Object) { o.Tint = mgl32.Vec4{1, 1, 1, 0.4} })
		s.settle()
		vktest.Golden(t, "alpha", s.picture())
	})
}

// Lines, canvases, unlit surfaces, vertex colours, texture transforms, mirrored and
// hidden objects, and an overlay.
func TestThings(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		s.look(mgl32.Vec3{0, 1.2, 5}, mgl32.Vec3{0, 0.7, 0})
		var grid scene.Lines
		for i := range 11 {
			at := float32(i)*0.5 - 2.5
			n := uint32(len(grid.Vertices))
			c := mgl32.Vec3{0.2, 0.8, 0.3}
			grid.Vertices = append(grid.Vertices, scene.LineVertex{Position: mgl32.Vec3{at, 0, -2.5}, Color: c}, scene.LineVertex{Position: mgl32.Vec3{at, 0, 2.5}, Color: c},
				scene.LineVertex{Position: mgl32.Vec3{-2.5, 0, at}, Color: c}, scene.LineVertex{Position: mgl32.Vec3{2.5, 0, at}, Color: c})
			grid.Indices = append(grid.Indices, n, n+1, n+2, n+3)
		}
		if _, err := s.scene.AddLines(grid); err != nil {
			t.Fatal(err)
		}
		pixels := make([]byte, 8*8*4)
		for i := range 64 {
			copy(pixels[4*i:], []byte{uint8(i % 8 * 36), uint8(i / 8 * 36), 128, 255})
		}
		if _, err := s.scene.AddCanvas(scene.Canvas{Origin: mgl32.Vec3{-1.4, 0.9, 0}, Orientation: mgl32.QuatRotate(0.5, mgl32.Vec3{0, 1, 0}),
			HalfSize: mgl32.Vec2{0.6, 0.5}, Width: 8, Height: 8, Pixels: pixels, Nearest: true, Opacity: 1}); err != nil {
			t.Fatal(err)
		}
		colored := pane(`{"extensions":{"KHR_materials_unlit":{}}}`)
		colored.colors = []byte{255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255}
		s.add(s.put(colored.gltf()), mgl32.Translate3D(-0.2, 0.9, 0))
		corner := image.NewNRGBA(image.Rect(0, 0, 16, 16))
		for i := range 256 {
			c := color.NRGBA{240, 240, 240, 255}
			if i%16 < 8 && i/16 < 8 {
				c = color.NRGBA{30, 60, 200, 255}
			}
			corner.SetNRGBA(i%16, i/16, c)
		}
		turned := pane(`{"pbrMetallicRoughness":{"metallicFactor":0,"baseColorTexture":{"index":0,"extensions":{"KHR_texture_transform":{"scale":[2,2],"rotation":0.5}}}}}`)
		turned.textures = []image.Image{corner}
		s.add(s.put(turned.gltf()), mgl32.Translate3D(0.9, 0.9, 0))
		s.add(s.put(turned.gltf()), mgl32.Translate3D(2, 0.9, 0).Mul4(mgl32.Scale3D(-1, 1, 1)))
		s.add(s.put(turned.gltf()), mgl32.Translate3D(0, 0.5, 2), func(o *scene.Object) { o.Hidden = true })
		overlay := &pass.OverlayContent{Rects: []pass.OverlayRect{{X: 4, Y: 4, Width: 90, Height: 20, Color: [4]uint8{0, 0, 0, 160}}},
			Texts: []pass.OverlayText{{X: 8, Y: 7, Text: "Hearth", Color: [4]uint8{255, 220, 120, 255}}}}
		s.settle(func(o *FrameOptions) { o.Overlay = overlay })
		// Drivers place lines of a pixel each as they like.
		vktest.Golden(t, "things", s.picture(), vktest.Tolerance{Mean: 0.6, Large: 10, Share: 0.012})
	})
}
