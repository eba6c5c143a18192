package msdf

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// ring makes a contour of straight lines.
func ring(pts ...Point) []Segment {
	var c []Segment
	for i, p := range pts {
		c = append(c, Segment{Line, [4]Point{p, pts[(i+1)%len(pts)]}})
	}
	return c
}

func box(x0, y0, x1, y1 float64) []Segment {
	return ring(Point{x0, y0}, Point{x1, y0}, Point{x1, y1}, Point{x0, y1})
}

func reversed(c []Segment) []Segment {
	var r []Segment
	for i := len(c) - 1; i >= 0; i-- {
		g, n := c[i], c[i].Kind.last()
		for k := 0; k <= n; k++ {
			g.P[k] = c[i].P[n-k]
		}
		r = append(r, g)
	}
	return r
}

// circle is drawn in n curves of a kind.
func circle(k Kind, n int, c Point, r float64) []Segment {
	var segs []Segment
	step := 2 * math.Pi / float64(n)
	on := func(a, l float64) Point { return Point{c.X + l*math.Cos(a), c.Y + l*math.Sin(a)} }
	for i := range n {
		a, b := float64(i)*step, float64(i+1)*step
		if k == Quad {
			segs = append(segs, Segment{Quad, [4]Point{on(a, r), on((a+b)/2, r/math.Cos(step/2)), on(b, r)}})
			continue
		}
		h := 4.0 / 3 * math.Tan(step/4) * r
		p, q := on(a, r), on(b, r)
		segs = append(segs, Segment{Cubic, [4]Point{p,
			{p.X - h*math.Sin(a), p.Y + h*math.Cos(a)}, {q.X + h*math.Sin(b), q.Y - h*math.Cos(b)}, q}})
	}
	for i := range segs {
		segs[i].P[segs[i].Kind.last()] = segs[(i+1)%n].P[0]
	}
	return segs
}

// medianAt is the median of a texel in texels, row 0 at the bottom.
func (m *picture) medianAt(x, y int) float64 {
	k := 4 * ((m.h-1-y)*m.w + x)
	return (median(float64(m.pix[k]), float64(m.pix[k+1]), float64(m.pix[k+2]))/255 - 0.5) * m.p.Range
}

func (m *picture) alphaAt(x, y int) float64 { return float64(m.pix[4*((m.h-1-y)*m.w+x)+3]) / 255 }

// middle is that of a texel in ems.
func (m *picture) middle(x, y int) Point {
	return Point{m.p.Origin.X + (float64(x)+0.5)/m.p.Scale, m.p.Origin.Y + (float64(y)+0.5)/m.p.Scale}
}

func drawn(s *Shape, em, rng float64) *picture {
	var g Generator
	pix, w, h, p := draw(&g, s, em, rng)
	return &picture{pix, w, h, p}
}

