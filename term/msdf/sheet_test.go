package msdf

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// writeSheet draws a font's fields as colours, and the font from them at sizes, onto
// one picture for people to look at.
func writeSheet(t *testing.T, path string, gs []glyph, fields []picture) {
	t.Helper()
	const width = 1200
	im := image.NewNRGBA(image.Rect(0, 0, width, 1000))
	for i := range im.Pix {
		im.Pix[i] = 255
	}
	x, y := 0, 0
	advance := func(w, h int) {
		if x += w; x+w > width {
			x, y = 0, y+h
		}
	}
	for i := range fields {
		m := &fields[i]
		for v := range m.h {
			for u := range m.w {
				k := 4 * (v*m.w + u)
				im.SetNRGBA(x+u, y+v, color.NRGBA{m.pix[k], m.pix[k+1], m.pix[k+2], 255})
			}
		}
		advance(44, 64)
	}
	for _, em := range []float64{12, 16, 24, 32, 48, 96} {
		x, y = 0, y+int(em)*3/2+24
		w, h := int(math.Ceil(em*0.75)), int(math.Ceil(em*1.4))
		for i := range gs {
			if y+h > im.Rect.Max.Y {
				break
			}
			cover := fields[i].render(em, -int(em*0.08), -int(em*0.35), w, h)
			for v := range h {
				for u := range w {
					// Dark on light, in sRGB as if linear: good enough for a look.
					c := uint8(255 - 255*cover[v*w+u])
					im.SetNRGBA(x+u, y+h-1-v, color.NRGBA{c, c, c, 255})
				}
			}
			advance(w, h)
		}
	}
	f, err := os.Create(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, im); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
