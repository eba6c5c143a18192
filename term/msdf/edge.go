package msdf

import "math"

// colour is a set of channels.
type colour uint8

const (
	red colour = 1 << iota
	green
	blue
	yellow  = red | green
	magenta = red | blue
	cyan    = green | blue
	white   = red | green | blue
)

// An edge is a piece of the outline in texels, monotone in X and in Y, so that its
// ends are the corners of its box. What is filled lies on its left.
type edge struct {
	p      [4]Point
	kind   Kind
	colour colour
	// contour is the contour of the shape it comes from.
	contour int32
	lo, hi  Point // box
	end     Point
	// d0 and d1 are the directions at its ends, unit vectors.
	d0, d1 Point
	// Of the derivative's square: see quadDistance. For a line a is 1/length².
	ab, br  Point
	a, b, c float64
}

// prepare computes what derives from the points.
func (e *edge) prepare() {
	e.end = e.p[e.kind.last()]
	e.lo = Point{math.Min(e.p[0].X, e.end.X), math.Min(e.p[0].Y, e.end.Y)}
	e.hi = Point{math.Max(e.p[0].X, e.end.X), math.Max(e.p[0].Y, e.end.Y)}
	e.d0, e.d1 = startDirection(e.kind, &e.p), endDirection(e.kind, &e.p)
	e.ab = e.p[1].sub(e.p[0])
	switch e.kind {
	case Line:
		e.a = 1 / e.ab.dot(e.ab)
	case Quad:
		e.br = e.p[2].sub(e.p[1]).sub(e.ab)
		e.a = e.br.dot(e.br)
		e.b = 3 * e.ab.dot(e.br)
		e.c = 2 * e.ab.dot(e.ab)
	}
}

func (e *edge) reverse() {
	switch e.kind {
	case Line:
		e.p[0], e.p[1] = e.p[1], e.p[0]
	case Quad:
		e.p[0], e.p[2] = e.p[2], e.p[0]
	case Cubic:
		e.p[0], e.p[1], e.p[2], e.p[3] = e.p[3], e.p[2], e.p[1], e.p[0]
	}
	e.prepare()
}

// boxDistance2 is the square of the distance from p to the edge's box, which no
// point of the edge is nearer than.
func (e *edge) boxDistance2(p Point) float64 {
	dx := max(e.lo.X-p.X, p.X-e.hi.X, 0)
	dy := max(e.lo.Y-p.Y, p.Y-e.hi.Y, 0)
	return dx*dx + dy*dy
}

// A reach is how an edge lies from a point.
type reach struct {
	// d is the distance; positive on the filled side.
	d float64
	// slant is the cosine of the angle between the edge and the way to it: of two
	// edges that share the nearest point, the less slanted one decides the side.
	slant float64
	// beyond is -1 where the nearest point is the edge's beginning, 1 where it is
	// its end, and 0 else.
	beyond int8
}

// reach finds the nearest point of the edge.
func (e *edge) reach(p Point) reach {
	ap := p.sub(e.p[0])
	var t, d2 float64 // of the nearest point within, if any
	d2 = math.Inf(1)
	switch e.kind {
	case Line:
		t = ap.dot(e.ab) * e.a
		if t > 0 && t < 1 {
			return reach{d: e.d0.cross(ap)}
		}
	case Quad:
		t, d2 = e.quadNearest(ap)
	default:
		t, d2 = e.cubicNearest(p)
	}
	// The ends are measured alike for every kind: edges that share one agree to the
	// last bit.
	bp := p.sub(e.end)
	a2, b2 := ap.dot(ap), bp.dot(bp)
	if d2 < a2 && d2 < b2 {
		q := p.sub(at(e.kind, &e.p, t))
		var tangent Point
		if e.kind == Quad {
			tangent = e.ab.add(e.br.mul(t))
		} else {
			tangent = cubicTangent(&e.p, t)
		}
		return reach{d: math.Copysign(math.Sqrt(d2), tangent.cross(q))}
	}
	r := reach{beyond: -1}
	q, dir, l := ap, e.d0, a2
	if b2 < a2 {
		r.beyond = 1
		q, dir, l = bp, e.d1, b2
	}
	l = math.Sqrt(l)
	r.d = math.Copysign(l, dir.cross(q))
	if l > 0 {
		r.slant = math.Abs(dir.dot(q)) / l
	}
	return r
}

// extended is the distance to the edge as if it went on straight beyond its ends
// (the thesis's pseudo-distance).
func (e *edge) extended(p Point, r reach) float64 {
	var pd float64
	switch r.beyond {
	case -1:
		ap := p.sub(e.p[0])
		if ap.dot(e.d0) >= 0 {
			return r.d
		}
		pd = e.d0.cross(ap)
	case 1:
		bp := p.sub(e.end)
		if bp.dot(e.d1) <= 0 {
			return r.d
		}
		pd = e.d1.cross(bp)
	default:
		return r.d
	}
	if math.Abs(pd) <= math.Abs(r.d) {
		return pd
	}
	return r.d
}

// quadNearest finds the nearest point strictly within a quadratic curve. With
// q(t) = -ap + 2·t·ab + t²·br, q·q' = 0 is a cubic equation in t.
func (e *edge) quadNearest(ap Point) (t, d2 float64) {
	c := e.c - ap.dot(e.br)
	d := -ap.dot(e.ab)
	var roots [3]float64
	n := cubicRoots(&roots, e.a, e.b, c, d)
	d2 = math.Inf(1)
	for _, r := range roots[:n] {
		if r <= 0 || r >= 1 {
			continue
		}
		x := ap.X - r*(2*e.ab.X+r*e.br.X)
		y := ap.Y - r*(2*e.ab.Y+r*e.br.Y)
		if l := x*x + y*y; l < d2 {
			t, d2 = r, l
		}
	}
	return t, d2
}

