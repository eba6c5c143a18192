package vk

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/scene"
)

// No buffer that shaders read grows beyond what the device lets them read: what has no
// room in it is refused, or drawn unbent, and what is there goes on.
func TestStorageRange(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	const most = 1 << 20
	s.r.d.Limits.MaxStorageRange = most
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	check := func(what string) {
		t.Helper()
		if n := s.r.motion.buffer.Size; n > most {
			t.Errorf("%s: %d bytes of bent vertices, the device reads %d", what, n, most)
		}
		mine := reflect.ValueOf(s.r.drawer).Elem().FieldByName("mine")
		for i := range 4 { // objects, places, items, batches
			if n := mine.Index(i).Elem().FieldByName("Size").Uint(); n > most {
				t.Errorf("%s: buffer %d has %d bytes, the device reads %d", what, i, n, most)
			}
		}
	}
	skin := s.file(samples + "simple_skin/simple_skin.gltf")
	plays := func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1, Loop: true} }
	var ids []scene.ID
	for range 2000 { // of 10 vertices of 64 bytes
		ids = append(ids, s.add(skin, mgl32.Translate3D(0, 0, 20), plays))
	}
	if f := s.settle(func(o *FrameOptions) { o.Time = time.Second }); len(f) > 0 {
		t.Fatal(f)
	}
	check("2000 skins")
	if n := s.r.motion.buffer.Size; n < most/2 {
		t.Errorf("only %d bytes of bent vertices", n)
	}
	for _, id := range ids {
		if err := s.scene.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	c := s.put(pane(paint(1, 0, 0, 0, 0.5)).gltf())
	for range 10000 { // of 80 bytes: beyond half of the range, so that doubling is too much
		s.add(c, mgl32.Translate3D(0, 0, 20))
		if s.scene.Snapshot().Objects.Len() == 7000 {
			s.draw()
		}
	}
	s.settle()
	check("10000 objects")
	for range 5000 {
		s.add(c, mgl32.Translate3D(0, 0, 20))
	}
	if _, err := s.r.Draw(s.scene.Snapshot(), s.off, FrameOptions{}); !errors.Is(err, draw.ErrFull) {
		t.Errorf("15000 objects in a range for 13107: %v", err)
	}
	check("15000 objects")
}
