package pass

import (
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// The light of a 1280x720 picture, widened and mapped, on the device that tests run on.
func BenchmarkPostProcessing(b *testing.B) {
	const w, h = 1280, 720
	g := open(b)
	bloom := newBloom(b, g)
	chain, err := bloom.NewChain(w, h)
	must(b, err)
	b.Cleanup(chain.Close)
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	tone, err := NewTone(g.dev, x.target())
	must(b, err)
	b.Cleanup(tone.Close)
	px := make([][4]float32, w*h)
	for i := range px {
		px[i] = [4]float32{float32(i%256) / 64, 0.5, 0.1, 1}
	}
	hdr := g.image(w, h, hdrFormat, 8, false, halves(px))
	frame := uint64(0)
	b.Run("bloom", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frame++
			g.do(func(s *raw.Stream) error {
				return bloom.Record(s, BloomInput{Frame: frame, HDR: hdr.View, Chain: chain, Spread: 0.65})
			})
		}
	})
	for m := range mappers {
		b.Run([]string{"neutral", "aces", "reinhard", "none"}[m], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				frame++
				g.do(func(s *raw.Stream) error {
					s.Barriers([]raw.ImageBarrier{{Image: x.color.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal,
						DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite}}, nil, nil)
					s.BeginRendering(&raw.Rendering{Width: w, Height: h, Color: []raw.Attachment{{View: x.color.View, Layout: vk.ImageLayoutColorAttachmentOptimal,
						Load: vk.AttachmentLoadOpDontCare, Store: vk.AttachmentStoreOpStore}}})
					defer s.EndRendering()
					return tone.Record(s, ToneInput{Frame: frame, HDR: hdr.View, Bloom: chain.View(), BloomShare: 0.05, Mapper: m, Dither: true, Width: w, Height: h})
				})
			}
		})
	}
}

// The time of 100,000 vertices with 4 joints each, on the device that tests run on.
func BenchmarkSkin(b *testing.B) {
	g := open(b)
	p, err := NewSkin(g.dev, g.alloc)
	must(b, err)
	b.Cleanup(p.Close)
	const n = 100_000
	jobs := []SkinJob{{Vertices: n, Joints: 50}}
	list := make([]byte, SkinJobSize)
	k, err := PutSkinJobs(list, jobs)
	must(b, err)
	in := SkinInput{Vertices: Range{Buffer: g.buffer(n * VertexSize).Handle}, Skins: Range{Buffer: g.buffer(n * SkinSize).Handle},
		Joints: Range{Buffer: g.buffer(50 * JointSize).Handle}, Out: Range{Buffer: g.buffer(n * VertexSize).Handle}, Jobs: g.upload(list), JobCount: 1, Groups: k}
	b.ReportAllocs()
	for b.Loop() {
		in.Frame++
		g.do(func(s *raw.Stream) error { return p.Record(s, in) })
	}
}