// cubicRoots solves a·x³ + b·x² + c·x + d = 0 for real x (Viète, Cardano). A curve
// that is all but straight is solved as a quadratic equation.
func cubicRoots(x *[3]float64, a, b, c, d float64) int {
	if math.Abs(a) < 1e-7*(math.Abs(b)+math.Abs(c)) || a == 0 {
		var n int
		x[0], x[1], n = quadraticRoots(b, c, d)
		return n
	}
	i := 1 / a
	b, c, d = b*i, c*i, d*i
	b3 := b * (1.0 / 3)
	q := b3*b3 - c*(1.0/3)
	r := b3*(b3*b3-0.5*c) + 0.5*d
	q3 := q * q * q
	if r*r < q3 {
		s := math.Sqrt(q)
		m := -2 * s
		// cos θ/3 by its own half of the equation is a Newton step away from exact.
		th := math.Acos(max(-1, min(1, r/(q*s)))) * (1.0 / 3)
		sin, cos := math.Sincos(th)
		const h = 0.8660254037844386 // sin 120°
		x[0] = m*cos - b3
		x[1] = m*(-0.5*cos-h*sin) - b3
		x[2] = m*(-0.5*cos+h*sin) - b3
		return 3
	}
	u := math.Cbrt(math.Abs(r) + math.Sqrt(r*r-q3))
	if r > 0 {
		u = -u
	}
	v := 0.0
	if u != 0 {
		v = q / u
	}
	x[0] = u + v - b3
	if u == v || math.Abs(u-v) < 1e-12*math.Abs(u+v) {
		x[1] = -0.5*(u+v) - b3
		return 2
	}
	return 1
}

func cubicTangent(p *[4]Point, t float64) Point {
	u := 1 - t
	d := p[1].sub(p[0]).mul(u * u).add(p[2].sub(p[1]).mul(2 * u * t)).add(p[3].sub(p[2]).mul(t * t))
	if d == (Point{}) {
		return p[3].sub(p[0])
	}
	return d
}

// Newton's method finds the points of a cubic curve where the way to p is square to
// it. A piece without a turn in X and Y has few, and these many starts find them.
const (
	cubicStarts = 4
	cubicSteps  = 5
)

func (e *edge) cubicNearest(p Point) (t, d2 float64) {
	// b(t) - p = q + 3·a·t + 3·b·t² + c·t³
	q := e.p[0].sub(p)
	a := e.p[1].sub(e.p[0])
	b := e.p[2].sub(e.p[1]).sub(a)
	c := e.p[3].sub(e.p[2]).sub(e.p[2].sub(e.p[1])).sub(b)
	d2 = math.Inf(1)
	for i := range cubicStarts + 1 {
		r := float64(i) / cubicStarts
		for step := range cubicSteps + 1 {
			v := Point{q.X + r*(3*a.X+r*(3*b.X+r*c.X)), q.Y + r*(3*a.Y+r*(3*b.Y+r*c.Y))}
			if r > 0 && r < 1 {
				if l := v.dot(v); l < d2 {
					t, d2 = r, l
				}
			}
			if step == cubicSteps {
				break
			}
			d1 := Point{a.X + r*(2*b.X+r*c.X), a.Y + r*(2*b.Y+r*c.Y)} // over 3
			dd := Point{2 * (b.X + r*c.X), 2 * (b.Y + r*c.Y)}         // over 3
			den := 3*d1.dot(d1) + v.dot(dd)
			if den == 0 {
				break
			}
			s := r - v.dot(d1)/den
			if !(s > -0.5 && s < 1.5) || math.Abs(s-r) < 1e-9 {
				break
			}
			r = s
		}
	}
	return t, d2
}

// xAt is where the edge is at height y, which lies within its box.
func (e *edge) xAt(y float64) float64 {
	p := &e.p
	if e.kind == Line {
		if y == e.end.Y {
			return e.end.X
		}
		return p[0].X + (y-p[0].Y)*(e.end.X-p[0].X)/(e.end.Y-p[0].Y)
	}
	return at(e.kind, p, e.tAt(y)).X
}

// tAt solves Y(t) = y on a monotone curve.
func (e *edge) tAt(y float64) float64 {
	p := &e.p
	if e.kind == Quad {
		c := p[0].Y - y
		b := 2 * e.ab.Y
		r0, r1, n := quadraticRoots(e.br.Y, b, c)
		t := r0
		// Of two roots the one in the unit interval, or the nearest to it.
		if n == 2 && math.Abs(r1-0.5) < math.Abs(r0-0.5) {
			t = r1
		}
		if n > 0 {
			return max(0, min(1, t))
		}
	}
	return cubicAt(p[0].Y-y, p[1].Y-y, p[2].Y-y, p[3].Y-y)
}

// cubicAt finds where a monotone cubic polynomial in Bernstein form is zero: Newton's
// steps, and halvings where they would leave the interval that holds the root.
func cubicAt(p0, p1, p2, p3 float64) float64 {
	a, b := 3*(p1-p0), 3*(p2-2*p1+p0)
	c := p3 - p0 - 3*(p2-p1)
	up := p3 > p0
	lo, hi := 0.0, 1.0
	t := max(0, min(1, p0/(p0-p3)))
	// Halvings alone would tell points of a curve of 1e6 texels apart to 1e-6.
	for range 40 {
		v := p0 + t*(a+t*(b+t*c))
		if (v < 0) == up {
			lo = t
		} else {
			hi = t
		}
		s := t - v/(a+t*(2*b+t*3*c))
		if !(s > lo && s < hi) {
			s = 0.5 * (lo + hi)
		}
		if math.Abs(s-t) < 1e-10 {
			return s
		}
		t = s
	}
	return t
}
