package msdf

import "testing"

// BenchmarkDraw draws the printable ASCII of a font at the size of the atlas; the
// time is that of one glyph.
func BenchmarkDraw(b *testing.B) {
	for i, f := range fontFiles {
		b.Run(f.name, func(b *testing.B) {
			gs := loadGlyphs(b, i)
			var g Generator
			pix := make([]byte, 4*128*128)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s := &gs[n%len(gs)].shape
				w, h, p := frame(s, 48, 6)
				g.Draw(pix, 4*w, w, h, s, p)
				n++
			}
		})
	}
}