func TestDistancesByFormula(t *testing.T) {
	const em, rng = 40, 8
	o := Point{0.5, 0.5}
	round := func(r float64) func(Point) float64 {
		return func(p Point) float64 { return r - math.Hypot(p.X-o.X, p.Y-o.Y) }
	}
	// Beyond a corner the median is what makes the corner sharp: the distance to the
	// farther of its two lines.
	square := func(p Point) float64 { return 0.3 - max(math.Abs(p.X-o.X), math.Abs(p.Y-o.Y)) }
	frame := func(p Point) float64 {
		dx, dy := math.Abs(p.X-o.X)-0.15, math.Abs(p.Y-o.Y)-0.15
		if hole := math.Hypot(max(dx, 0), max(dy, 0)); hole > square(p) {
			return square(p)
		}
		return max(dx, dy)
	}
	tests := []struct {
		name    string
		shape   Shape
		formula func(Point) float64
		bulge   float64 // ems: how far the curves are from what they stand for
	}{
		{"square", Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8)}}, square, 0},
		{"square, clockwise", Shape{[][]Segment{reversed(box(0.2, 0.2, 0.8, 0.8))}}, square, 0},
		{"square, not closed", Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8)[:3]}}, square, 0},
		{"frame", Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8), reversed(box(0.35, 0.35, 0.65, 0.65))}}, frame, 0},
		{"frame, clockwise", Shape{[][]Segment{reversed(box(0.2, 0.2, 0.8, 0.8)), box(0.35, 0.35, 0.65, 0.65)}}, frame, 0},
		{"square within a square that goes round with it", Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8), box(0.35, 0.35, 0.65, 0.65)}}, square, 0},
		{"square of two that overlap", Shape{[][]Segment{box(0.2, 0.2, 0.6, 0.8), box(0.4, 0.2, 0.8, 0.8)}}, square, 0},
		{"square of two side by side", Shape{[][]Segment{box(0.2, 0.2, 0.5, 0.8), box(0.5, 0.2, 0.8, 0.8)}}, square, 0},
		{"square of four, two of them clockwise", Shape{[][]Segment{box(0.2, 0.2, 0.5, 0.6), reversed(box(0.5, 0.2, 0.8, 0.4)),
			box(0.5, 0.4, 0.8, 0.8), reversed(box(0.2, 0.6, 0.5, 0.8))}}, square, 0},
		{"square drawn twice", Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8), box(0.2, 0.2, 0.8, 0.8)}}, square, 0},
		{"circle of quadratic curves", Shape{[][]Segment{circle(Quad, 16, o, 0.35)}}, round(0.35), 1e-4},
		{"circle of cubic curves", Shape{[][]Segment{circle(Cubic, 4, o, 0.35)}}, round(0.35), 1e-4},
		{"circle, clockwise", Shape{[][]Segment{reversed(circle(Cubic, 4, o, 0.35))}}, round(0.35), 1e-4},
		{"circle of two curves", Shape{[][]Segment{circle(Cubic, 2, o, 0.3)}}, round(0.3), 6e-3},
		{"circle drawn twice", Shape{[][]Segment{circle(Quad, 16, o, 0.35), reversed(reversed(circle(Quad, 16, o, 0.35)))}}, round(0.35), 1e-4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := drawn(&tt.shape, em, rng)
			// Half a step of eight bits.
			eps := 0.5/255*rng + tt.bulge*em + 1e-9
			for y := range m.h {
				for x := range m.w {
					want := max(-rng/2, min(rng/2, tt.formula(m.middle(x, y))*em))
					if got := m.medianAt(x, y); math.Abs(got-want) > eps {
						t.Fatalf("at %d, %d: %.4f, want %.4f", x, y, got, want)
					}
				}
			}
		})
	}
}

// The channels of a square part beyond its corners, and agree where it has none.
func TestCornersAreWhereChannelsPart(t *testing.T) {
	part := func(m *picture) (n int) {
		for k := 0; k < len(m.pix); k += 4 {
			if m.pix[k] != m.pix[k+1] || m.pix[k] != m.pix[k+2] {
				n++
			}
		}
		return n
	}
	square := drawn(&Shape{[][]Segment{box(0.2, 0.2, 0.8, 0.8)}}, 32, 6)
	if part(square) == 0 {
		t.Error("a square has no corners")
	}
	// The same corner seen with its lines and with a curve that barely bends.
	soft := drawn(&Shape{[][]Segment{circle(Cubic, 4, Point{0.5, 0.5}, 0.4)}}, 32, 6)
	if n := part(soft); n != 0 {
		t.Errorf("in %d texels a circle has corners", n)
	}
	// A drop has one corner: its channels part there and are one on the far side.
	drop := Shape{[][]Segment{{{Cubic, [4]Point{{0.5, 0.9}, {0, 0.1}, {1, 0.1}, {0.5, 0.9}}}}}}
	m := drawn(&drop, 48, 6)
	top, bottom := 0, 0
	for y := range m.h {
		for x := range m.w {
			k := 4 * (y*m.w + x)
			if m.pix[k] == m.pix[k+1] && m.pix[k] == m.pix[k+2] {
				continue
			}
			if y < m.h/2 {
				top++
			} else if y > m.h-6 {
				bottom++
			}
		}
	}
	if top == 0 || bottom != 0 {
		t.Errorf("the channels of a drop part in %d texels around its corner and in %d far from it", top, bottom)
	}
}

