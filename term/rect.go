package term

import (
	"fmt"
	"unicode/utf8"
)

// area is a rectangle of the screen, its ends exclusive.
type area struct{ top, left, bottom, right int }

// area reads four parameters from the ith on: the first and last row and column, from
// the margins in origin mode. A rectangle that is none does nothing.
func (t *Terminal) area(i int) (a area, ok bool) {
	s := &t.parser
	y, x, rows, columns := 0, 0, t.rows, t.columns
	if t.modes.has(modeOrigin) {
		y, x, rows, columns = t.top, t.left, t.bottom, t.right
	}
	a = area{
		top: y + s.arg(i, 1) - 1, left: x + s.arg(i+1, 1) - 1,
		bottom: min(y+s.arg(i+2, rows), rows), right: min(x+s.arg(i+3, columns), columns),
	}
	return a, a.top < a.bottom && a.left < a.right
}

// rectangleCSI does the sequences with $ that are about rectangles.
func (t *Terminal) rectangleCSI(final byte) {
	s := &t.parser
	switch final {
	case 'v':
		t.copyArea()
	case 'x':
		c := s.arg(0, 0)
		if a, ok := t.area(1); ok && (c >= 32 && c < 127 || c >= 160 && c < 256) {
			t.fillArea(a, c)
		}
	case 'z', '{':
		if a, ok := t.area(0); ok {
			for y := a.top; y < a.bottom; y++ {
				t.eraseArea(y, a, final == '{')
			}
		}
	case 'r', 't':
		if a, ok := t.area(0); ok {
			t.changeArea(a, final == 't')
		}
	case 'w':
		t.presentation(s.arg(0, 0))
	}
}

// eraseArea erases row y of a. DECERA takes protected cells too and leaves spaces with
// the attributes of the pen, as xterm does; DECSERA leaves the
// attributes, and the cells that DECSCA protected.
func (t *Terminal) eraseArea(y int, a area, selective bool) {
	r := t.edit(y)
	if !selective {
		t.clearCells(r, a.left, a.right)
		if c := t.pen; c.attr&rendition != 0 {
			c.content = ' '
			t.fillCells(r, a.left, min(a.right, t.lineEnd(r)), c)
		}
		return
	}
	t.cutWide(r, a.left)
	t.cutWide(r, a.right)
	for x := a.left; x < min(a.right, r.n); x++ {
		if c := &r.cells[x]; c.attr&Protected == 0 || t.protect == isoProtected {
			c.content = ' '
			c.attr &^= wideHalves
		}
	}
	t.closeGap(r)
}

// closeGap makes the last cell of r part of its line if something is in it now.
func (t *Terminal) closeGap(r *row) {
	if r.flags&rowGap != 0 && !r.cell(t.lineEnd(r)-1).Blank() {
		r.flags &^= rowGap
	}
}

// fillArea does DECFRA.
func (t *Terminal) fillArea(a area, char int) {
	c := t.pen
	c.content = uint32(char)
	for y := a.top; y < a.bottom; y++ {
		r := t.edit(y)
		t.cutWide(r, a.left)
		t.cutWide(r, a.right)
		t.fillCells(r, a.left, min(a.right, t.lineEnd(r)), c)
		t.closeGap(r)
	}
}

// copyArea does DECCRA; there is one page.
func (t *Terminal) copyArea() {
	s := &t.parser
	from, ok := t.area(0)
	if !ok {
		return
	}
	y, x, rows, columns := s.arg(5, 1)-1, s.arg(6, 1)-1, t.rows, t.columns
	if t.modes.has(modeOrigin) {
		y, x, rows, columns = y+t.top, x+t.left, t.bottom, t.right
	}
	height, width := min(from.bottom-from.top, rows-y), min(from.right-from.left, columns-x)
	if height <= 0 || width <= 0 {
		return
	}
	for i := range height {
		if y > from.top {
			i = height - 1 - i
		}
		src, dst := t.edit(from.top+i), t.edit(y+i)
		t.cutWide(dst, x)
		t.cutWide(dst, x+width)
		t.copyCells(dst, x, src, from.left, width)
		// A wide character that the rectangle cut is none in the copy.
		if c := dst.cell(x); c.attr&wideTail != 0 {
			dst.cells[x].halve()
		}
		if c := dst.cell(x + width - 1); x+width <= dst.n && c.attr&wideHead != 0 {
			dst.cells[x+width-1].halve()
		}
	}
}

// changeArea does DECCARA, and DECRARA where attributes are to be reversed.
func (t *Terminal) changeArea(a area, reverse bool) {
	change := t.changed()
	if reverse {
		change = t.reversed()
	}
	for y := a.top; y < a.bottom; y++ {
		left, right := a.left, a.right
		if t.extent != 2 {
			// A stream runs from the first cell to the last through the lines between.
			if y > a.top {
				left = 0
			}
			if y < a.bottom-1 {
				right = t.columns
			}
			if t.modes.has(modeOrigin) {
				left, right = max(left, t.left), min(right, t.right)
			}
		}
		r := t.edit(y)
		if right = min(right, t.lineEnd(r)); left >= right {
			continue
		}
		r.extend(right, t.columns)
		for x := left; x < right; x++ {
			c := &r.cells[x]
			if c.attr&wideTail != 0 {
				continue // it is as its left half
			}
			c.attr = change.of(c.attr)
			if c.attr&wideHead != 0 {
				r.cells[x+1].attr = c.attr ^ wideHalves
			}
			if c.Blank() && c.attr != 0 {
				c.content = ' ' // a blank has no attributes that are seen
			}
		}
		t.closeGap(r)
	}
}

