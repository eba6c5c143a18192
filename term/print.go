package term

import "unicode/utf8"

// lineEnd returns one beyond the last column of row r: lines of double width have half
// as many.
func (t *Terminal) lineEnd(r *row) int {
	if r.flags&rowSizes != 0 {
		return max(t.columns/2, 1)
	}
	return t.columns
}

// limit returns one beyond the last column that text reaches from the cursor.
func (t *Terminal) limit(r *row) int {
	if t.x < t.right && t.right < t.columns {
		return t.right
	}
	return t.lineEnd(r)
}

// breakLine goes to the next line because text is too long for this one, which it
// fills, or all but a gap of one column.
func (t *Terminal) breakLine(gap bool) {
	t.wrap = false
	r := t.row(t.y)
	end := t.lineEnd(r)
	last := t.y == t.rows-1 && t.y != t.bottom-1 // there is no next line, this one is overwritten
	if t.limit(r) == end && t.x < t.right && t.left == 0 && !last {
		if !gap && r.cell(end-1).Blank() {
			// What was there is erased, but the text goes on behind it.
			r.extend(end, t.columns)
			r.cells[end-1].content = ' '
		}
		r.flags |= rowWrapped
		if gap {
			r.flags |= rowGap
		}
		r.rev = t.rev
	}
	left := t.left
	if t.x < left {
		left = 0
	}
	t.index() // which scrolls only what is below text within the margins
	t.x = left
}

// printASCII writes printable ASCII.
func (t *Terminal) printASCII(p []byte) {
	if !t.charsets.plain() {
		t.printMapped(p)
		return
	}
	if t.modes.has(modeInsert) {
		for _, b := range p {
			t.put(uint32(b), 1)
		}
		return
	}
	pen := t.pen
	var last byte
	for len(p) > 0 {
		if t.wrap {
			t.breakLine(false)
		}
		r := t.edit(t.y)
		end := t.limit(r)
		if t.x >= end {
			t.x = end - 1
		}
		n := min(len(p), end-t.x)
		if n == end-t.x && n < len(p) && !t.modes.has(modeAutowrap) {
			// What does not fit overwrites the last column, and only its end is seen.
			if n > 1 {
				n--
			} else {
				p = p[len(p)-1:]
			}
		}
		cells := r.span(t.x, n, t.columns)
		text := p[:n]
		for i := range cells {
			// One whole copy of a cell that stays as it is, and one part: a copy of a
			// cell that was just written in part would wait for that.
			cells[i] = pen
			cells[i].content = uint32(text[i])
		}
		last = text[n-1]
		p = p[n:]
		t.advance(r, n, end)
	}
	t.last = Cell{content: uint32(last)}
}

// printMapped writes printable ASCII through the character sets.
func (t *Terminal) printMapped(p []byte) {
	for i, b := range p {
		if t.charsets.plain() {
			t.printASCII(p[i:])
			return
		}
		t.print(t.charsets.left(b))
	}
}

// advance moves the cursor over n columns that were written, up to the column end.
func (t *Terminal) advance(r *row, n, end int) {
	if t.x += n; t.x >= end {
		t.x = end - 1
		t.wrap = t.modes.has(modeAutowrap)
		if end == t.lineEnd(r) {
			r.flags &^= rowWrapped | rowGap
		}
	}
}

// span occupies n cells from x on for text that overwrites them all, and makes
// spaces of the halves of wide characters that are cut at its ends.
func (r *row) span(x, n, columns int) []Cell {
	if x > 0 && x < r.n && r.cells[x].attr&wideTail != 0 {
		r.cells[x-1].halve()
	}
	switch end := x + n; {
	case end > r.n:
		r.extend(x, columns)
		r.reserve(end, columns)
		r.n = end
	case end < r.n && r.cells[end].attr&wideTail != 0:
		r.cells[end].halve()
	}
	return r.cells[x : x+n]
}

