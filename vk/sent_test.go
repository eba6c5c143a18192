package vk

import (
	"image"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
)

// The figures of a frame count the pixels of what arrives, once.
func TestSentBytes(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
	const side = 64
	p := pane(`{"pbrMetallicRoughness":{"baseColorTexture":{"index":0}}}`)
	p.textures = []image.Image{noise(side, 1)}
	s.add(s.put(p.gltf()), mgl32.Ident4())
	sum := 0
	for pending := 1; pending > 0; {
		sum += s.draw().Uploaded
		pending, _ = s.r.Ready(s.scene.Snapshot())
	}
	if pixels := side * side * 4; sum < pixels || sum > 2*pixels {
		t.Errorf("%d bytes are sent, %d of them pixels", sum, pixels)
	}
	if n := s.draw().Uploaded; n > 1<<10 {
		t.Errorf("%d bytes are sent when all is there", n)
	}
}
