package vk

import (
	"image"
	"image/draw"
	"math"
	"sync"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"hearth/vk/scene"
)

// typeface is a font whose pictures are made the plain way: one distance for all three
// channels, to every segment of the outline.
type typeface struct {
	font   *sfnt.Font
	buffer sfnt.Buffer
	cache  map[rune]*letter
}

// letter is a tile and where it lies.
type letter struct {
	tile                     scene.Tile
	left, top, right, bottom float32
}

const (
	testEm     = 48 // texels an em
	testMargin = 4  // texels about the outline
)

var goMono = sync.OnceValue(func() *typeface {
	f, err := sfnt.Parse(gomono.TTF)
	if err != nil {
		panic(err)
	}
	return &typeface{font: f, cache: map[rune]*letter{}}
})

type stroke struct{ x0, y0, x1, y1 float64 }

// outline is a glyph's outline in texels, Y down, as straight strokes.
func (f *typeface) outline(c rune) []stroke {
	i, err := f.font.GlyphIndex(&f.buffer, c)
	if err != nil {
		panic(err)
	}
	segments, err := f.font.LoadGlyph(&f.buffer, i, fixed.I(testEm), nil)
	if err != nil {
		panic(err)
	}
	var out []stroke
	var x, y float64
	at := func(p fixed.Point26_6) (float64, float64) { return float64(p.X) / 64, float64(p.Y) / 64 }
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			x, y = at(s.Args[0])
		case sfnt.SegmentOpLineTo:
			a, b := at(s.Args[0])
			out = append(out, stroke{x, y, a, b})
			x, y = a, b
		case sfnt.SegmentOpQuadTo:
			a, b := at(s.Args[0])
			c, d := at(s.Args[1])
			px, py := x, y
			for k := 1; k <= 8; k++ {
				t := float64(k) / 8
				qx := (1-t)*(1-t)*x + 2*t*(1-t)*a + t*t*c
				qy := (1-t)*(1-t)*y + 2*t*(1-t)*b + t*t*d
				out = append(out, stroke{px, py, qx, qy})
				px, py = qx, qy
			}
			x, y = c, d
		}
	}
	return out
}

// letter makes the picture of a character.
func (f *typeface) letter(c rune) *letter {
	if l := f.cache[c]; l != nil {
		return l
	}
	l := picture(f.outline(c))
	f.cache[c] = l
	return l
}

// picture draws an outline in texels about the pen, Y down.
func picture(strokes []stroke) *letter {
	if len(strokes) == 0 {
		return nil
	}
	lx, ly, hx, hy := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range strokes {
		lx, ly, hx, hy = min(lx, s.x0, s.x1), min(ly, s.y0, s.y1), max(hx, s.x0, s.x1), max(hy, s.y0, s.y1)
	}
	ox, oy := math.Floor(lx)-testMargin, math.Floor(ly)-testMargin
	up := func(x float64) int {
		return (int(math.Ceil(x)) + scene.GlyphAlign - 1) / scene.GlyphAlign * scene.GlyphAlign
	}
	w, h := up(hx-ox+testMargin), up(hy-oy+testMargin)
	r := vector.NewRasterizer(w, h)
	px, py := math.NaN(), math.NaN()
	for _, s := range strokes {
		if s.x0 != px || s.y0 != py {
			r.MoveTo(float32(s.x0-ox), float32(s.y0-oy))
		}
		r.LineTo(float32(s.x1-ox), float32(s.y1-oy))
		px, py = s.x1, s.y1
	}
	cover := image.NewAlpha(image.Rect(0, 0, w, h))
	r.DrawOp = draw.Src
	r.Draw(cover, cover.Bounds(), image.Opaque, image.Point{})
	l := &letter{left: float32(ox / testEm), top: float32(-oy / testEm), right: float32((ox + float64(w)) / testEm), bottom: float32(-(oy + float64(h)) / testEm)}
	l.tile.W, l.tile.H = w, h
	top := make([]byte, 4*w*h)
	for y := range h {
		for x := range w {
			d, winding := math.Inf(1), 0
			cx, cy := ox+float64(x)+0.5, oy+float64(y)+0.5
			for _, s := range strokes {
				dx, dy := s.x1-s.x0, s.y1-s.y0
				t := max(0, min(1, ((cx-s.x0)*dx+(cy-s.y0)*dy)/max(dx*dx+dy*dy, 1e-12)))
				d = min(d, math.Hypot(cx-s.x0-t*dx, cy-s.y0-t*dy))
				if (s.y0 <= cy) != (s.y1 <= cy) && s.x0+(cy-s.y0)/(s.y1-s.y0)*dx > cx {
					if s.y1 > s.y0 {
						winding++
					} else {
						winding--
					}
				}
			}
			if winding == 0 {
				d = -d
			}
			v := uint8(max(0, min(255, math.Round((d/scene.GlyphRange+0.5)*255))))
			copy(top[4*(y*w+x):], []byte{v, v, v, cover.AlphaAt(x, y).A})
		}
	}
	l.tile.Levels = chain(top, w, h)
	return l
}

