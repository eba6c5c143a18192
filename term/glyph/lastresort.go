package glyph

import (
	"fmt"

	"hearth/term/msdf"
)

// segments are those of a display of seven that make a hexadecimal digit: 1 top, 2 upper
// right, 4 lower right, 8 bottom, 16 lower left, 32 upper left, 64 middle.
var segments = map[rune]uint{
	'0': 63, '1': 6, '2': 91, '3': 79, '4': 102, '5': 109, '6': 125, '7': 7, '8': 127, '9': 111,
	'A': 119, 'B': 124, 'C': 57, 'D': 94, 'E': 121, 'F': 113,
}

// lastResort draws a box with the number of a character that no font has.
func (c cell) lastResort(r rune) msdf.Shape {
	d := &drawing{cell: c}
	t := 0.6 * c.light
	left, right := 0.06*c.w, 0.94*c.w
	bottom, top := c.bottom+0.12*d.height(), c.top-0.12*d.height()
	d.rect(left, bottom, right, top)
	d.hole(left+t, bottom+t, right-t, top-t)
	digits := fmt.Sprintf("%04X", r)
	rows := 2
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	columns := len(digits) / rows
	// Each digit in its share of the box, less some air.
	stepX, stepY := (right-left-3*t)/float64(columns), (top-bottom-3*t)/float64(rows)
	thin := min(0.7*t, stepX/5)
	for i, digit := range digits {
		x := left + 1.5*t + (float64(i%columns)+0.5)*stepX
		y := top - 1.5*t - (float64(i/columns)+0.5)*stepY
		d.digit(segments[digit], x, y, 0.56*stepX/2, 0.66*stepY/2, thin)
	}
	return d.shape
}

// digit draws segments about a middle, wide and high to each side.
func (d *drawing) digit(on uint, x, y, wide, high, thick float64) {
	h := thick / 2
	bar := func(bit uint, left, bottom, right, top float64) {
		if on&bit != 0 {
			d.rect(x+left-h, y+bottom-h, x+right+h, y+top+h)
		}
	}
	bar(1, -wide, high, wide, high)
	bar(2, wide, 0, wide, high)
	bar(4, wide, -high, wide, 0)
	bar(8, -wide, -high, wide, -high)
	bar(16, -wide, -high, -wide, 0)
	bar(32, -wide, 0, -wide, high)
	bar(64, -wide, 0, wide, 0)
}
