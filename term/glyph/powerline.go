package glyph

import "hearth/term/msdf"

// powerline draws a character of U+E0B0 to U+E0BF, by which prompts make arrows and
// slopes: pairs of a solid one and its edge alone.
func (d *drawing) powerline(r rune) {
	n := int(r - 0xE0B0)
	solid := n&1 == 0
	switch n / 2 {
	case 0, 1: // a triangle that points to the right; to the left
		d.arrow(n/2 == 1, solid)
	case 2, 3: // half an ellipse
		d.halfRound(n/2 == 3, solid)
	default: // lower left, lower right, upper left, upper right
		d.slope(n/2 == 5 || n/2 == 7, n/2 >= 6, solid)
	}
}

// mirror turns what was drawn around, left to right.
func (d *drawing) mirror() {
	transform(&d.shape, func(p msdf.Point) msdf.Point { return msdf.Point{X: d.w - p.X, Y: p.Y} })
}

func (d *drawing) arrow(left, solid bool) {
	// The edges go on beyond the cell, at their slope.
	more := over * d.height() / 2 / d.w
	upper, tip, lower := msdf.Point{X: -over, Y: d.top + more}, msdf.Point{X: d.w, Y: d.midY()}, msdf.Point{X: -over, Y: d.bottom - more}
	if solid {
		d.polygon(upper, lower, tip)
	} else {
		// As thick as a line measured across it, with a pointed end in the cell.
		u := unit(upper, tip)
		reach := d.cell.light / max(-u.Y, 0.1) // along the axis
		d.polygon(upper, msdf.Point{X: upper.X - reach, Y: upper.Y}, msdf.Point{X: tip.X - reach, Y: tip.Y}, msdf.Point{X: lower.X - reach, Y: lower.Y}, lower, tip)
	}
	if left {
		d.mirror()
	}
}

func (d *drawing) halfRound(left, solid bool) {
	ry := d.height() / 2
	if solid {
		d.dome(d.w, ry)
	} else {
		t := d.cell.light
		d.ellipse(0, d.midY(), d.w, ry)
		d.ellipse(0, d.midY(), d.w-t, ry-t)
		// Upside down, it goes the other way round, and so is a hole.
		inner := msdf.Shape{Contours: d.shape.Contours[1:]}
		transform(&inner, func(p msdf.Point) msdf.Point { return msdf.Point{X: p.X, Y: 2*d.midY() - p.Y} })
	}
	if left {
		d.mirror()
	}
}

// dome is half an ellipse, flat on the left, and beyond the cell there.
func (d *drawing) dome(rx, ry float64) {
	y := d.midY()
	at := func(cx, cy float64) msdf.Point { return msdf.Point{X: rx * cx, Y: y + ry*cy} }
	low, high := msdf.Point{X: -over, Y: y - ry}, msdf.Point{X: -over, Y: y + ry}
	d.shape.Contours = append(d.shape.Contours, []msdf.Segment{
		{Kind: msdf.Line, P: [4]msdf.Point{high, low}},
		{Kind: msdf.Line, P: [4]msdf.Point{low, at(0, -1)}},
		{Kind: msdf.Cubic, P: [4]msdf.Point{at(0, -1), at(arc, -1), at(1, -arc), at(1, 0)}},
		{Kind: msdf.Cubic, P: [4]msdf.Point{at(1, 0), at(1, arc), at(arc, 1), at(0, 1)}},
		{Kind: msdf.Line, P: [4]msdf.Point{at(0, 1), high}},
	})
}

// slope draws a triangle in a corner of the cell, or its longest edge.
func (d *drawing) slope(right, upper, solid bool) {
	// Drawn for the lower left corner, whose edge falls to the right.
	u := unit(msdf.Point{X: 0, Y: d.top}, msdf.Point{X: d.w, Y: d.bottom})
	a := msdf.Point{X: -over * u.X, Y: d.top - over*u.Y}
	b := msdf.Point{X: d.w + over*u.X, Y: d.bottom + over*u.Y}
	if solid {
		d.polygon(a, msdf.Point{X: a.X - over, Y: b.Y - over}, b)
	} else {
		d.stroke(a, b, d.cell.light)
	}
	if right {
		d.mirror()
	}
	if upper {
		transform(&d.shape, func(p msdf.Point) msdf.Point { return msdf.Point{X: p.X, Y: d.top + d.bottom - p.Y} })
	}
}
