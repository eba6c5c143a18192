package glyph

import (
	"math"

	"hearth/term/msdf"
)

// quadrants are the quarters of U+2596 to U+259F that are full: 1 upper left, 2 upper
// right, 4 lower left, 8 lower right.
var quadrants = [...]uint{4, 8, 1, 1 | 4 | 8, 1 | 8, 1 | 2 | 4, 1 | 2 | 8, 2, 2 | 4, 2 | 4 | 8}

// block draws a character of U+2580 to U+259F.
func (d *drawing) block(r rune) {
	switch {
	case r == 0x2580:
		d.part(0, 0.5, 1, 1)
	case r <= 0x2588:
		d.part(0, 0, 1, float64(r-0x2580)/8)
	case r <= 0x258F:
		d.part(0, 0, float64(0x2590-r)/8, 1)
	case r == 0x2590:
		d.part(0.5, 0, 1, 1)
	case r <= 0x2593:
		d.shade(int(r - 0x2590))
	case r == 0x2594:
		d.part(0, 7.0/8, 1, 1)
	case r == 0x2595:
		d.part(7.0/8, 0, 1, 1)
	default:
		d.mosaic(2, 2, quadrants[r-0x2596])
	}
}

// shade draws a pattern that covers a quarter, a half or three quarters of the cell:
// squares on a grid, or holes. It goes on from cell to cell.
func (d *drawing) shade(quarters int) {
	n := max(round(d.w/0.19), 1) // steps of about nine texels of the usual atlas
	m := max(round(float64(n)*d.height()/d.w), 1)
	if quarters == 3 {
		d.part(0, 0, 1, 1)
	}
	// A square has this share of its step on a side.
	side := 0.5
	if quarters == 2 {
		side = math.Sqrt(0.5)
	}
	dx, dy := d.w/float64(n), d.height()/float64(m)
	for j := range m {
		for i := range n {
			x, y := (float64(i)+0.5)*dx, d.bottom+(float64(j)+0.5)*dy
			if quarters == 3 {
				d.hole(x-side*dx/2, y-side*dy/2, x+side*dx/2, y+side*dy/2)
			} else {
				d.rect(x-side*dx/2, y-side*dy/2, x+side*dx/2, y+side*dy/2)
			}
		}
	}
}

// mosaic draws a picture of columns by rows blocks; bit i is that of the block i, from
// the upper left along the rows.
func (d *drawing) mosaic(columns, rows int, bits uint) {
	full := func(i, j int) bool {
		return i >= 0 && i < columns && j >= 0 && j < rows && bits>>(j*columns+i)&1 != 0
	}
	// Edges between full and empty blocks, with the full one on the left, are linked to
	// contours: blocks side by side become one.
	type corner struct{ x, y int }
	next := map[corner][]corner{}
	var begins []corner
	edge := func(a, b corner) {
		next[a] = append(next[a], b)
		begins = append(begins, a)
	}
	for j := range rows {
		for i := range columns {
			if !full(i, j) {
				continue
			}
			if !full(i, j+1) {
				edge(corner{i, j + 1}, corner{i + 1, j + 1})
			}
			if !full(i+1, j) {
				edge(corner{i + 1, j + 1}, corner{i + 1, j})
			}
			if !full(i, j-1) {
				edge(corner{i + 1, j}, corner{i, j})
			}
			if !full(i-1, j) {
				edge(corner{i, j}, corner{i, j + 1})
			}
		}
	}
	at := func(c corner) msdf.Point {
		return msdf.Point{X: d.x(float64(c.x) / float64(columns)), Y: d.y(1 - float64(c.y)/float64(rows))}
	}
	for _, begin := range begins {
		var loop []corner
		for c, from := begin, begin; len(next[c]) > 0; {
			k := 0
			if len(next[c]) == 2 && len(loop) > 0 {
				// Two blocks touch at a corner: turn left, and stay with the same one.
				in := corner{c.x - from.x, c.y - from.y}
				for n, to := range next[c] {
					if (to.x-c.x) == in.y && (to.y-c.y) == -in.x { // left, as y goes down
						k = n
					}
				}
			}
			to := next[c][k]
			next[c] = append(next[c][:k:k], next[c][k+1:]...)
			loop = append(loop, c)
			from, c = c, to
		}
		if len(loop) == 0 {
			continue
		}
		var p []msdf.Point
		for i, c := range loop { // without what lies on a straight edge
			a, b := loop[(i+len(loop)-1)%len(loop)], loop[(i+1)%len(loop)]
			if (c.x-a.x)*(b.y-c.y) != (c.y-a.y)*(b.x-c.x) {
				p = append(p, at(c))
			}
		}
		d.polygon(p...)
	}
}

// sextant draws a character of U+1FB00 to U+1FB3B: two by three blocks, without the empty
// one, the halves and the full one, which are elsewhere.
func (d *drawing) sextant(r rune) {
	bits := uint(r-0x1FB00) + 1
	if bits >= 0b010101 {
		bits++
	}
	if bits >= 0b101010 {
		bits++
	}
	d.mosaic(2, 3, bits)
}

// legacyBlock draws a character of U+1FB70 to U+1FB8B: eighths of blocks.
func (d *drawing) legacyBlock(r rune) {
	eighth := func(n int) float64 { return float64(n) / 8 }
	switch {
	case r <= 0x1FB75: // vertical, the second to the seventh from the left
		n := int(r-0x1FB70) + 1
		d.part(eighth(n), 0, eighth(n+1), 1)
	case r <= 0x1FB7B: // horizontal, the second to the seventh from the top
		n := int(r-0x1FB76) + 1
		d.part(0, eighth(7-n), 1, eighth(8-n))
	case r <= 0x1FB7F: // left and lower, left and upper, right and upper, right and lower
		n := r - 0x1FB7C
		if n <= 1 {
			d.part(0, 0, eighth(1), 1)
		} else {
			d.part(eighth(7), 0, 1, 1)
		}
		if n == 0 || n == 3 {
			d.part(0, 0, 1, eighth(1))
		} else {
			d.part(0, eighth(7), 1, 1)
		}
	case r == 0x1FB80: // upper and lower
		d.part(0, 0, 1, eighth(1))
		d.part(0, eighth(7), 1, 1)
	case r == 0x1FB81: // the first, third, fifth and eighth from the top
		for _, n := range []int{0, 2, 4, 7} {
			d.part(0, eighth(7-n), 1, eighth(8-n))
		}
	case r <= 0x1FB86: // from the top
		d.part(0, 1-eighth([]int{2, 3, 5, 6, 7}[r-0x1FB82]), 1, 1)
	default: // from the right
		d.part(1-eighth([]int{2, 3, 5, 6, 7}[r-0x1FB87]), 0, 1, 1)
	}
}

// braille draws the dots of U+2800 to U+28FF: bits 0 to 2 down the left column, 3 to 5
// down the right one, 6 and 7 below.
func (d *drawing) braille(bits uint8) {
	places := [8][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}}
	radius := 0.28 * min(d.w/2, d.height()/4)
	for i, p := range places {
		if bits>>i&1 != 0 {
			d.ellipse((float64(p[0])+0.5)*d.w/2, d.top-(float64(p[1])+0.5)*d.height()/4, radius, radius)
		}
	}
}
