package vk

import (
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
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
