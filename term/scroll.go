package term

// wholeRows tells whether the margins take the rows in full.
func (t *Terminal) wholeRows() bool { return t.left == 0 && t.right == t.columns }

// scrollUp moves what is from row top to the bottom margin up by n rows. Rows that
// leave the screen go to the history.
func (t *Terminal) scrollUp(top, n int) {
	n = min(n, t.bottom-top)
	if n <= 0 {
		return
	}
	if !t.wholeRows() {
		t.copyColumns(top, n)
		return
	}
	if top == 0 {
		for range n {
			t.pushRow()
		}
		if t.bottom < t.rows {
			// The rows below the margin went up with the ring; they come back.
			g := &t.scr.ring
			from := g.n - t.rows
			g.rotateDown(from+t.bottom-n, from+t.rows, n)
			for y := t.bottom - n; y < t.rows; y++ {
				t.edit(y)
			}
		}
		return
	}
	g := &t.scr.ring
	from := g.n - t.rows
	g.rotateUp(from+top, from+t.bottom, n)
	for y := top; y < t.bottom-n; y++ {
		t.edit(y)
	}
	for y := t.bottom - n; y < t.bottom; y++ {
		t.row(y).blank(t.pen.bg, t.rev)
	}
	t.cutWrap(top - 1)
	t.cutWrap(t.bottom - n - 1)
}

// pushRow lets the first row of the screen go to the history, and a blank one come in
// at its end.
func (t *Terminal) pushRow() {
	s := t.scr
	if s.ring.push(t.pen.bg, t.rev) {
		s.base++
	}
	if t.scroll > 0 {
		t.scroll = min(t.scroll+1, t.HistoryLen())
	}
}

// scrollDown moves what is from row top to the bottom margin down by n rows.
func (t *Terminal) scrollDown(top, n int) {
	n = min(n, t.bottom-top)
	if n <= 0 {
		return
	}
	if !t.wholeRows() {
		t.copyColumns(top, -n)
		return
	}
	g := &t.scr.ring
	from := g.n - t.rows
	g.rotateDown(from+top, from+t.bottom, n)
	for y := top + n; y < t.bottom; y++ {
		t.edit(y)
	}
	for y := top; y < top+n; y++ {
		t.row(y).blank(t.pen.bg, t.rev)
	}
	t.cutWrap(top - 1)
	t.cutWrap(t.bottom - 1)
}

// cutWrap ends the text of row y, because what comes below it is another.
func (t *Terminal) cutWrap(y int) {
	if y < 0 {
		return
	}
	if r := t.row(y); r.flags&rowWrapped != 0 {
		r.flags &^= rowWrapped | rowGap
		r.rev = t.rev
	}
}

// copyColumns moves the cells between the margins, from row top to the bottom margin,
// up by n rows, down with less than 0.
func (t *Terminal) copyColumns(top, n int) {
	for y := top; y < t.bottom; y++ {
		t.cutWide(t.edit(y), t.left)
		t.cutWide(t.row(y), t.right)
		if t.right == t.columns {
			t.cutWrap(y)
		}
	}
	height := t.bottom - top
	for i := range height {
		y := top + i
		if n < 0 {
			y = t.bottom - 1 - i
		}
		if from := y + n; from >= top && from < t.bottom {
			t.copyCells(t.row(y), t.left, t.row(from), t.left, t.right-t.left)
		} else {
			t.clearCells(t.row(y), t.left, t.right)
		}
	}
}

// copyCells copies n cells of row src to row dst.
func (t *Terminal) copyCells(dst *row, to int, src *row, from, n int) {
	if n = min(n, t.lineEnd(dst)-to); n <= 0 {
		return
	}
	if to+n == t.lineEnd(dst) {
		dst.flags &^= rowWrapped | rowGap
	}
	if from >= src.n {
		t.fillCells(dst, to, to+n, Cell{bg: src.fill})
		return
	}
	dst.extend(to+n, t.columns)
	k := copy(dst.cells[to:to+n], src.cells[from:src.n])
	for ; k < n; k++ {
		dst.cells[to+k] = Cell{bg: src.fill}
	}
}

