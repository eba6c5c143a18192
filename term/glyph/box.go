package glyph

import "hearth/term/msdf"

// How heavy an arm of a box line is.
const (
	none = iota
	light
	heavy
	double
)

// arms are those of U+2500 to U+257F to the left, up, to the right and down, as their
// names in Unicode say; 0000 is for what is drawn otherwise.
const arms = "1010 2020 0101 0202 0000 0000 0000 0000 0000 0000 0000 0000 0011 0021 0012 0022 " +
	"1001 2001 1002 2002 0110 0120 0210 0220 1100 2100 1200 2200 0111 0121 0211 0112 " +
	"0212 0221 0122 0222 1101 2101 1201 1102 1202 2201 2102 2202 1011 2011 1021 2021 " +
	"1012 2012 1022 2022 1110 2110 1120 2120 1210 2210 1220 2220 1111 2111 1121 2121 " +
	"1211 1112 1212 2211 1221 2112 1122 2221 2122 2212 1222 2222 0000 0000 0000 0000 " +
	"3030 0303 0031 0013 0033 3001 1003 3003 0130 0310 0330 3100 1300 3300 0131 0313 " +
	"0333 3101 1303 3303 3031 1013 3033 3130 1310 3330 3131 1313 3333 0000 0000 0000 " +
	"0000 0000 0000 0000 1000 0100 0010 0001 2000 0200 0020 0002 1020 0102 2010 0201 "

// line draws a character of U+2500 to U+257F.
func (d *drawing) line(r rune) {
	switch {
	case r >= 0x2504 && r <= 0x250B:
		n := 3 + int(r-0x2504)/4
		d.dashes(n, r&2 != 0, 1+int(r&1))
	case r >= 0x254C && r <= 0x254F:
		d.dashes(2, r&2 != 0, 1+int(r&1))
	case r >= 0x256D && r <= 0x2570:
		d.corner(r)
	case r >= 0x2571 && r <= 0x2573:
		if r != 0x2572 {
			d.diagonal(false)
		}
		if r != 0x2571 {
			d.diagonal(true)
		}
	default:
		a := arms[5*int(r-0x2500):]
		left, up, right, down := int(a[0]-'0'), int(a[1]-'0'), int(a[2]-'0'), int(a[3]-'0')
		if left == double || up == double || right == double || down == double {
			d.doubles(left, up, right, down)
		} else {
			d.singles(left, up, right, down)
		}
	}
}

// thick is the thickness of an arm.
func (d *drawing) thick(weight int) float64 {
	switch weight {
	case none:
		return 0
	case heavy:
		return 2 * d.cell.light
	}
	return d.cell.light
}

// singles draws arms of one line each. Where two of them meet, each goes on to the far
// side of the other, so that corners are full.
func (d *drawing) singles(left, up, right, down int) {
	cx, cy := d.midX(), d.midY()
	tall, wide := max(d.thick(left), d.thick(right)), max(d.thick(up), d.thick(down))
	if low := min(left, right); low > none { // the lighter one goes through
		t := d.thick(low) / 2
		d.rect(-over, cy-t, d.w+over, cy+t)
	}
	if left > right {
		t := d.thick(left) / 2
		d.rect(-over, cy-t, cx+wide/2, cy+t)
	}
	if right > left {
		t := d.thick(right) / 2
		d.rect(cx-wide/2, cy-t, d.w+over, cy+t)
	}
	if low := min(up, down); low > none {
		t := d.thick(low) / 2
		d.rect(cx-t, d.bottom-over, cx+t, d.top+over)
	}
	if up > down {
		t := d.thick(up) / 2
		d.rect(cx-t, cy-tall/2, cx+t, d.top+over)
	}
	if down > up {
		t := d.thick(down) / 2
		d.rect(cx-t, d.bottom-over, cx+t, cy+tall/2)
	}
}

