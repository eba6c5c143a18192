package msdf

import "math"

// The outline is worked on in texels.
const (
	// joinEps is the distance within which points are one: far below what eight bits
	// a channel show, far above the rounding of intersections.
	joinEps = 1e-6
	// flatEps is how far a curve may bulge and still be cut as a line.
	flatEps = 1e-8
	// sideStep is how far to either side of a piece its winding is looked up. What
	// is thinner is not seen.
	sideStep = 1e-4
)

// Budgets that end the work on an outline made to cost; it is then drawn from its
// coverage alone. A glyph of sixty curves needs less than a hundredth of each.
const (
	maxCompared = 1 << 24 // pairs of boxes, about 50 ms
	maxMeetings = 1 << 21 // steps of intersections, about 100 ms
	maxCuts     = 1 << 14
	maxCrossed  = 1 << 26 // edges passed in windings, about 200 ms
)

// An outline makes of a shape the edges of what it fills: contours that overlap or
// cross themselves are united, what lies within is dropped, and every edge has the
// filled side on its left, whichever way it was drawn.
type outline struct {
	// raw are the edges as drawn, in contours without gaps.
	raw []edge
	// touched tells for a contour whether it meets another one or itself.
	touched []bool
	// edges are the united ones, in loops.
	edges []edge
	loops []loop

	ends    []int32 // of the contours in raw
	order   []int32
	cuts    []cut
	pieces  []edge
	starts  []int32
	used    []bool
	corners []int32

	compared, meetings, crossed int
}

// A loop is edges[from:to], each beginning where the one before it ends.
type loop struct{ from, to int32 }

// A cut is where an edge meets another one.
type cut struct {
	edge int32
	t    float64
	p    Point
}

// load takes the shape over in texels.
func (o *outline) load(s *Shape, p Params) {
	o.raw, o.ends = o.raw[:0], o.ends[:0]
	place := func(q Point) Point {
		return Point{(q.X - p.Origin.X) * p.Scale, (q.Y - p.Origin.Y) * p.Scale}
	}
	for i, c := range s.Contours {
		from := len(o.raw)
		var begin, pen Point
		for j := range c {
			g := &c[j]
			var q [4]Point
			for k := range g.Kind.last() + 1 {
				q[k] = place(g.P[k])
			}
			if j == 0 {
				begin = q[0]
			} else if q[0] != pen {
				o.put(int32(i), Line, [4]Point{pen, q[0]})
			}
			pen = q[g.Kind.last()]
			o.put(int32(i), g.Kind, q)
		}
		if pen != begin {
			o.put(int32(i), Line, [4]Point{pen, begin})
		}
		if len(o.raw) > from {
			o.ends = append(o.ends, int32(len(o.raw)))
		}
	}
}

// put appends a curve in monotone pieces.
func (o *outline) put(contour int32, k Kind, p [4]Point) {
	var ts [4]float64
	n := extremes(k, &p, &ts)
	done := 0.0
	for i := 0; i <= n; i++ {
		q := p
		if i < n {
			t := (ts[i] - done) / (1 - done)
			if !(t > 1e-9 && t < 1-1e-9) {
				continue
			}
			q, p = split(k, &p, t)
			done = ts[i]
		}
		kind := k
		if kind != Line && bulge(kind, &q) < 1e-9 {
			q[1] = q[kind.last()]
			kind = Line
		}
		if kind == Line && q[0] == q[1] {
			continue
		}
		o.raw = append(o.raw, edge{p: q, kind: kind, contour: contour})
		o.raw[len(o.raw)-1].prepare()
	}
}

// bulge bounds how far a curve is from its chord.
func bulge(k Kind, p *[4]Point) float64 {
	if k == Line {
		return 0
	}
	end := p[k.last()]
	chord := end.sub(p[0])
	l := chord.length()
	if l == 0 {
		b := p[1].sub(p[0]).length()
		if k == Cubic {
			b = max(b, p[2].sub(p[0]).length())
		}
		return b
	}
	b := math.Abs(chord.cross(p[1].sub(p[0]))) / l
	if k == Cubic {
		b = max(b, math.Abs(chord.cross(p[2].sub(p[0])))/l)
	}
	return b
}

// resize returns a slice of n elements, s's own where it has room.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
