package msdf

import (
	"math"
	"slices"
)

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

// findCuts finds where edges meet, but for the ends they share.
func (o *outline) findCuts() bool {
	o.order = resize(o.order, len(o.raw))
	for i := range o.order {
		o.order[i] = int32(i)
	}
	slices.SortFunc(o.order, func(i, j int32) int {
		a, b := o.raw[i].lo.X, o.raw[j].lo.X
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return int(i - j)
	})
	for k, i := range o.order {
		a := &o.raw[i]
		for _, j := range o.order[k+1:] {
			b := &o.raw[j]
			if b.lo.X > a.hi.X+joinEps {
				break
			}
			o.compared++
			if b.lo.Y > a.hi.Y+joinEps || a.lo.Y > b.hi.Y+joinEps {
				continue
			}
			o.meet(i, j)
		}
		if o.compared > maxCompared || o.meetings > maxMeetings || len(o.cuts) > maxCuts {
			return false
		}
	}
	slices.SortFunc(o.cuts, func(a, b cut) int {
		switch {
		case a.edge != b.edge:
			return int(a.edge - b.edge)
		case a.t < b.t:
			return -1
		case a.t > b.t:
			return 1
		}
		return 0
	})
	return true
}

func (o *outline) meet(i, j int32) {
	a, b := &o.raw[i], &o.raw[j]
	// Neighbours whose boxes share no more than a corner share no more than that.
	if a.p[0] == b.end || b.p[0] == a.end {
		if min(a.hi.X, b.hi.X)-max(a.lo.X, b.lo.X) <= joinEps && min(a.hi.Y, b.hi.Y)-max(a.lo.Y, b.lo.Y) <= joinEps {
			return
		}
	}
	if a.kind == b.kind && same(a, b) {
		o.touched[a.contour], o.touched[b.contour] = true, true
		return
	}
	o.meetPieces(i, &a.p, 0, 1, j, &b.p, 0, 1)
}

// same reports whether two edges of one kind are the same curve, either way round.
func same(a, b *edge) bool {
	n := a.kind.last()
	fore, back := true, true
	for i := 0; i <= n; i++ {
		fore = fore && near(a.p[i], b.p[i], joinEps)
		back = back && near(a.p[i], b.p[n-i], joinEps)
	}
	return fore || back
}

// meetPieces halves two monotone pieces until they are lines or apart.
func (o *outline) meetPieces(i int32, p *[4]Point, p0, p1 float64, j int32, q *[4]Point, q0, q1 float64) {
	if o.meetings++; o.meetings > maxMeetings {
		return
	}
	ka, kb := o.raw[i].kind, o.raw[j].kind
	a0, a1, b0, b1 := p[0], p[ka.last()], q[0], q[kb.last()]
	if max(a0.X, a1.X)+joinEps < min(b0.X, b1.X) || max(b0.X, b1.X)+joinEps < min(a0.X, a1.X) ||
		max(a0.Y, a1.Y)+joinEps < min(b0.Y, b1.Y) || max(b0.Y, b1.Y)+joinEps < min(a0.Y, a1.Y) {
		return
	}
	fa, fb := bulge(ka, p), bulge(kb, q)
	if beside(ka, p, b0, b1, fb) || beside(kb, q, a0, a1, fa) {
		return
	}
	if fa <= flatEps && fb <= flatEps {
		o.meetLines(i, a0, a1, p0, p1, j, b0, b1, q0, q1)
		return
	}
	if fa >= fb {
		l, r := split(ka, p, 0.5)
		m := 0.5 * (p0 + p1)
		o.meetPieces(i, &l, p0, m, j, q, q0, q1)
		o.meetPieces(i, &r, m, p1, j, q, q0, q1)
		return
	}
	l, r := split(kb, q, 0.5)
	m := 0.5 * (q0 + q1)
	o.meetPieces(i, p, p0, p1, j, &l, q0, m)
	o.meetPieces(i, p, p0, p1, j, &r, m, q1)
}

// beside tells whether a curve lies on one side of everything that is within width of
// a line.
func beside(k Kind, p *[4]Point, from, to Point, width float64) bool {
	d := to.sub(from).unit()
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, q := range p[:k.last()+1] {
		c := d.cross(q.sub(from))
		lo, hi = min(lo, c), max(hi, c)
	}
	return lo > width+joinEps || hi < -width-joinEps
}

func (o *outline) meetLines(i int32, a0, a1 Point, p0, p1 float64, j int32, b0, b1 Point, q0, q1 float64) {
	r, s, w := a1.sub(a0), b1.sub(b0), b0.sub(a0)
	lr, ls := r.length(), s.length()
	if lr == 0 || ls == 0 {
		return
	}
	den := r.cross(s)
	if math.Abs(den) > 1e-6*lr*ls {
		t, u := w.cross(s)/den, w.cross(r)/den
		et, eu := joinEps/lr, joinEps/ls
		if t < -et || t > 1+et || u < -eu || u > 1+eu {
			return
		}
		t, u = max(0, min(1, t)), max(0, min(1, u))
		o.join(i, p0+t*(p1-p0), j, q0+u*(q1-q0), lerp(a0, a1, t))
		return
	}
	// Parallel: they meet only along a stretch, whose ends are ends of theirs.
	if math.Abs(r.cross(w)) > joinEps*lr {
		return
	}
	u0, u1 := r.dot(w)/(lr*lr), r.dot(b1.sub(a0))/(lr*lr)
	if min(1, max(u0, u1))-max(0, min(u0, u1)) <= joinEps/lr {
		return
	}
	o.touched[o.raw[i].contour], o.touched[o.raw[j].contour] = true, true
	for _, v := range [2]struct {
		u, q float64
		p    Point
	}{{u0, q0, b0}, {u1, q1, b1}} {
		if v.u > 0 && v.u < 1 {
			o.join(i, p0+v.u*(p1-p0), j, v.q, v.p)
		}
	}
	if u0 != u1 {
		for _, v := range [2]struct {
			t, p float64
			at   Point
		}{{-u0 / (u1 - u0), p0, a0}, {(1 - u0) / (u1 - u0), p1, a1}} {
			if v.t > 0 && v.t < 1 {
				o.join(i, v.p, j, q0+v.t*(q1-q0), v.at)
			}
		}
	}
}

// join notes that two edges meet at p. Ends are not cut, but others are cut there.
func (o *outline) join(i int32, t float64, j int32, u float64, p Point) {
	a, b := &o.raw[i], &o.raw[j]
	snap := func(e *edge) bool {
		if near(e.p[0], p, joinEps) {
			p = e.p[0]
			return true
		}
		if near(e.end, p, joinEps) {
			p = e.end
			return true
		}
		return false
	}
	endA := snap(a)
	endB := snap(b)
	if endA && endB {
		return
	}
	o.touched[a.contour], o.touched[b.contour] = true, true
	if !endA {
		o.cuts = append(o.cuts, cut{i, t, p})
	}
	if !endB {
		o.cuts = append(o.cuts, cut{j, u, p})
	}
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

// resize returns a slice of n elements, s's own where it has room.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