// cutWide makes spaces of a wide character that the column x cuts in two.
func (t *Terminal) cutWide(r *row, x int) {
	if x > 0 && x < r.n && r.cells[x].attr&wideTail != 0 {
		r.cells[x-1].halve()
		r.cells[x].halve()
	}
}

// fillCells makes the cells [from, to) of r such as c. It does not look at wide
// characters at the ends.
func (t *Terminal) fillCells(r *row, from, to int, c Cell) {
	end := t.lineEnd(r)
	if from >= end {
		return
	}
	if to = min(to, end); to == end && c == (Cell{bg: c.bg}) {
		// The end of a row that is blank need not be occupied.
		if from < r.n {
			r.n = from
		} else if r.fill != c.bg {
			r.extend(from, t.columns)
		}
		r.fill = c.bg
		return
	}
	if c == (Cell{bg: r.fill}) {
		to = min(to, r.n)
	} else {
		r.extend(to, t.columns)
	}
	for i := from; i < to; i++ {
		r.cells[i] = c
	}
}

// clearCells erases the cells [from, to) of r with the background of the pen.
func (t *Terminal) clearCells(r *row, from, to int) {
	to = min(to, t.columns)
	if from >= to {
		return
	}
	t.cutWide(r, from)
	t.cutWide(r, to)
	t.fillCells(r, from, to, Cell{bg: t.pen.bg})
	if to == t.columns {
		r.flags &^= rowWrapped | rowGap
	}
	r.rev = t.rev
}

// insertCells does ICH at x: n blank cells, and the rest up to the margin moves right.
func (t *Terminal) insertCells(x, n int) { t.shiftRow(t.edit(t.y), x, n) }

// shiftRow moves the cells of r from x to the right margin by n, to the left with less
// than 0, and erases those that come free.
func (t *Terminal) shiftRow(r *row, x, n int) {
	end := t.right
	if x >= end {
		end = t.columns
	}
	r.rev = t.rev
	line := t.lineEnd(r)
	if end = min(end, line); x >= end {
		return
	}
	width := end - x
	t.cutWide(r, x)
	t.cutWide(r, end)
	if n > 0 {
		n = min(n, width)
		if x < r.n {
			t.cutWide(r, end-n)
			r.extend(min(max(r.n+n, x+n), end), t.columns)
			copy(r.cells[x+n:min(r.n, end)], r.cells[x:])
			t.fillCells(r, x, x+n, Cell{bg: t.pen.bg})
		} else {
			t.fillCells(r, x, x+n, Cell{bg: t.pen.bg})
		}
	} else {
		n = min(-n, width)
		t.cutWide(r, x+n)
		if x < r.n {
			r.extend(min(r.n+n, end), t.columns)
			if x+n < r.n {
				copy(r.cells[x:min(r.n, end)-n], r.cells[x+n:min(r.n, end)])
			}
		}
		t.fillCells(r, end-n, end, Cell{bg: t.pen.bg})
	}
	if end == line {
		r.flags &^= rowWrapped | rowGap
	}
}

// shiftColumns moves the columns from x to the right margin of all rows between the
// margins by n, to the left with less than 0.
func (t *Terminal) shiftColumns(x, n int) {
	for y := t.top; y < t.bottom; y++ {
		t.shiftRow(t.edit(y), x, n)
	}
}

// insertLines does IL, deleteLines DL; nothing outside of the margins.
func (t *Terminal) insertLines(n int) {
	if t.inMargins() {
		t.scrollDown(t.y, n)
		t.carriageReturn()
	}
}

func (t *Terminal) deleteLines(n int) {
	if !t.inMargins() {
		return
	}
	if t.y == 0 && t.wholeRows() {
		// Lines that a program deletes are not history.
		n = min(n, t.bottom)
		g := &t.scr.ring
		from := g.n - t.rows
		g.rotateUp(from, from+t.bottom, n)
		for y := range t.bottom - n {
			t.edit(y)
		}
		for y := t.bottom - n; y < t.bottom; y++ {
			t.row(y).blank(t.pen.bg, t.rev)
		}
		t.cutWrap(t.bottom - n - 1)
	} else {
		t.scrollUp(t.y, n)
	}
	t.carriageReturn()
}

func (t *Terminal) inMargins() bool {
	return t.y >= t.top && t.y < t.bottom && t.x >= t.left && t.x < t.right
}
