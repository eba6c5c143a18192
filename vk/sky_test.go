package vk

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/scene"
)

// faces are the colours of a cube's faces: +X -X +Y -Y +Z -Z.
var faces = [6][3]uint8{{200, 40, 40}, {40, 200, 200}, {40, 200, 40}, {200, 40, 200}, {40, 40, 200}, {200, 200, 40}}

func cubeLump() []byte {
	var b []byte
	for _, f := range faces {
		for range 16 {
			b = append(b, f[0], f[1], f[2], 255)
		}
	}
	return fmt.Appendf(nil, `{"label":null,"size":[4,4],"data":%q}`, base64.StdEncoding.EncodeToString(b))
}

// Whoever looks along an axis sees that face of the sky; a mirror shows the face that
// it reflects; and without the sky all of it is gone.
func TestSkyFaces(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		look := s.scene.Snapshot().Look
		look.ToneMap, look.Bloom, look.Ambient, look.Background = scene.None, 0, mgl32.Vec4{}, mgl32.Vec3{}
		if err := s.scene.SetLook(look); err != nil {
			t.Fatal(err)
		}
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(cubeLump())}); err != nil {
			t.Fatal(err)
		}
		s.settle()
		mirror := s.put(ball(paint(1, 1, 1, 1, 0)).gltf())
		axes := [6]mgl32.Vec3{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}
		for i, axis := range axes {
			up := mgl32.Vec3{0, 1, 0}
			if axis[1] != 0 {
				up = mgl32.Vec3{0, 0, 1}
			}
			camera := scene.DefaultCamera()
			camera.View = mgl32.LookAtV(mgl32.Vec3{}, axis, up)
			s.draw(func(o *FrameOptions) { o.Camera = &camera })
			s.center(t, fmt.Sprintf("along %v", axis), faces[i], 12)

			id := s.add(mirror, mgl32.Translate3D(axis[0]*3, axis[1]*3, axis[2]*3))
			s.settle(func(o *FrameOptions) { o.Camera = &camera })
			s.center(t, fmt.Sprintf("in a mirror along %v", axis), faces[i^1], 40)
			if err := s.scene.RemoveObject(id); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.scene.SetSky(scene.Sky{}); err != nil {
			t.Fatal(err)
		}
		s.draw()
		s.center(t, "without a sky", [3]uint8{}, 2)
		if err := s.scene.SetSky(scene.Sky{Texture: s.put([]byte("no picture"))}); err != nil {
			t.Fatal(err)
		}
		failures := s.settle()
		if len(failures) != 1 || failures[0].Lump == (lumps.CID{}) {
			t.Errorf("a sky that is no picture: %v", failures)
		}
	})
}

// center compares the pixel in the middle of the picture.
func (s *stage) center(t *testing.T, what string, want [3]uint8, most int) {
	t.Helper()
	p := s.picture()
	c := p.Pix[p.PixOffset(width/2, height/2):]
	for k := range want {
		if d := int(c[k]) - int(want[k]); d < -most || d > most {
			t.Errorf("%s the middle is %v, want %v", what, c[:3], want)
			return
		}
	}
}

// Until another sky has arrived the one before it is seen; one that fails, or none at
// all, takes it away.
func TestSkyStaysUntilTheNext(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.add(s.put(ball(paint(0.9, 0.9, 0.9, 1, 0.2)).gltf()), mgl32.Translate3D(0, 0, -3))
	set := func(c lumps.CID) {
		t.Helper()
		if err := s.scene.SetSky(scene.Sky{Texture: c}); err != nil {
			t.Fatal(err)
		}
	}
	first, other, broken := s.put(heaven()), s.put(append(heaven(), 0)), s.put([]byte("no picture"))
	s.settle()
	none := s.picture()
	set(first)
	s.settle()
	want := s.picture()
	s.hold(other)
	set(other)
	for range 3 {
		s.draw()
	}
	looksSame(t, "while the next is on its way", want, s.picture())
	if pending, _ := s.r.Ready(s.scene.Snapshot()); pending != 1 {
		t.Errorf("%d are on their way", pending)
	}
	set(first)
	s.settle()
	looksSame(t, "back", want, s.picture())
	set(broken)
	if f := s.settle(); len(f) != 1 {
		t.Errorf("failures: %v", f)
	}
	looksSame(t, "broken", none, s.picture())
	set(first)
	s.settle()
	set(lumps.CID{})
	s.draw()
	looksSame(t, "none", none, s.picture())
}
