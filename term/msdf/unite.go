package msdf

import (
	"math"
	"slices"
)

// unite makes edges and loops. False: the outline costs too much to unite.
func (o *outline) unite() bool {
	o.edges, o.loops, o.cuts, o.pieces = o.edges[:0], o.loops[:0], o.cuts[:0], o.pieces[:0]
	o.compared, o.meetings, o.crossed = 0, 0, 0
	contours := int32(0)
	for i := range o.raw {
		contours = max(contours, o.raw[i].contour+1)
	}
	o.touched = resize(o.touched, int(contours))
	clear(o.touched)
	if !o.findCuts() {
		return false
	}
	from := int32(0)
	for _, to := range o.ends {
		if !o.touched[o.raw[from].contour] {
			o.keepContour(from, to)
		} else {
			o.cutContour(from, to)
		}
		from = to
	}
	if o.crossed > maxCrossed {
		return false
	}
	o.chain()
	return true
}

// winding counts how often the shape goes round p counter-clockwise.
func (o *outline) winding(p Point) int {
	n := 0
	o.crossed += len(o.raw)
	if o.crossed > maxCrossed {
		return 0
	}
	for i := range o.raw {
		e := &o.raw[i]
		if p.Y < e.lo.Y || p.Y >= e.hi.Y || p.X < e.lo.X {
			continue
		}
		// The ray goes to the left.
		if p.X < e.hi.X && e.xAt(p.Y) > p.X {
			continue
		}
		if e.end.Y > e.p[0].Y {
			n--
		} else {
			n++
		}
	}
	return n
}

// side tells on which side of an edge the shape is filled: 1 on its left, -1 on its
// right, 0 on both or neither.
func (o *outline) side(e *edge) int {
	m := at(e.kind, &e.p, 0.5)
	var dir Point
	switch e.kind {
	case Line:
		dir = e.d0
	case Quad:
		dir = e.p[2].sub(e.p[0]).unit()
	default:
		dir = cubicTangent(&e.p, 0.5).unit()
	}
	step := min(sideStep, e.end.sub(e.p[0]).length()/8)
	n := Point{-dir.Y * step, dir.X * step}
	left, right := o.winding(m.add(n)) != 0, o.winding(m.sub(n)) != 0
	switch {
	case left == right:
		return 0
	case left:
		return 1
	}
	return -1
}

// keepContour takes a contour that meets nothing: the winding on its sides is the
// same all along.
func (o *outline) keepContour(from, to int32) {
	longest, l := from, -1.0
	for i := from; i < to; i++ {
		if d := o.raw[i].end.sub(o.raw[i].p[0]).length(); d > l {
			longest, l = i, d
		}
	}
	switch o.side(&o.raw[longest]) {
	case 0:
		return
	case 1:
		o.edges = append(o.edges, o.raw[from:to]...)
	case -1:
		for i := to - 1; i >= from; i-- {
			o.edges = append(o.edges, o.raw[i])
			o.edges[len(o.edges)-1].reverse()
		}
	}
	o.loops = append(o.loops, loop{int32(len(o.edges)) - (to - from), int32(len(o.edges))})
}

// cutContour cuts a contour where it meets others and keeps the pieces that have
// the filled side on one side.
func (o *outline) cutContour(from, to int32) {
	next, _ := slices.BinarySearchFunc(o.cuts, from, func(c cut, e int32) int { return int(c.edge - e) })
	for i := from; i < to; i++ {
		e := &o.raw[i]
		rest, begin, done := e.p, e.p[0], 0.0
		for ; next < len(o.cuts) && o.cuts[next].edge == i; next++ {
			c := o.cuts[next]
			if near(c.p, begin, joinEps) || c.t <= done || c.t >= 1 {
				continue
			}
			var head [4]Point
			head, rest = split(e.kind, &rest, (c.t-done)/(1-done))
			head[e.kind.last()], rest[0] = c.p, c.p
			o.keepPiece(e, head)
			begin, done = c.p, c.t
		}
		o.keepPiece(e, rest)
	}
}

func (o *outline) keepPiece(e *edge, p [4]Point) {
	piece := edge{p: p, kind: e.kind, contour: e.contour}
	if p[0] == p[e.kind.last()] {
		return
	}
	piece.prepare()
	switch o.side(&piece) {
	case 0:
		return
	case -1:
		piece.reverse()
	}
	o.pieces = append(o.pieces, piece)
}

// chain puts the pieces together to loops.
func (o *outline) chain() {
	n := len(o.pieces)
	o.starts, o.used = resize(o.starts, n), resize(o.used, n)
	clear(o.used)
	for i := range o.starts {
		o.starts[i] = int32(i)
	}
	slices.SortFunc(o.starts, func(i, j int32) int {
		a, b := o.pieces[i].p[0].X, o.pieces[j].p[0].X
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return int(i - j)
	})
	// Contours that run along each other leave the same piece twice.
	for k, i := range o.starts {
		a := &o.pieces[i]
		for _, j := range o.starts[k+1:] {
			b := &o.pieces[j]
			if b.p[0].X > a.p[0].X+2*joinEps {
				break
			}
			if !o.used[i] && near(a.p[0], b.p[0], 2*joinEps) && near(a.end, b.end, 2*joinEps) &&
				near(at(a.kind, &a.p, 0.5), at(b.kind, &b.p, 0.5), sideStep) {
				o.used[j] = true
			}
		}
	}
	for i := range o.pieces {
		if o.used[i] {
			continue
		}
		from := int32(len(o.edges))
		for k := int32(i); k >= 0; k = o.follower(&o.pieces[k]) {
			o.used[k] = true
			o.edges = append(o.edges, o.pieces[k])
		}
		o.loops = append(o.loops, loop{from, int32(len(o.edges))})
	}
}

// follower finds the piece that goes on where e ends. Where several do, the sharpest
// turn to the left stays with the same filled part. -1: none is left.
func (o *outline) follower(e *edge) int32 {
	const eps = 8 * joinEps
	k, _ := slices.BinarySearchFunc(o.starts, e.end.X-eps, func(i int32, x float64) int {
		if o.pieces[i].p[0].X < x {
			return -1
		}
		return 1
	})
	best, turn := int32(-1), math.Inf(-1)
	for ; k < len(o.starts); k++ {
		i := o.starts[k]
		f := &o.pieces[i]
		if f.p[0].X > e.end.X+eps {
			break
		}
		if o.used[i] || !near(f.p[0], e.end, eps) {
			continue
		}
		if a := math.Atan2(e.d1.cross(f.d0), e.d1.dot(f.d0)); a > turn {
			best, turn = i, a
		}
	}
	return best
}
