package msdf

import "math"

// cornerSine tells a corner from a joint that passes for smooth: directions that
// differ by π-3 radians (8 degrees) or more, as the thesis has it.
var cornerSine = math.Sin(3)

func corner(before, after Point) bool {
	return before.dot(after) <= 0 || math.Abs(before.cross(after)) > cornerSine
}

// colour gives edges their channels, by the thesis's simple strategy: edges between
// two corners are alike and differ in one channel from those beyond, so that two
// channels agree on every edge and one is free to make the corner.
func (o *outline) colour() {
	for l := 0; l < len(o.loops); l++ {
		lp := o.loops[l]
		o.findCorners(lp)
		if len(o.corners) == 1 && lp.to-lp.from < 3 {
			o.loops[l] = o.refine(lp)
			lp = o.loops[l]
			o.findCorners(lp)
		}
		e := o.edges[lp.from:lp.to]
		switch n := len(o.corners); n {
		case 0:
			for i := range e {
				e[i].colour = white
			}
		case 1:
			// A drop: the colour has to change where there is no corner.
			third := len(e) / 3
			for i := range e {
				col := white
				if i < third {
					col = magenta
				} else if i >= len(e)-third {
					col = yellow
				}
				e[(int(o.corners[0])+i)%len(e)].colour = col
			}
		default:
			turns := [3]colour{cyan, magenta, yellow}
			for k, c := range o.corners {
				col := turns[k%3]
				if k == n-1 && k%3 == 0 {
					// The last would be as the first, which it meets.
					col = magenta
				}
				stop := int(o.corners[(k+1)%n])
				for i := int(c); ; {
					e[i].colour = col
					if i = (i + 1) % len(e); i == stop {
						break
					}
				}
			}
		}
	}
}

// findCorners lists the edges of a loop that begin at a corner. A loop that is open,
// which only rounding makes, has one at its gap.
func (o *outline) findCorners(lp loop) {
	o.corners = o.corners[:0]
	e := o.edges[lp.from:lp.to]
	for i := range e {
		before := &e[(i+len(e)-1)%len(e)]
		if corner(before.d1, e[i].d0) {
			o.corners = append(o.corners, int32(i))
		}
	}
}

// refine replaces a loop of one or two edges with one of their thirds.
func (o *outline) refine(lp loop) loop {
	from := int32(len(o.edges))
	for i := lp.from; i < lp.to; i++ {
		e := o.edges[i]
		a, rest := split(e.kind, &e.p, 1.0/3)
		b, c := split(e.kind, &rest, 0.5)
		for _, p := range [3][4]Point{a, b, c} {
			piece := edge{p: p, kind: e.kind, contour: e.contour}
			piece.prepare()
			o.edges = append(o.edges, piece)
		}
		// What the thirds replace must not be met again: it is moved out of the way.
		o.edges[i].colour = 0
	}
	return loop{from, int32(len(o.edges))}
}
