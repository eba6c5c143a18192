package glyph

import (
	"math"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
	"golang.org/x/text/unicode/norm"

	"hearth/term/msdf"
)

// placed is a glyph of a shaped cluster: where its origin lies, in ems of the face.
type placed struct {
	gid  font.GID
	x, y float64
	mark rune // that the font did not place; 0 for others
}

// maxPlaced bounds the glyphs that a cluster becomes; fonts may multiply them.
const maxPlaced = 4 * MaxText

// run is a cluster as a face shapes it.
type run struct {
	glyphs  []placed
	advance float64 // ems
	missing bool    // a glyph is the face's picture for what it lacks
}

// shape makes glyphs of a cluster.
func (f *Face) shape(text []rune) (r run, err error) {
	err = f.use(func() {
		f.buf.Clear()
		f.buf.ClusterLevel = harfbuzz.Characters // so that marks are told from their letter
		f.buf.AddRunes(text, 0, len(text))
		f.buf.GuessSegmentProperties()
		f.buf.Shape(f.hb, nil)
		for i, info := range f.buf.Info {
			if i == maxPlaced {
				break
			}
			p := f.buf.Pos[i]
			r.missing = r.missing || info.Glyph == 0
			g := placed{gid: info.Glyph, x: r.advance + float64(p.XOffset)/f.em, y: float64(p.YOffset) / f.em}
			if c := text[min(info.Cluster, len(text)-1)]; i > 0 && p.XOffset == 0 && p.YOffset == 0 && unicode.In(c, unicode.Mn, unicode.Me) {
				g.mark = c
			}
			r.glyphs = append(r.glyphs, g)
			if g.mark == 0 {
				r.advance += float64(p.XAdvance) / f.em
			}
		}
	})
	if err == nil && !finite(r.advance) {
		err = &FontError{Err: ErrBroken}
	}
	return r, err
}

// outline draws the glyphs of a run into one shape.
func (f *Face) outline(r run) (s msdf.Shape, err error) {
	for _, g := range r.glyphs {
		if !finite(g.x) || !finite(g.y) {
			return msdf.Shape{}, &FontError{Err: ErrBroken}
		}
		if f.work.costly(uint32(g.gid)) {
			return msdf.Shape{}, &FontError{Err: ErrCostly}
		}
		var segments []font.Segment
		err := f.use(func() {
			if o, ok := f.face.GlyphDataOutline(g.gid); ok {
				segments = o.Segments
			}
		})
		if err != nil {
			return msdf.Shape{}, err
		}
		from := len(s.Contours)
		appendOutline(&s, segments, g, f.em)
		if g.mark != 0 {
			settle(&s, from, g.mark, r.advance)
		}
	}
	if s.Check() != nil {
		return msdf.Shape{}, &FontError{Err: ErrCostly}
	}
	return s, nil
}

// settle moves a mark, the contours from one on, that its font did not place: many are as
// wide as letters, and would stand beside theirs, or all at one height.
func settle(s *msdf.Shape, from int, mark rune, advance float64) {
	m, base := msdf.Shape{Contours: s.Contours[from:]}, msdf.Shape{Contours: s.Contours[:from]}
	if len(m.Contours) == 0 || len(base.Contours) == 0 {
		return
	}
	const gap = 0.04 // ems
	low, high := m.Bounds()
	under, over := base.Bounds()
	var by msdf.Point
	if middle := (low.X + high.X) / 2; middle < 0 || middle > advance {
		by.X = (under.X+over.X)/2 - middle
	}
	switch norm.NFC.PropertiesString(string(mark)).CCC() {
	case 230: // above
		by.Y = max(over.Y+gap-low.Y, 0)
	case 220: // below
		by.Y = min(under.Y-gap-high.Y, 0)
	}
	transform(&m, func(p msdf.Point) msdf.Point { return msdf.Point{X: p.X + by.X, Y: p.Y + by.Y} })
}

