package msdf

import "math"

func (p Point) add(q Point) Point       { return Point{p.X + q.X, p.Y + q.Y} }
func (p Point) sub(q Point) Point       { return Point{p.X - q.X, p.Y - q.Y} }
func (p Point) mul(f float64) Point     { return Point{p.X * f, p.Y * f} }
func (p Point) dot(q Point) float64     { return p.X*q.X + p.Y*q.Y }
func (p Point) cross(q Point) float64   { return p.X*q.Y - p.Y*q.X }
func (p Point) length() float64         { return math.Sqrt(p.X*p.X + p.Y*p.Y) }
func lerp(p, q Point, t float64) Point  { return Point{p.X + t*(q.X-p.X), p.Y + t*(q.Y-p.Y)} }
func near(p, q Point, eps float64) bool { return math.Abs(p.X-q.X) <= eps && math.Abs(p.Y-q.Y) <= eps }
func (p Point) unit() Point {
	if l := p.length(); l > 0 {
		return Point{p.X / l, p.Y / l}
	}
	return Point{}
}

// at is the point of a curve at t.
func at(k Kind, p *[4]Point, t float64) Point {
	switch k {
	case Line:
		return lerp(p[0], p[1], t)
	case Quad:
		return lerp(lerp(p[0], p[1], t), lerp(p[1], p[2], t), t)
	}
	m := lerp(p[1], p[2], t)
	return lerp(lerp(lerp(p[0], p[1], t), m, t), lerp(m, lerp(p[2], p[3], t), t), t)
}

// startDirection is the direction in which a curve leaves P[0]: towards the first
// point that differs from it. Zero for a curve that is a point.
func startDirection(k Kind, p *[4]Point) Point {
	for i := 1; i <= k.last(); i++ {
		if d := p[i].sub(p[0]); d != (Point{}) {
			return d.unit()
		}
	}
	return Point{}
}

func endDirection(k Kind, p *[4]Point) Point {
	n := k.last()
	for i := n - 1; i >= 0; i-- {
		if d := p[n].sub(p[i]); d != (Point{}) {
			return d.unit()
		}
	}
	return Point{}
}

// split cuts a curve at t (de Casteljau).
func split(k Kind, p *[4]Point, t float64) (a, b [4]Point) {
	switch k {
	case Line:
		m := lerp(p[0], p[1], t)
		a[0], a[1] = p[0], m
		b[0], b[1] = m, p[1]
	case Quad:
		l, r := lerp(p[0], p[1], t), lerp(p[1], p[2], t)
		m := lerp(l, r, t)
		a[0], a[1], a[2] = p[0], l, m
		b[0], b[1], b[2] = m, r, p[2]
	default:
		l, c, r := lerp(p[0], p[1], t), lerp(p[1], p[2], t), lerp(p[2], p[3], t)
		lc, cr := lerp(l, c, t), lerp(c, r, t)
		m := lerp(lc, cr, t)
		a = [4]Point{p[0], l, lc, m}
		b = [4]Point{m, cr, r, p[3]}
	}
	return a, b
}

// extremes finds where, strictly within a curve, X or Y turns; t is in order.
func extremes(k Kind, p *[4]Point, t *[4]float64) int {
	n := 0
	put := func(r float64) {
		if r > 0 && r < 1 {
			t[n] = r
			n++
		}
	}
	switch k {
	case Quad:
		d0, d1 := p[1].sub(p[0]), p[2].sub(p[1])
		put(d0.X / (d0.X - d1.X))
		put(d0.Y / (d0.Y - d1.Y))
	case Cubic:
		d0, d1, d2 := p[1].sub(p[0]), p[2].sub(p[1]), p[3].sub(p[2])
		for _, d := range [2][3]float64{{d0.X, d1.X, d2.X}, {d0.Y, d1.Y, d2.Y}} {
			// The derivative in Bernstein form, over 3.
			r0, r1, m := quadraticRoots(d[0]-2*d[1]+d[2], 2*(d[1]-d[0]), d[0])
			if m > 0 {
				put(r0)
			}
			if m > 1 {
				put(r1)
			}
		}
	}
	for i := 1; i < n; i++ {
		for j := i; j > 0 && t[j] < t[j-1]; j-- {
			t[j], t[j-1] = t[j-1], t[j]
		}
	}
	return n
}

// quadraticRoots solves a·x² + b·x + c = 0 without cancellation; n roots are real.
func quadraticRoots(a, b, c float64) (r0, r1 float64, n int) {
	if math.Abs(a) < 1e-12*math.Abs(b) || a == 0 {
		if b == 0 {
			return 0, 0, 0
		}
		return -c / b, 0, 1
	}
	d := b*b - 4*a*c
	if d < 0 {
		return 0, 0, 0
	}
	q := -0.5 * (b + math.Copysign(math.Sqrt(d), b))
	if q == 0 {
		return 0, 0, 1
	}
	return q / a, c / q, 2
}
