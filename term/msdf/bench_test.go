package msdf

import "testing"

// BenchmarkDraw draws the printable ASCII of a font at the size of the atlas; the
// time is that of one glyph. Beside it stands msdfgen's for the same glyphs, in the
// same run, as Node measures it.
func BenchmarkDraw(b *testing.B) {
	for i, f := range fontFiles {
		b.Run(f.name, func(b *testing.B) {
			const em, rng, repeat = 48, 6, 20
			gs := loadGlyphs(b, i)
			o := startOracle(b)
			theirs := 0.0
			for k := range gs {
				w, h, p := frame(&gs[k].shape, em, rng)
				// The first calls are slower.
				o.draw(&gs[k].shape, w, h, p, 2)
				_, ns := o.draw(&gs[k].shape, w, h, p, repeat)
				theirs += ns / float64(len(gs))
			}
			var g Generator
			pix := make([]byte, 4*128*128)
			once := func() {
				for k := range gs {
					w, h, p := frame(&gs[k].shape, em, rng)
					g.Draw(pix, 4*w, w, h, &gs[k].shape, p)
				}
			}
			once()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s := &gs[n%len(gs)].shape
				w, h, p := frame(s, em, rng)
				g.Draw(pix, 4*w, w, h, s, p)
				n++
			}
			ours := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(theirs, "msdfgen-ns/op")
			b.ReportMetric(ours/theirs, "times-msdfgen")
		})
	}
}

// BenchmarkHostile draws what costs most.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostile {
		b.Run(h.name, func(b *testing.B) {
			s := h.shape()
			pix := make([]byte, 4*56*56)
			var g Generator
			b.ReportAllocs()
			for b.Loop() {
				g.Draw(pix, 4*56, 56, 56, &s, Params{Scale: 48, Origin: Point{-4.0 / 48, -4.0 / 48}, Range: 6})
			}
		})
	}
}