// randomShape makes shapes that overlap, cross themselves and turn either way.
func randomShape(r *rand.Rand) Shape {
	var s Shape
	pt := func() Point { return Point{r.Float64(), r.Float64()} }
	for range 1 + r.IntN(4) {
		switch r.IntN(4) {
		case 0:
			c := circle(Kind(1+r.IntN(2)), 4+r.IntN(5), pt(), 0.05+0.4*r.Float64())
			if r.IntN(2) == 0 {
				c = reversed(c)
			}
			s.Contours = append(s.Contours, c)
		case 1:
			a, b := pt(), pt()
			s.Contours = append(s.Contours, box(a.X, a.Y, b.X, b.Y))
		default:
			var c []Segment
			pen := pt()
			begin := pen
			n := 2 + r.IntN(6)
			for i := range n {
				to := pt()
				if i == n-1 {
					to = begin
				}
				g := Segment{Kind: Kind(r.IntN(3))}
				g.P = [4]Point{pen, pt(), pt(), pt()}
				g.P[g.Kind.last()] = to
				c = append(c, g)
				pen = to
			}
			s.Contours = append(s.Contours, c)
		}
	}
	return s
}

// judge compares a picture with the shape it is of: the side of every texel and its
// coverage.
func judge(t *testing.T, s *Shape, m *picture) {
	t.Helper()
	poly := polygonOf(s)
	x0, y0 := int(math.Round(m.p.Origin.X*m.p.Scale)), int(math.Round(m.p.Origin.Y*m.p.Scale))
	cover := poly.fill(m.p.Scale, x0, y0, m.w, m.h)
	for y := range m.h {
		for x := range m.w {
			at := m.middle(x, y)
			med := m.medianAt(x, y)
			if inside := poly.inside(at); inside != (med > 0) && math.Abs(med) > 0.02 {
				if d := poly.distance(at) * m.p.Scale; d > 0.1 {
					t.Errorf("at %d, %d: the median is %.3f and inside is %v (%.3f from an edge)", x, y, med, inside, d)
				}
			}
			if got, want := m.alphaAt(x, y), cover[y*m.w+x]; math.Abs(got-want) > 0.04 {
				t.Errorf("at %d, %d: covered %.3f, want %.3f", x, y, got, want)
			}
			if t.Failed() {
				return
			}
		}
	}
}

func TestAnyShapeIsUnited(t *testing.T) {
	seeds := 50
	if long() {
		seeds = 5000
	}
	for seed := range seeds {
		s := randomShape(rand.New(rand.NewPCG(uint64(seed), 7)))
		judge(t, &s, drawn(&s, 24, 6))
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, s)
		}
	}
}

// Glyphs of mononoki have contours drawn in either direction: which does not matter.
func TestDirectionDoesNotMatter(t *testing.T) {
	for _, gl := range loadGlyphs(t, 0) {
		back := Shape{}
		for _, c := range gl.shape.Contours {
			back.Contours = append(back.Contours, reversed(c))
		}
		a, b := drawn(&gl.shape, 48, 6), drawn(&back, 48, 6)
		differ := 0
		for y := range a.h {
			for x := range a.w {
				if math.Abs(a.medianAt(x, y)-b.medianAt(x, y)) > 0.05 {
					differ++
				}
				if math.Abs(a.alphaAt(x, y)-b.alphaAt(x, y)) > 1.5/255 {
					t.Fatalf("%q at %d, %d: covered %.3f and %.3f", gl.r, x, y, a.alphaAt(x, y), b.alphaAt(x, y))
				}
			}
		}
		// Other colours, other texels are levelled.
		if differ*100 > a.w*a.h {
			t.Errorf("%q: %d of %d medians differ", gl.r, differ, a.w*a.h)
		}
	}
}

func TestDrawKeepsToItsPicture(t *testing.T) {
	s := Shape{[][]Segment{circle(Quad, 8, Point{0.3, 0.3}, 0.8)}}
	var g Generator
	const w, h, stride = 13, 9, 4*13 + 8
	dst := bytes.Repeat([]byte{0xa5}, stride*h)
	g.Draw(dst, stride, w, h, &s, Params{Scale: 12, Range: 4})
	for y := range h {
		for _, b := range dst[y*stride+4*w : (y+1)*stride] {
			if b != 0xa5 {
				t.Fatalf("row %d: bytes behind the picture were written", y)
			}
		}
	}
}

func TestDrawDoesNotAllocate(t *testing.T) {
	gs := loadGlyphs(t, 1)
	var g Generator
	pix := make([]byte, 4*128*128)
	all := func() {
		for i := range gs {
			w, h, p := frame(&gs[i].shape, 48, 6)
			g.Draw(pix, 4*w, w, h, &gs[i].shape, p)
		}
	}
	all()
	if n := testing.AllocsPerRun(1, all); n != 0 {
		t.Errorf("%v allocations for %d glyphs that were drawn before", n, len(gs))
	}
}
