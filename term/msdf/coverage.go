package msdf

import "math"

// flatness is how far, in texels, lines are from the curves whose area they bound: a
// fifth of what eight bits tell apart.
const flatness = 1.0 / 1280

// An area is the covered part of each texel. Lines leave in each row the change of
// coverage from a texel to the next, whose sums are areas (as in Raph Levien's
// font-rs): exact where the outline goes round everything once.
type area struct {
	w, h, stride int
	change       []float32
}

func (a *area) reset(w, h int) {
	a.w, a.h, a.stride = w, h, w+2
	a.change = resize(a.change, a.stride*h)
	clear(a.change)
}

// addEdge adds a curve.
func (a *area) addEdge(e *edge) {
	if e.hi.Y <= 0 || e.lo.Y >= float64(a.h) || e.lo.X >= float64(a.w) {
		return
	}
	if e.hi.X <= 0 {
		// Only its height matters.
		a.addLine(Point{0, e.p[0].Y}, Point{0, e.end.Y})
		return
	}
	// The second derivative bounds the number of lines.
	n := 1
	switch e.kind {
	case Quad:
		n = lines(e.br.length() * 2)
	case Cubic:
		l := e.p[2].sub(e.p[1]).sub(e.ab).length()
		r := e.p[3].sub(e.p[2]).sub(e.p[2].sub(e.p[1])).length()
		n = lines(6 * max(l, r))
	}
	from := e.p[0]
	for i := 1; i <= n; i++ {
		to := e.end
		if i < n {
			to = at(e.kind, &e.p, float64(i)/float64(n))
		}
		a.addLine(from, to)
		from = to
	}
}

// maxLines bounds the lines of a curve. Only one of a million texels needs as many.
const maxLines = 1024

func lines(second float64) int {
	return max(1, min(maxLines, int(math.Ceil(math.Sqrt(second/(8*flatness))))))
}

// addLine cuts a line at the picture's left and right side.
func (a *area) addLine(p, q Point) {
	w := float64(a.w)
	switch {
	case p.X <= 0 && q.X <= 0:
		a.addInner(Point{0, p.Y}, Point{0, q.Y})
		return
	case p.X >= w && q.X >= w:
		return
	}
	for _, x := range [2]float64{0, w} {
		if (p.X < x) != (q.X < x) && p.X != x && q.X != x {
			m := Point{x, p.Y + (x-p.X)*(q.Y-p.Y)/(q.X-p.X)}
			a.addLine(p, m)
			a.addLine(m, q)
			return
		}
	}
	a.addInner(p, q)
}

func (a *area) addInner(p, q Point) {
	sign := float32(-1)
	if p.Y > q.Y {
		sign = 1
		p, q = q, p
	}
	if p.Y == q.Y || q.Y <= 0 || p.Y >= float64(a.h) {
		return
	}
	slope := (q.X - p.X) / (q.Y - p.Y)
	y, x := p.Y, p.X
	if y < 0 {
		x -= y * slope
		y = 0
	}
	w := float64(a.w)
	for row := int(y); row < a.h && y < q.Y; row++ {
		y1 := min(float64(row+1), q.Y)
		x1 := max(0, min(w, x+(y1-y)*slope))
		a.addRow(a.change[row*a.stride:(row+1)*a.stride], sign*float32(y1-y), float32(min(x, x1)), float32(max(x, x1)))
		x, y = x1, y1
	}
}

// addRow adds a line of height d between l and r in one row of texels.
func (a *area) addRow(row []float32, d, l, r float32) {
	i := int(l)
	first := float32(i)
	if r <= first+1 {
		m := 0.5*(l+r) - first
		row[i] += d * (1 - m)
		row[i+1] += d * m
		return
	}
	// A trapezoid over several texels: a triangle in the first and in the last one.
	s := 1 / (r - l)
	lf := l - first
	last := int(math.Ceil(float64(r)))
	rf := r - float32(last) + 1
	a0, am := 0.5*s*(1-lf)*(1-lf), 0.5*s*rf*rf
	row[i] += d * a0
	if last == i+2 {
		row[i+1] += d * (1 - a0 - am)
	} else {
		a1 := s * (1.5 - lf)
		row[i+1] += d * (a1 - a0)
		for j := i + 2; j < last-1; j++ {
			row[j] += d * s
		}
		a2 := a1 + float32(last-i-3)*s
		row[last-1] += d * (1 - a2 - am)
	}
	row[last] += d * am
}

// sum turns changes into areas: those of row y stand at its beginning.
func (a *area) sum() {
	for y := range a.h {
		row := a.change[y*a.stride : (y+1)*a.stride]
		var s float32
		for i := range row {
			s += row[i]
			row[i] = max(0, min(1, s))
		}
	}
}

func (a *area) at(x, y int) float32 { return a.change[y*a.stride+x] }

// A winder finds what a shape fills by the non-zero winding alone, at points: every
// edge leaves, in each row of points, a change where it is passed.
type winder struct {
	change []int32
}

// draw counts at a point in each of w by h cells, of which a texel has n by n: its
// middle where n is 1.
func (d *winder) draw(w, h, n int, edges []edge) {
	stride := w + 1
	d.change = resize(d.change, stride*h)
	clear(d.change)
	f := float64(n)
	for i := range edges {
		e := &edges[i]
		if e.lo.X*f > float64(w) {
			continue
		}
		turn := int32(1)
		if e.end.Y > e.p[0].Y {
			turn = -1
		}
		for y := int(max(0, math.Ceil(min(e.lo.Y*f-0.5, float64(h))))); y < h; y++ {
			at := (float64(y) + 0.5) / f
			if at >= e.hi.Y {
				break
			}
			// Rows of a texel are shifted against each other, lest points stand in line
			// with what they sample; 5 takes every step of an even n that is no multiple.
			shift := (float64(5*y%n) + 0.5) / f
			x := 0
			if e.hi.X*f > shift {
				x = int(max(0, min(float64(w), math.Ceil(e.xAt(at)*f-shift))))
			}
			d.change[y*stride+x] += turn
		}
	}
	for y := range h {
		row := d.change[y*stride : (y+1)*stride]
		sum := int32(0)
		for x := range row {
			sum += row[x]
			row[x] = sum
		}
	}
}

// inside tells for the texels' middles whether they are filled.
func (d *winder) inside(inside []bool, w, h int, edges []edge) {
	d.draw(w, h, 1, edges)
	for y := range h {
		for x := range w {
			inside[y*w+x] = d.change[y*(w+1)+x] != 0
		}
	}
}

// samples is the side of the square of points a texel that stand for its area.
const samples = 8

// cover finds coverage of edges that could not be united, from points.
func (d *winder) cover(a *area, edges []edge) {
	w, h := a.w*samples, a.h*samples
	d.draw(w, h, samples, edges)
	clear(a.change)
	for y := range h {
		row := a.change[y/samples*a.stride:]
		for x := range w {
			if d.change[y*(w+1)+x] != 0 {
				row[x/samples] += 1.0 / (samples * samples)
			}
		}
	}
}
