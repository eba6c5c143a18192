package vk

import (
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// turning is a pane with one side whose node is scaled by an animation of a second: from
// 1 to -1 sideways, and higher.
func turning() []byte {
	s := pane(paint(0.9, 0.4, 0.1, 0, 0.6))
	s.uv = nil
	s.extraData = f32s([]float32{0, 1, 1, 1, 1, -1, 1.5, 1})
	s.extraAccessors = `,{"bufferView":3,"componentType":5126,"count":2,"type":"SCALAR","min":[0],"max":[1]},{"bufferView":3,"byteOffset":8,"componentType":5126,"count":2,"type":"VEC3"}`
	s.extra = `,"animations":[{"channels":[{"sampler":0,"target":{"node":0,"path":"scale"}}],"samplers":[{"input":3,"output":4}]}]`
	return s.gltf()
}

// An animation that turns a mesh into its mirror image shows the side that faces the
// eye, as an object does that is mirrored as a whole.
func TestAnimatedMirror(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0.5, 0.5, 4}, mgl32.Vec3{0, 0, 0})
	still := pane(paint(0.9, 0.4, 0.1, 0, 0.6))
	still.uv = nil
	id := s.add(s.put(still.gltf()), mgl32.Scale3D(-1, 1.5, 1))
	s.settle()
	want := s.picture()
	if err := s.scene.RemoveObject(id); err != nil {
		t.Fatal(err)
	}
	s.add(s.put(turning()), mgl32.Ident4(), func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1} })
	at := func(o *FrameOptions) { o.Time = 0 }
	if f := s.settle(at); len(f) > 0 {
		t.Fatal(f)
	}
	at = func(o *FrameOptions) { o.Time = 5 * time.Second }
	s.draw(at)
	s.draw(at)
	if d, err := vktest.Compare(want, s.picture(), 10); err != nil || d.Max > 1 {
		t.Errorf("mirrored by its animation it looks different: %v %v", d, err)
	}
}

// An object whose animation stands keeps its pose and its bounds when something else of
// it changes that needs another pipeline.
func TestTintKeepsThePose(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 1, 4}, mgl32.Vec3{0, 1, 0})
	skin := s.file(samples + "simple_skin/simple_skin.gltf")
	at := func(o *FrameOptions) { o.Time = time.Second }
	plays := func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1} }
	ids := []scene.ID{s.add(skin, mgl32.Translate3D(-1, 0, 0), plays), s.add(s.put(turning()), mgl32.Translate3D(1, 1, 0), plays)}
	if f := s.settle(at); len(f) > 0 {
		t.Fatal(f)
	}
	want := s.picture()
	for _, tint := range []float32{0.5, 1} {
		for _, id := range ids {
			if err := s.scene.UpdateObject(id, func(o *scene.Object) { o.Tint[3] = tint }); err != nil {
				t.Fatal(err)
			}
		}
		s.draw(at)
	}
	s.draw(at)
	if d, err := vktest.Compare(want, s.picture(), 10); err != nil || d.Max > 1 {
		t.Errorf("it looks different: %v %v", d, err)
	}
}