// print writes the character c, which is none of the control characters.
func (t *Terminal) print(c rune) {
	if t.charsets.single != 0 {
		t.charsets.single = 0
	}
	k := kindOf(c)
	if t.modes.has(modeGraphemes) {
		if k&(kindJoins|kindOpens) != 0 || t.opens() {
			if t.join(c) {
				return
			}
		}
	}
	w := int(k & kindWidth)
	if w == 0 {
		t.combine(c)
		return
	}
	t.put(uint32(c), w)
}

// put writes a cell of this content and width at the cursor.
func (t *Terminal) put(content uint32, width int) {
	if t.wrap {
		t.breakLine(false)
	}
	r := t.edit(t.y)
	end := t.limit(r)
	if t.x >= end {
		t.x = end - 1
	}
	if width == 2 && t.x+2 > end {
		switch {
		case end-t.floor() < 2:
			content, width = replacement, 1
		case t.modes.has(modeAutowrap):
			// The last column stays empty, and text that is reflowed closes the gap.
			r.span(t.x, 1, t.columns)[0] = Cell{bg: t.pen.bg}
			t.breakLine(true)
			r = t.edit(t.y)
			end = t.limit(r)
			if t.x+2 > end {
				content, width = replacement, 1
			}
		default:
			return // it is not shown at all
		}
	}
	if t.modes.has(modeInsert) {
		t.insertCells(t.x, min(width, end-t.x))
	}
	cells := r.span(t.x, width, t.columns)
	cells[0] = t.pen
	cells[0].content = content
	t.last.content, t.last.attr = content, 0
	if width == 2 {
		t.last.attr = wideHead
		cells[0].attr |= wideHead
		cells[1] = t.pen
		cells[1].attr |= wideTail
	}
	t.advance(r, width, end)
}

// floor returns the first column of the line that the cursor is in.
func (t *Terminal) floor() int {
	if t.x >= t.left {
		return t.left
	}
	return 0
}

// before returns the cell that was written last as the cursor tells it: the one that a
// combining character goes to. There is none at the beginning of a line.
func (t *Terminal) before() (r *row, x int, ok bool) {
	r, x = t.row(t.y), t.x
	if !t.wrap {
		x--
	}
	if x < 0 || x >= r.n {
		return r, x, false
	}
	if r.cells[x].attr&wideTail != 0 && x > 0 {
		x--
	}
	return r, x, true
}

// combine adds a character without a width to the one before it.
func (t *Terminal) combine(c rune) {
	r, x, ok := t.before()
	if !ok || r.cells[x].content == 0 {
		return
	}
	t.append(r, x, c)
}

// append adds c to the cell x of r. It is left out where the cell or the table of
// clusters is full.
func (t *Terminal) append(r *row, x int, c rune) bool {
	var buf [4 * (maxClusterRunes + 1)]byte
	text := t.Text(buf[:0], r.cells[x])
	if utf8.RuneCount(text) >= maxClusterRunes {
		return false
	}
	content, ok := t.cluster(utf8.AppendRune(text, c))
	if !ok {
		return false
	}
	r.cells[x].content = content
	t.last.content = content
	r.rev = t.rev
	return true
}

// maxRepeat bounds how often REP repeats: xterm's greatest parameter.
const maxRepeat = 1<<16 - 1

// repeat does REP: the character that was written last, n times. As in xterm there is
// none behind any control function, REP as well.
func (t *Terminal) repeat(last Cell, n int) {
	if last.content == 0 {
		return
	}
	width := 1
	if last.attr&wideHead != 0 {
		width = 2
	}
	n = min(n, maxRepeat)
	if all, line := t.columns*t.rows, (t.right-t.left)/width; n > all && line > 0 {
		// Behind a full screen each line is as the one before, and what counts is only
		// where in the last one the text ends.
		n = all + (n-all)%line
	}
	for ; n > 0; n-- {
		t.put(last.content, width)
	}
	t.last.content = 0
}
