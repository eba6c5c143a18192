package vktest

import (
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/raw"
)

// clearTo makes an image of one colour by a rendering pass that draws nothing.
func clearTo(t testing.TB, a *mem.Allocator, c [4]float32) *mem.Image {
	t.Helper()
	i, err := a.NewImage(mem.ImageDesc{Width: 32, Height: 16, Format: vk.FormatR8g8b8a8Unorm, Name: "target",
		Usage: vk.ImageUsageColorAttachmentBit | vk.ImageUsageTransferSrcBit})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Device().Do(func(s *raw.Stream) {
		s.Barriers([]raw.ImageBarrier{{Image: i.Handle, New: vk.ImageLayoutColorAttachmentOptimal, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite}}, nil, nil)
		s.BeginRendering(&raw.Rendering{Width: 32, Height: 16, Color: []raw.Attachment{{View: i.View, Layout: vk.ImageLayoutColorAttachmentOptimal,
			Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Clear: c}}})
		s.EndRendering()
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A cleared image comes back as it was cleared, on both CPU devices, and validation
// says nothing.
func TestClear(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(testing.TB) *mem.Allocator
	}{
		{"bound", func(t testing.TB) *mem.Allocator { return Memory(t, Open(t)) }},
		{"bindless", func(t testing.TB) *mem.Allocator { return Memory(t, SwiftShader(t)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := c.open(t)
			i := clearTo(t, a, [4]float32{1, 0.5, 0, 1})
			defer i.Close()
			p := Picture(t, a, i, vk.ImageLayoutColorAttachmentOptimal)
			for y := range 16 {
				for x := range 32 {
					if c := p.NRGBAAt(x, y); c.R != 255 || c.G < 127 || c.G > 128 || c.B != 0 || c.A != 255 {
						t.Fatalf("%d,%d is %v", x, y, c)
					}
				}
			}
			if got := a.Device().Profile.String(); got != c.name {
				t.Errorf("profile %s, want %s", got, c.name)
			}
		})
	}
}
