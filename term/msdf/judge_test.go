package msdf

import (
	"math"
	"slices"
)

// polygon is a shape in straight lines: another way to fill it, which shares no code
// with the one it judges.
type polygon [][2]Point

func polygonOf(s *Shape) polygon { return polygonIn(s, 48) }

// polygonIn cuts a curve in so many lines.
func polygonIn(s *Shape, lines int) polygon {
	var g polygon
	for _, c := range s.Contours {
		var begin, pen Point
		for i, seg := range c {
			if i == 0 {
				begin = seg.P[0]
			} else if pen != seg.P[0] {
				g = append(g, [2]Point{pen, seg.P[0]})
			}
			n := 1
			if seg.Kind != Line {
				n = lines
			}
			pen = seg.P[0]
			for k := 1; k <= n; k++ {
				t := float64(k) / float64(n)
				u := 1 - t
				var q Point
				p := seg.P
				switch seg.Kind {
				case Line:
					q = p[1]
				case Quad:
					q = Point{u*u*p[0].X + 2*u*t*p[1].X + t*t*p[2].X, u*u*p[0].Y + 2*u*t*p[1].Y + t*t*p[2].Y}
				case Cubic:
					q = Point{u*u*u*p[0].X + 3*u*u*t*p[1].X + 3*u*t*t*p[2].X + t*t*t*p[3].X,
						u*u*u*p[0].Y + 3*u*u*t*p[1].Y + 3*u*t*t*p[2].Y + t*t*t*p[3].Y}
				}
				g = append(g, [2]Point{pen, q})
				pen = q
			}
		}
		if pen != begin {
			g = append(g, [2]Point{pen, begin})
		}
	}
	return g
}

// A crossing is where a line of a polygon crosses a horizontal one.
type crossing struct {
	x   float64
	dir int
}

// crossings lists where a horizontal line meets the polygon, from left to right.
func (g polygon) crossings(y float64, into []crossing) []crossing {
	into = into[:0]
	for _, l := range g {
		a, b, dir := l[0], l[1], 1
		if a.Y > b.Y {
			a, b, dir = b, a, -1
		}
		if y < a.Y || y >= b.Y {
			continue
		}
		into = append(into, crossing{a.X + (y-a.Y)/(b.Y-a.Y)*(b.X-a.X), dir})
	}
	slices.SortFunc(into, func(a, b crossing) int {
		if a.x < b.x {
			return -1
		} else if a.x > b.x {
			return 1
		}
		return 0
	})
	return into
}

// fill is the covered part of each pixel, bottom row first: exact in X, by 32 lines a
// pixel in Y. The pixel at the lower left begins at x0, y0 (pixels).
func (g polygon) fill(em float64, x0, y0, w, h int) []float64 { return g.fillBy(32, em, x0, y0, w, h) }

func (g polygon) fillBy(lines int, em float64, x0, y0, w, h int) []float64 {
	out := make([]float64, w*h)
	// What each row of pixels may meet.
	rows := make([]polygon, h)
	for _, l := range g {
		low, high := math.Floor(min(l[0].Y, l[1].Y)*em)-float64(y0), math.Floor(max(l[0].Y, l[1].Y)*em)-float64(y0)
		for y := int(max(low-1, 0)); y <= int(min(high+1, float64(h-1))); y++ {
			rows[y] = append(rows[y], l)
		}
	}
	var cs []crossing
	for y := range h {
		for k := range lines {
			cs = rows[y].crossings((float64(y0+y)+(float64(k)+0.5)/float64(lines))/em, cs)
			n, from := 0, 0.0
			for _, c := range cs {
				before := n
				n += c.dir
				x := c.x*em - float64(x0)
				if before == 0 {
					from = x
				} else if n == 0 {
					for i := max(0, int(math.Floor(from))); i < w && float64(i) < x; i++ {
						out[y*w+i] += (min(x, float64(i+1)) - max(from, float64(i))) / float64(lines)
					}
				}
			}
		}
	}
	return out
}

// inside tells whether the polygon is filled at p.
func (g polygon) inside(p Point) bool {
	n := 0
	for _, l := range g {
		a, b, dir := l[0], l[1], 1
		if a.Y > b.Y {
			a, b, dir = b, a, -1
		}
		if p.Y >= a.Y && p.Y < b.Y && a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) <= p.X {
			n += dir
		}
	}
	return n != 0
}

// distance is that from p to the nearest line of the polygon.
func (g polygon) distance(p Point) float64 {
	best := math.Inf(1)
	for _, l := range g {
		d := Point{l[1].X - l[0].X, l[1].Y - l[0].Y}
		q := Point{p.X - l[0].X, p.Y - l[0].Y}
		t := 0.0
		if n := d.X*d.X + d.Y*d.Y; n > 0 {
			t = max(0, min(1, (q.X*d.X+q.Y*d.Y)/n))
		}
		best = min(best, math.Hypot(q.X-t*d.X, q.Y-t*d.Y))
	}
	return best
}

// A picture is what Draw made, with how it was asked for.
type picture struct {
	pix  []byte
	w, h int
	p    Params
}

// sample is the median at a point in ems as a shader finds it: the texels around it
// interpolated, clamped at the border; 0.5 is the edge.
func (m *picture) sample(at Point) float64 {
	x := (at.X-m.p.Origin.X)*m.p.Scale - 0.5
	y := float64(m.h) - (at.Y-m.p.Origin.Y)*m.p.Scale - 0.5
	x, y = max(0, min(float64(m.w-1), x)), max(0, min(float64(m.h-1), y))
	i, j := min(int(x), m.w-2), min(int(y), m.h-2)
	fx, fy := x-float64(i), y-float64(j)
	var c [3]float64
	for k := range c {
		v := func(i, j int) float64 { return float64(m.pix[4*(j*m.w+i)+k]) / 255 }
		c[k] = (1-fy)*((1-fx)*v(i, j)+fx*v(i+1, j)) + fy*((1-fx)*v(i, j+1)+fx*v(i+1, j+1))
	}
	slices.Sort(c[:])
	return c[1]
}

// render draws the field at em pixels, bottom row first, as the text pass does.
func (m *picture) render(em float64, x0, y0, w, h int) []float64 {
	out := make([]float64, w*h)
	rng := m.p.Range * em / m.p.Scale
	for y := range h {
		for x := range w {
			v := m.sample(Point{(float64(x0+x) + 0.5) / em, (float64(y0+y) + 0.5) / em})
			out[y*w+x] = max(0, min(1, (v-0.5)*rng+0.5))
		}
	}
	return out
}