// doubles draws arms of which some have two lines, a line apart. Each line goes to the
// nearest one of the arm on its own side, to the far one if there is no such arm, and
// through if the arm on the other side goes on.
func (d *drawing) doubles(left, up, right, down int) {
	cx, cy, t := d.midX(), d.midY(), d.cell.light
	across := 0.0 // where the lines of the arms up and down lie from the middle
	if up == double || down == double {
		across = t
	}
	along := 0.0
	if left == double || right == double {
		along = t
	}
	// end is where a line ends, towards its own edge from the middle.
	end := func(side float64, opposite, positive, negative int, spread float64) float64 {
		near, other := positive, negative
		if side < 0 {
			near, other = negative, positive
		}
		switch {
		case side != 0 && near != none:
			return spread
		case opposite != none:
			return 0
		case side == 0 && positive != none && negative != none:
			return spread
		case other != none || near != none:
			return -spread
		}
		return 0
	}
	lines := func(weight int, spread float64, draw func(side float64)) {
		switch weight {
		case double:
			draw(spread)
			draw(-spread)
		case light:
			draw(0)
		}
	}
	lines(left, along, func(s float64) {
		d.rect(-over, cy+s-t/2, cx-end(s, right, up, down, across)+t/2, cy+s+t/2)
	})
	lines(right, along, func(s float64) {
		d.rect(cx+end(s, left, up, down, across)-t/2, cy+s-t/2, d.w+over, cy+s+t/2)
	})
	lines(up, across, func(s float64) {
		d.rect(cx+s-t/2, cy+end(s, down, right, left, along)-t/2, cx+s+t/2, d.top+over)
	})
	lines(down, across, func(s float64) {
		d.rect(cx+s-t/2, d.bottom-over, cx+s+t/2, cy-end(s, up, right, left, along)+t/2)
	})
}

// dashes draws a broken line, with half a gap at each end, so that the gaps are alike
// from cell to cell.
func (d *drawing) dashes(n int, vertical bool, weight int) {
	t := d.thick(weight) / 2
	const gap = 0.36
	for i := range n {
		from, to := (float64(i)+gap/2)/float64(n), (float64(i)+1-gap/2)/float64(n)
		if vertical {
			d.rect(d.midX()-t, d.bottom+from*d.height(), d.midX()+t, d.bottom+to*d.height())
		} else {
			d.rect(from*d.w, d.midY()-t, to*d.w, d.midY()+t)
		}
	}
}

// corner draws a round corner: a quarter of a circle between two straight ends.
func (d *drawing) corner(r rune) {
	// Drawn for the arms to the right and down, and mirrored for the others.
	sx, sy := 1.0, 1.0
	if r == 0x256E || r == 0x256F { // left
		sx = -1
	}
	if r == 0x256F || r == 0x2570 { // up
		sy = -1
	}
	cx, cy, t := d.midX(), d.midY(), d.cell.light/2
	at := func(x, y float64) msdf.Point { return msdf.Point{X: cx + sx*x, Y: cy - sy*y} }
	radius := min(d.w, d.height()) / 2
	endX, endY := d.w/2+over, d.height()/2+over
	line := func(a, b msdf.Point) msdf.Segment { return msdf.Segment{Kind: msdf.Line, P: [4]msdf.Point{a, b}} }
	curve := func(a, b, c, e msdf.Point) msdf.Segment {
		return msdf.Segment{Kind: msdf.Cubic, P: [4]msdf.Point{a, b, c, e}}
	}
	out, in := radius+t, radius-t // around (radius, radius)
	d.shape.Contours = append(d.shape.Contours, []msdf.Segment{
		line(at(-t, endY), at(-t, radius)),
		curve(at(-t, radius), at(-t, radius-arc*out), at(radius-arc*out, -t), at(radius, -t)),
		line(at(radius, -t), at(endX, -t)),
		line(at(endX, -t), at(endX, t)),
		line(at(endX, t), at(radius, t)),
		curve(at(radius, t), at(radius-arc*in, t), at(t, radius-arc*in), at(t, radius)),
		line(at(t, radius), at(t, endY)),
		line(at(t, endY), at(-t, endY)),
	})
}

// diagonal draws a line from corner to corner, and beyond.
func (d *drawing) diagonal(falling bool) {
	a, b := msdf.Point{X: 0, Y: d.bottom}, msdf.Point{X: d.w, Y: d.top}
	if falling {
		a.Y, b.Y = b.Y, a.Y
	}
	u := unit(a, b)
	a, b = msdf.Point{X: a.X - over*u.X, Y: a.Y - over*u.Y}, msdf.Point{X: b.X + over*u.X, Y: b.Y + over*u.Y}
	d.stroke(a, b, d.cell.light)
}