// attrChange is what the parameters of DECCARA or DECRARA do, one after the other, to
// the attributes of a cell. It is made once for all cells of an area.
type attrChange struct {
	keep, set  Attr
	flip       Attr // none of the underline
	underlines int  // how often the underline is turned over
}

// of returns what becomes of a.
func (c *attrChange) of(a Attr) Attr {
	a = (a&c.keep | c.set) ^ c.flip
	// Any underline turned over is none, and none is a single one.
	if c.underlines > 0 && (a&underlineMask != 0) == (c.underlines&1 == 0) {
		return a.withUnderline(SingleUnderline)
	} else if c.underlines > 0 {
		return a &^ underlineMask
	}
	return a
}

// changed returns what the parameters of DECCARA do.
func (t *Terminal) changed() attrChange {
	s := &t.parser
	c := attrChange{keep: ^Attr(0)}
	change := func(clear, set Attr) {
		c.keep, c.set = c.keep&^clear, c.set&^clear|set
	}
	for i := 4; i < max(s.n, 5); i++ {
		switch s.arg(i, 0) {
		case 0:
			change(Bold|Blink|Inverse|underlineMask, 0)
		case 1:
			change(0, Bold)
		case 4:
			change(underlineMask, Attr(0).withUnderline(SingleUnderline))
		case 5:
			change(0, Blink)
		case 7:
			change(0, Inverse)
		case 22:
			change(Bold, 0)
		case 24:
			change(underlineMask, 0)
		case 25:
			change(Blink, 0)
		case 27:
			change(Inverse, 0)
		}
	}
	return c
}

// reversed returns what the parameters of DECRARA do: turn attributes over.
func (t *Terminal) reversed() attrChange {
	s := &t.parser
	c := attrChange{keep: ^Attr(0)}
	for i := 4; i < max(s.n, 5); i++ {
		v := s.arg(i, 0)
		if v == 0 || v == 1 {
			c.flip ^= Bold
		}
		if v == 0 || v == 4 {
			c.underlines++
		}
		if v == 0 || v == 5 {
			c.flip ^= Blink
		}
		if v == 0 || v == 7 {
			c.flip ^= Inverse
		}
	}
	return c
}

// checksum does DECRQCRA, with the sum of xterm 379: of each cell the character, a
// space where none was written, and its attributes, negated. Spaces count if something
// else follows in the row.
func (t *Terminal) checksum() {
	s := &t.parser
	sum, first := 0, true
	if a, ok := t.area(2); ok {
		for y := a.top; y < a.bottom; y++ {
			spaces := 0
			r := t.row(y)
			for x := a.left; x < a.right; x++ {
				n := t.sum(r.cell(x))
				if !first && n == ' ' {
					spaces += n
					continue
				}
				sum += spaces + n
				spaces, first = 0, false
			}
		}
	}
	t.replyDCS(fmt.Sprintf("%d!~%04X", s.arg(0, 0), -sum&0xffff))
}

// sum is what c adds to a checksum: the low byte of its character without marks that
// combine with it, a space if it is hidden, 0xff in the right half of a wide one.
func (t *Terminal) sum(c Cell) (n int) {
	var buf [4 * maxClusterRunes]byte
	char, _ := utf8.DecodeRune(t.Text(buf[:0], c))
	n = int(char & 0xff)
	if c.attr&wideTail != 0 {
		n = 0xff
	}
	if c.attr&Hidden != 0 {
		n = ' '
	}
	if c.attr&underlineMask == Attr(0).withUnderline(SingleUnderline) {
		n += 0x10
	}
	if c.attr&Inverse != 0 {
		n += 0x20
	}
	if c.attr&Blink != 0 {
		n += 0x40
	}
	if c.attr&Bold != 0 {
		n += 0x80
	}
	return n
}

// presentation does DECRQPSR: the cursor and its attributes, or the tab stops.
func (t *Terminal) presentation(what int) {
	switch what {
	case 1:
		row, column := t.place()
		rendition, protected, flags := '@', '@', '@'
		for _, b := range [...]struct {
			bit rune
			on  bool
		}{
			{1, t.pen.attr&Bold != 0}, {2, t.pen.attr&underlineMask != 0},
			{4, t.pen.attr&Blink != 0}, {8, t.pen.attr&Inverse != 0},
		} {
			if b.on {
				rendition += b.bit
			}
		}
		if t.pen.attr&Protected != 0 {
			protected++
		}
		for _, b := range [...]struct {
			bit rune
			on  bool
		}{
			{1, t.modes.has(modeOrigin)}, {2, t.charsets.single == 2}, {4, t.charsets.single == 3},
			{8, t.wrap},
		} {
			if b.on {
				flags += b.bit
			}
		}
		sizes, sets := '@', ""
		for i, g := range t.charsets.g {
			if g == latin1 {
				sizes += 1 << i
			}
			sets += g.designation()
		}
		t.replyDCS(fmt.Sprintf("1$u%d;%d;1;%c;%c;%c;%d;%d;%c;%s", row, column, rendition,
			protected, flags, t.charsets.gl, t.charsets.gr, sizes, sets))
	case 2:
		b := []byte("2$u")
		for x := range t.columns {
			if t.isTab(x) {
				if len(b) > 3 {
					b = append(b, '/')
				}
				b = appendf(b, "%d", x+1)
			}
		}
		t.replyDCS(string(b))
	}
}
