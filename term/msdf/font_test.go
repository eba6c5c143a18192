package msdf

import (
	"os"
	"testing"

	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"hearth/fixtures/fonts"
)

// fontFiles are the fonts that pictures are judged by.
var fontFiles = []struct {
	name string
	data []byte
}{{"mononoki", mononoki()}, {"DejaVu Sans Mono", dejavu()}, {"Go Mono", gomono.TTF}}

func mononoki() []byte { regular, _, _, _ := fonts.Mononoki(); return regular }
func dejavu() []byte   { book, _ := fonts.DejaVuSansMono(); return book }

// A glyph is an outline of a font in ems.
type glyph struct {
	r     rune
	shape Shape
}

// loadGlyphs reads the outlines of a font's printable ASCII.
func loadGlyphs(tb testing.TB, i int) []glyph {
	tb.Helper()
	var gs []glyph
	for r := rune(0x21); r < 0x7f; r++ {
		gs = append(gs, glyph{r, outlineOf(tb, fontFiles[i].data, r)})
	}
	return gs
}

// long is whether all is to be judged, which takes a minute.
func long() bool { return os.Getenv("HEARTH_SOAK") != "" }

// someGlyphs is a third of a font, and each character in one font at least; all if long.
func someGlyphs(tb testing.TB, i int) (some []glyph) {
	tb.Helper()
	for k, gl := range loadGlyphs(tb, i) {
		if long() || k%len(fontFiles) == i {
			some = append(some, gl)
		}
	}
	return some
}

func outlineOf(tb testing.TB, data []byte, r rune) Shape {
	tb.Helper()
	f, err := sfnt.Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	var b sfnt.Buffer
	x, err := f.GlyphIndex(&b, r)
	if err != nil || x == 0 {
		tb.Fatalf("no glyph for %q: %v", r, err)
	}
	em := fixed.Int26_6(f.UnitsPerEm()) << 6
	segs, err := f.LoadGlyph(&b, x, em, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return shapeOf(segs, float64(em))
}

func shapeOf(segs sfnt.Segments, em float64) Shape {
	var s Shape
	pt := func(p fixed.Point26_6) Point { return Point{float64(p.X) / em, -float64(p.Y) / em} }
	var pen Point
	for _, g := range segs {
		n := len(s.Contours) - 1
		switch g.Op {
		case sfnt.SegmentOpMoveTo:
			s.Contours = append(s.Contours, nil)
			pen = pt(g.Args[0])
		case sfnt.SegmentOpLineTo:
			to := pt(g.Args[0])
			s.Contours[n] = append(s.Contours[n], Segment{Line, [4]Point{pen, to}})
			pen = to
		case sfnt.SegmentOpQuadTo:
			to := pt(g.Args[1])
			s.Contours[n] = append(s.Contours[n], Segment{Quad, [4]Point{pen, pt(g.Args[0]), to}})
			pen = to
		case sfnt.SegmentOpCubeTo:
			to := pt(g.Args[2])
			s.Contours[n] = append(s.Contours[n], Segment{Cubic, [4]Point{pen, pt(g.Args[0]), pt(g.Args[1]), to}})
			pen = to
		}
	}
	return s
}

// frame is the picture that holds a shape with a border, as an atlas would have it.
func frame(s *Shape, em, rng float64) (w, h int, p Params) {
	lo, hi := s.Bounds()
	border := rng/2 + 1
	x0, y0 := int(lo.X*em-border-1), int(lo.Y*em-border-1)
	x1, y1 := int(hi.X*em+border+1), int(hi.Y*em+border+1)
	return x1 - x0, y1 - y0, Params{Scale: em, Origin: Point{float64(x0) / em, float64(y0) / em}, Range: rng}
}

// draw makes a picture of its own.
func draw(g *Generator, s *Shape, em, rng float64) (pix []byte, w, h int, p Params) {
	w, h, p = frame(s, em, rng)
	pix = make([]byte, 4*w*h)
	g.Draw(pix, 4*w, w, h, s, p)
	return pix, w, h, p
}
