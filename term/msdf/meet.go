package msdf

import (
	"math"
	"slices"
)

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
