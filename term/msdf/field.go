package msdf

import "math"

const (
	// leafSide is the side, in texels, of the blocks whose texels are measured against
	// the same few edges.
	leafSide = 4
	// maxReached bounds the edges looked at for one picture, about half a second; a
	// glyph takes some ten thousand.
	maxReached = 1 << 24
)

// A texel holds distances in texels, positive inside: of the three channels, and
// the true one.
type texel struct {
	c [3]float64
	d float64
}

func median(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

func (t *texel) median() float64 { return median(t.c[0], t.c[1], t.c[2]) }

func (t *texel) level(d float64) { t.c = [3]float64{d, d, d} }

func (t *texel) flat() bool { return t.c[0] == t.c[1] && t.c[1] == t.c[2] }

// A field measures the texels of a picture against the edges of an outline.
//
// It halves the picture in both directions again and again. For the middle of a
// block it finds how near the nearest edge of each channel is; what is farther, by
// more than the block's diagonal, is nearest to none of its texels and left behind.
type field struct {
	w, h  int
	texel []texel
	edges []edge
	// inside tells for every texel whether the shape fills its middle.
	inside []bool
	// cutoff is the distance beyond which a texel is all in or all out: it shows as
	// nothing else, and channels that agree make no artefacts.
	cutoff float64

	lists   []int32
	reached int
}

// A nearest holds, for each channel, the edge nearest to a point.
type nearest struct {
	edge  [3]int32 // -1: none
	abs   [3]float64
	reach [3]reach
}

// measure finds the nearest edges of p among a list.
func (f *field) measure(p Point, list []int32, n *nearest) {
	inf := math.Inf(1)
	n.edge = [3]int32{-1, -1, -1}
	n.abs = [3]float64{inf, inf, inf}
	f.reached += len(list)
	for _, i := range list {
		e := &f.edges[i]
		var worst float64
		for c := range 3 {
			if e.colour>>c&1 != 0 && n.abs[c] > worst {
				worst = n.abs[c]
			}
		}
		if e.boxDistance2(p) > worst*worst {
			continue
		}
		r := e.reach(p)
		a := math.Abs(r.d)
		for c := range 3 {
			if e.colour>>c&1 != 0 && (a < n.abs[c] || a == n.abs[c] && r.slant < n.reach[c].slant) {
				n.edge[c], n.abs[c], n.reach[c] = i, a, r
			}
		}
	}
}

// best is the channel whose edge is nearest of all.
func (n *nearest) best() int {
	b := 0
	for c := 1; c < 3; c++ {
		if n.abs[c] < n.abs[b] || n.abs[c] == n.abs[b] && n.reach[c].slant < n.reach[b].slant {
			b = c
		}
	}
	return b
}

// draw fills f.texel. False: it costs too much.
func (f *field) draw() bool {
	f.lists = f.lists[:0]
	f.reached = 0
	for i := range f.edges {
		if f.edges[i].colour != 0 {
			f.lists = append(f.lists, int32(i))
		}
	}
	side := leafSide
	for side < f.w || side < f.h {
		side *= 2
	}
	f.block(0, 0, side, 0, len(f.lists))
	return f.reached <= maxReached
}

// block measures the texels of the square at x, y; f.lists[from:to] are the edges
// that may be nearest there.
func (f *field) block(x, y, side, from, to int) {
	if x >= f.w || y >= f.h || f.reached > maxReached {
		return
	}
	x1, y1 := min(x+side, f.w), min(y+side, f.h)
	// Between the middles of the outermost texels.
	lo, hi := Point{float64(x) + 0.5, float64(y) + 0.5}, Point{float64(x1) - 0.5, float64(y1) - 0.5}
	middle := lerp(lo, hi, 0.5)
	r := hi.sub(middle).length()
	var n nearest
	f.measure(middle, f.lists[from:to], &n)
	if n.abs[n.best()]-r > f.cutoff {
		f.fill(x, y, x1, y1)
		return
	}
	top := len(f.lists)
	for k := from; k < to; k++ {
		i := f.lists[k]
		e := &f.edges[i]
		dx := max(e.lo.X-hi.X, lo.X-e.hi.X, 0)
		dy := max(e.lo.Y-hi.Y, lo.Y-e.hi.Y, 0)
		d2 := dx*dx + dy*dy
		for c := range 3 {
			if far := n.abs[c] + r; e.colour>>c&1 != 0 && d2 <= far*far {
				f.lists = append(f.lists, i)
				break
			}
		}
	}
	from, to = top, len(f.lists)
	if side > leafSide {
		s := side / 2
		f.block(x, y, s, from, to)
		f.block(x+s, y, s, from, to)
		f.block(x, y+s, s, from, to)
		f.block(x+s, y+s, s, from, to)
	} else {
		list := f.lists[from:to]
		for j := y; j < y1; j++ {
			for i := x; i < x1; i++ {
				f.one(i, j, list, &n)
			}
		}
	}
	f.lists = f.lists[:top]
}

// fill marks texels that no edge is near.
func (f *field) fill(x, y, x1, y1 int) {
	for j := y; j < y1; j++ {
		for i := x; i < x1; i++ {
			k := j*f.w + i
			d := -f.cutoff
			if f.inside[k] {
				d = f.cutoff
			}
			f.texel[k].d = d
			f.texel[k].level(d)
		}
	}
}

func (f *field) one(x, y int, list []int32, n *nearest) {
	p := Point{float64(x) + 0.5, float64(y) + 0.5}
	f.measure(p, list, n)
	k := y*f.w + x
	t := &f.texel[k]
	b := n.best()
	t.d = n.reach[b].d
	if n.abs[b] > f.cutoff {
		f.fill(x, y, x+1, y+1)
		return
	}
	if t.d > 0 != f.inside[k] && n.abs[b] > joinEps {
		// The edge is on its wrong side, which only broken outlines bring about.
		t.d = -t.d
		t.level(t.d)
		return
	}
	for c := range 3 {
		if n.edge[c] < 0 {
			// No edge has the channel: it is as far as can be.
			t.c[c] = math.Copysign(f.cutoff, t.d)
			continue
		}
		t.c[c] = f.edges[n.edge[c]].extended(p, n.reach[c])
	}
	if t.median() > 0 != f.inside[k] && n.abs[b] > joinEps {
		// Edges that turn right back are both nearest, from either side.
		t.level(t.d)
	}
}