// appendOutline adds the contours of a glyph, whose unit is 1/em.
func appendOutline(s *msdf.Shape, segments []font.Segment, g placed, em float64) {
	var contour []msdf.Segment
	var pen msdf.Point
	at := func(p opentype.SegmentPoint) msdf.Point {
		return msdf.Point{X: float64(p.X)/em + g.x, Y: float64(p.Y)/em + g.y}
	}
	end := func() {
		if len(contour) > 0 {
			s.Contours = append(s.Contours, contour)
		}
		contour = nil
	}
	for i := range segments {
		a := &segments[i].Args
		switch segments[i].Op {
		case opentype.SegmentOpMoveTo:
			end()
			pen = at(a[0])
		case opentype.SegmentOpLineTo:
			to := at(a[0])
			if to != pen {
				contour = append(contour, msdf.Segment{Kind: msdf.Line, P: [4]msdf.Point{pen, to}})
			}
			pen = to
		case opentype.SegmentOpQuadTo:
			contour = append(contour, msdf.Segment{Kind: msdf.Quad, P: [4]msdf.Point{pen, at(a[0]), at(a[1])}})
			pen = at(a[1])
		case opentype.SegmentOpCubeTo:
			contour = append(contour, msdf.Segment{Kind: msdf.Cubic, P: [4]msdf.Point{pen, at(a[0]), at(a[1]), at(a[2])}})
			pen = at(a[2])
		}
	}
	end()
}

// points is how many points a kind of segment has.
func points(k msdf.Kind) int { return int(k) + 2 }

// transform moves every point of a shape.
func transform(s *msdf.Shape, move func(msdf.Point) msdf.Point) {
	for _, c := range s.Contours {
		for i := range c {
			for k := range points(c[i].Kind) {
				c[i].P[k] = move(c[i].P[k])
			}
		}
	}
}

// slant is the tangent of 12 degrees, by which a face without italics leans.
const slant = 0.2126

func lean(s *msdf.Shape) {
	transform(s, func(p msdf.Point) msdf.Point { return msdf.Point{X: p.X + slant*p.Y, Y: p.Y} })
}

// embolden moves the outline out by d ems on each side: every point along the bisector
// of the directions in which it is come to and left, as FreeType's FT_Outline_Embolden
// does, and not so far that a sharp corner becomes a thorn.
func embolden(s *msdf.Shape, d float64) {
	area := 0.0
	for _, c := range s.Contours {
		for i := range c {
			for k := range points(c[i].Kind) - 1 {
				p, q := c[i].P[k], c[i].P[k+1]
				area += p.X*q.Y - q.X*p.Y
			}
		}
	}
	if area < 0 { // the outer contours go clockwise: out is to the left
		d = -d
	}
	for i := range s.Contours {
		s.Contours[i] = offset(s.Contours[i], d)
	}
}

// offset moves a contour to the right of its direction by d.
func offset(c []msdf.Segment, d float64) []msdf.Segment {
	// The points in a circle, each once, but for those that lie on the one before.
	var loop []msdf.Point
	index := make([][4]int, len(c))
	add := func(p msdf.Point) int {
		if n := len(loop); n == 0 || math.Hypot(p.X-loop[n-1].X, p.Y-loop[n-1].Y) > 1e-6 {
			loop = append(loop, p)
		}
		return len(loop) - 1
	}
	for i := range c {
		for k := range points(c[i].Kind) {
			index[i][k] = add(c[i].P[k])
		}
	}
	n := len(loop)
	if n > 1 && math.Hypot(loop[0].X-loop[n-1].X, loop[0].Y-loop[n-1].Y) <= 1e-6 {
		n--
	}
	if n < 3 {
		return c
	}
	moved := make([]msdf.Point, len(loop))
	for i := range n {
		a, p, b := loop[(i+n-1)%n], loop[i], loop[(i+1)%n]
		in, out := unit(a, p), unit(p, b)
		// The bisector of the normals, as long as keeps both sides at d.
		nx, ny := in.Y+out.Y, -(in.X + out.X)
		along := 1 + in.X*out.X + in.Y*out.Y
		if along < 0.25 {
			along = 0.25
		}
		moved[i] = msdf.Point{X: p.X + d*nx/along, Y: p.Y + d*ny/along}
	}
	for i := n; i < len(loop); i++ {
		moved[i] = moved[0]
	}
	for i := range c {
		for k := range points(c[i].Kind) {
			c[i].P[k] = moved[index[i][k]]
		}
	}
	return c
}

func unit(a, b msdf.Point) msdf.Point {
	l := math.Hypot(b.X-a.X, b.Y-a.Y)
	if l == 0 {
		return msdf.Point{}
	}
	return msdf.Point{X: (b.X - a.X) / l, Y: (b.Y - a.Y) / l}
}
