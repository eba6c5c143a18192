package vk

import (
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// twins is a model of two nodes with one mesh of ten vertices each that morphs to
// twice its size.
func twins() []byte {
	s := shape{material: paint(0.9, 0.4, 0.1, 0, 0.6), primitive: `,"targets":[{"POSITION":0}]`,
		extra: `,"nodes":[{"mesh":0,"translation":[-1,0,0],"children":[1]},{"mesh":0,"translation":[2,0,0]}]`}
	for i := range 10 { // a fan: a corner and nine points around it
		x, y := float32(0), float32(0)
		if i > 0 {
			v := mgl32.Rotate2D(float32(i) * 0.7).Mul2x1(mgl32.Vec2{0.4, 0})
			x, y = v[0], v[1]
			s.indices = append(s.indices, 0, uint16(i), uint16(i%9+1))
		}
		s.positions, s.normals = append(s.positions, x, y, 0), append(s.normals, 0, 0, 1)
	}
	return s.gltf()
}

// Where the buffer of bent vertices grows between two meshes of one object, both are
// in the new one: nothing names what was given back.
func TestGrowthWithinAnObject(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 6}, mgl32.Vec3{0, 0, 0})
	c := s.put(twins())
	bent := func(o *scene.Object) { o.Weights = []float32{1} }
	first := s.add(c, mgl32.Ident4(), bent)
	s.settle()
	want := s.picture()
	if err := s.scene.RemoveObject(first); err != nil {
		t.Fatal(err)
	}
	s.draw()
	n := firstBent/20 + 1
	if firstBent%20 < 10 {
		t.Fatal("the buffer grows between two objects; this test is about one")
	}
	var ids []scene.ID
	for i := range n {
		at := mgl32.Translate3D(0, 0, 50) // behind the camera
		if i == n-1 {
			at = mgl32.Ident4() // the one within which the buffer grows
		}
		ids = append(ids, s.add(c, at, bent))
	}
	s.settle()
	if s.r.motion.buffer.Size <= firstBent*draw.VertexSize {
		t.Fatal("the buffer did not grow")
	}
	for _, v := range s.r.motion.movers {
		for i, p := range v.parts {
			if p.Geometry.Vertices != s.r.motion.buffer.Handle {
				t.Errorf("part %d of slot %d is in a buffer that is gone", i, v.slot)
			}
		}
	}
	if d, err := vktest.Compare(want, s.picture(), 10); err != nil || d.Max > 1 {
		t.Errorf("it looks different: %v %v", d, err)
	}
	for _, id := range ids {
		if err := s.scene.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	s.draw()
	if n := s.r.motion.ranges.Used(); n != 0 {
		t.Errorf("%d vertices are taken by nobody", n)
	}
}
