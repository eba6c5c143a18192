package glyph

import (
	"math"

	"hearth/term/msdf"
)

// cell is the box that shapes are drawn into by rule, in ems from the pen.
type cell struct {
	w, bottom, top float64
	light          float64 // thickness of a light line; a heavy one has twice of it
}

func newCell(m *Metrics) cell {
	return cell{
		w: m.Advance, bottom: -m.Descent - m.LineGap/2, top: m.Ascent + m.LineGap/2,
		light: min(max(m.UnderlineThickness, m.Advance/9), m.Advance/6),
	}
}

// wide is the cell of a picture that spans some columns.
func (c cell) wide(columns int) cell {
	c.w *= float64(columns)
	return c
}

func (c cell) box(columns int) Box { return Box{0, c.bottom, c.w * float64(columns), c.top} }

// center is where a picture of w by h pixels lies: as large as fits, in the middle.
func (c cell) center(columns, w, h int) Box {
	width, height := c.w*float64(columns), c.top-c.bottom
	scale := min(width/float64(w), height/float64(h))
	x, y := float64(w)*scale, float64(h)*scale
	left, bottom := (width-x)/2, c.bottom+(height-y)/2
	return Box{left, bottom, left + x, bottom + y}
}

// over, in ems, is how far a shape goes on beyond the edge at which it joins another
// cell's: more than half the range of any field, so that its end is not felt within.
const over = 0.3

// drawing is a shape that is being drawn in a cell.
type drawing struct {
	cell
	shape msdf.Shape
}

func (d *drawing) midX() float64   { return d.w / 2 }
func (d *drawing) midY() float64   { return (d.top + d.bottom) / 2 }
func (d *drawing) height() float64 { return d.top - d.bottom }

// polygon adds a contour of straight edges.
func (d *drawing) polygon(p ...msdf.Point) {
	c := make([]msdf.Segment, len(p))
	for i := range p {
		c[i] = msdf.Segment{Kind: msdf.Line, P: [4]msdf.Point{p[i], p[(i+1)%len(p)]}}
	}
	d.shape.Contours = append(d.shape.Contours, c)
}

// rect adds a rectangle, counterclockwise.
func (d *drawing) rect(left, bottom, right, top float64) {
	d.polygon(msdf.Point{X: left, Y: bottom}, msdf.Point{X: right, Y: bottom}, msdf.Point{X: right, Y: top}, msdf.Point{X: left, Y: top})
}

// hole takes a rectangle away from what encloses it.
func (d *drawing) hole(left, bottom, right, top float64) {
	d.polygon(msdf.Point{X: left, Y: bottom}, msdf.Point{X: left, Y: top}, msdf.Point{X: right, Y: top}, msdf.Point{X: right, Y: bottom})
}

// part adds a rectangle of the cell, 0 to 1 from the left and from the bottom, which goes
// on beyond the edges that it reaches.
func (d *drawing) part(left, bottom, right, top float64) {
	d.rect(d.x(left), d.y(bottom), d.x(right), d.y(top))
}

// x is the place of a share of the width; that of an edge is beyond it.
func (d *drawing) x(share float64) float64 {
	switch {
	case share <= 0:
		return -over
	case share >= 1:
		return d.w + over
	}
	return share * d.w
}

func (d *drawing) y(share float64) float64 {
	switch {
	case share <= 0:
		return d.bottom - over
	case share >= 1:
		return d.top + over
	}
	return d.bottom + share*d.height()
}

// arc is the control distance of a cubic that is a quarter of a circle of radius 1, to
// 2.7e-4 of it.
const arc = 0.5522847498

// ellipse adds one, counterclockwise or as a hole.
func (d *drawing) ellipse(x, y, rx, ry float64) {
	var c []msdf.Segment
	at := func(cx, cy float64) msdf.Point { return msdf.Point{X: x + rx*cx, Y: y + ry*cy} }
	cos, sin := 1.0, 0.0
	for range 4 {
		c = append(c, msdf.Segment{Kind: msdf.Cubic, P: [4]msdf.Point{
			at(cos, sin), at(cos-arc*sin, sin+arc*cos), at(-sin+arc*cos, cos+arc*sin), at(-sin, cos),
		}})
		cos, sin = -sin, cos
	}
	d.shape.Contours = append(d.shape.Contours, c)
}

// stroke adds a straight line of some thickness.
func (d *drawing) stroke(a, b msdf.Point, thick float64) {
	u := unit(a, b)
	nx, ny := -u.Y*thick/2, u.X*thick/2
	d.polygon(msdf.Point{X: a.X - nx, Y: a.Y - ny}, msdf.Point{X: b.X - nx, Y: b.Y - ny}, msdf.Point{X: b.X + nx, Y: b.Y + ny}, msdf.Point{X: a.X + nx, Y: a.Y + ny})
}

// rule draws the characters that are shapes rather than letters. ok is false for others.
func (c cell) rule(r rune) (s msdf.Shape, ok bool) {
	d := &drawing{cell: c}
	switch {
	case r >= 0x2500 && r <= 0x257F:
		d.line(r)
	case r >= 0x2580 && r <= 0x259F:
		d.block(r)
	case r >= 0x2801 && r <= 0x28FF:
		d.braille(uint8(r - 0x2800))
	case r >= 0x1FB00 && r <= 0x1FB3B:
		d.sextant(r)
	case r >= 0x1FB70 && r <= 0x1FB8B:
		d.legacyBlock(r)
	case r >= 0xE0B0 && r <= 0xE0BF:
		d.powerline(r)
	default:
		return msdf.Shape{}, false
	}
	return d.shape, true
}

func round(v float64) int { return int(math.Round(v)) }