// chain makes the levels of a picture by the means of four texels.
func chain(top []byte, w, h int) (levels [scene.GlyphLevels][]byte) {
	levels[0] = top
	for i := 1; i < scene.GlyphLevels; i++ {
		from := levels[i-1]
		fw := w >> (i - 1)
		lw, lh := w>>i, h>>i
		to := make([]byte, 4*lw*lh)
		for y := range lh {
			for x := range lw {
				for k := range 4 {
					at := 4*(2*y*fw+2*x) + k
					to[4*(y*lw+x)+k] = uint8((int(from[at]) + int(from[at+4]) + int(from[at+4*fw]) + int(from[at+4*fw+4]) + 2) / 4)
				}
			}
		}
		levels[i] = to
	}
	return levels
}

// press lays glyphs onto the pages of a scene, row by row.
type press struct {
	t           testing.TB
	s           *scene.Scene
	page        int
	x, y, shelf int
	handles     map[rune]uint32
	next        uint32
}

func newPress(t testing.TB, s *scene.Scene) *press {
	return &press{t: t, s: s, handles: map[rune]uint32{}, next: 1}
}

// put lays a letter down and names it.
func (p *press) put(l *letter, color bool) uint32 {
	p.t.Helper()
	page := p.page
	if color {
		page = p.page + 1
	}
	if p.x+l.tile.W > scene.GlyphSide {
		p.x, p.y, p.shelf = 0, p.y+p.shelf, 0
	}
	t := l.tile
	t.X, t.Y = p.x, p.y
	p.x += t.W
	p.shelf = max(p.shelf, t.H)
	if err := p.s.PutTile(page, color, t); err != nil {
		p.t.Fatal(err)
	}
	h := p.next
	p.next++
	if err := p.s.PutGlyph(h, scene.Glyph{Page: int32(page), X: uint16(t.X), Y: uint16(t.Y), W: uint16(t.W), H: uint16(t.H),
		Left: l.left, Bottom: l.bottom, Right: l.right, Top: l.top}); err != nil {
		p.t.Fatal(err)
	}
	return h
}

// handle names a character of Go Mono.
func (p *press) handle(c rune) uint32 {
	if h, ok := p.handles[c]; ok {
		return h
	}
	h := uint32(0)
	if l := goMono().letter(c); l != nil {
		h = p.put(l, false)
	}
	p.handles[c] = h
	return h
}

const (
	white = 0xffffffff
	black = 0xff000000
	paper = 0xff2a1e1a // R first: a dark blue
	chalk = 0xffd8dee4
)

// line is a row of cells that show a text.
func (p *press) line(columns int, text string, set ...func(i int, c *scene.GridCell)) []scene.GridCell {
	row := make([]scene.GridCell, columns)
	i := 0
	for _, c := range text {
		if i == columns {
			break
		}
		row[i] = scene.GridCell{Glyph: p.handle(c), FG: chalk}
		i++
	}
	for i := range row {
		for _, f := range set {
			f(i, &row[i])
		}
	}
	return row
}

// lines cuts a text into rows.
func (p *press) lines(columns, rows int, text []string) [][]scene.GridCell {
	out := make([][]scene.GridCell, rows)
	for i := range out {
		out[i] = p.line(columns, text[i%len(text)])
	}
	return out
}

// advance of Go Mono, and its ascent and height, in ems.
var advance, ascent, tall = func() (float32, float32, float32) {
	f := goMono()
	m, err := f.font.Metrics(&f.buffer, fixed.I(1000), font.HintingNone)
	if err != nil {
		panic(err)
	}
	i, err := f.font.GlyphIndex(&f.buffer, 'm')
	if err != nil {
		panic(err)
	}
	a, err := f.font.GlyphAdvance(&f.buffer, i, fixed.I(1000), font.HintingNone)
	if err != nil {
		panic(err)
	}
	return float32(a) / 64000, float32(m.Ascent) / 64000, float32(m.Ascent+m.Descent) / 64000
}()

// screen is a grid of the metrics of Go Mono, in the XY plane, some metres wide.
func screen(columns, rows int, wide float32) scene.Grid {
	g := scene.NewGrid(columns, rows)
	cell := wide / float32(columns)
	em := cell / advance
	g.Em, g.Cell, g.Baseline = em, [2]float32{cell, em * tall}, em*ascent
	g.Underline, g.UnderlineThickness, g.Strike = 0.12*em, 0.06*em, -0.28*em
	g.Padding = [2]float32{cell, cell}
	g.HalfSize = [2]float32{wide/2 + cell, float32(rows)*em*tall/2 + cell}
	g.Background = paper
	return g
}
