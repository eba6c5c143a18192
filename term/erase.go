package term

// protection is which protected cells an erasure leaves alone.
type protection uint8

const (
	unprotected  protection = iota
	isoProtected            // by SPA: from every erasure
	decProtected            // by DECSCA: from those that are selective
)

// keeps tells whether an erasure, selective or not, leaves protected cells alone.
func (t *Terminal) keeps(selective bool) bool {
	return t.protect == isoProtected || selective && t.protect == decProtected
}

// eraseCells erases the cells [from, to) of row y; selective ones keep those that are
// protected.
func (t *Terminal) eraseCells(y, from, to int, selective bool) {
	r := t.edit(y)
	if !t.keeps(selective) {
		t.clearCells(r, from, to)
		return
	}
	for x := from; x < min(to, r.n); {
		end := x + 1
		if r.cells[x].attr&wideHead != 0 {
			end++
		}
		if r.cells[x].attr&Protected == 0 {
			t.clearCells(r, x, min(end, to))
		}
		x = end
	}
	t.clearCells(r, max(from, r.n), to)
}

// eraseRows erases the rows [from, to).
func (t *Terminal) eraseRows(from, to int, selective bool) {
	for y := from; y < to; y++ {
		if t.keeps(selective) {
			t.eraseCells(y, 0, t.columns, selective)
		} else {
			t.row(y).blank(t.pen.bg, t.rev)
		}
	}
}

// eraseDisplay does ED and DECSED.
func (t *Terminal) eraseDisplay(what int, selective bool) {
	if what > 3 {
		return
	}
	t.wrap = false
	switch what {
	case 0:
		if t.x == 0 && t.y == 0 {
			t.eraseRows(0, t.rows, selective)
			t.cutHistory()
			return
		}
		t.eraseCells(t.y, t.x, t.columns, selective)
		t.eraseRows(t.y+1, t.rows, selective)
	case 1:
		t.eraseRows(0, t.y, selective)
		t.eraseCells(t.y, 0, t.x+1, selective)
		t.cutWrap(t.y - 1)
	case 2:
		t.eraseRows(0, t.rows, selective)
		t.cutHistory()
	case 3:
		if !selective {
			t.eraseHistory()
		}
	}
}

// cutHistory ends the text of the last row of the history: the row it went on in is
// gone.
func (t *Terminal) cutHistory() {
	if n := t.HistoryLen(); n > 0 {
		r := t.scr.ring.at(n - 1)
		r.flags &^= rowWrapped | rowGap
		r.rev = t.rev
	}
}

// eraseHistory forgets the rows above the screen.
func (t *Terminal) eraseHistory() {
	n := t.HistoryLen()
	t.scr.ring.dropFront(n)
	t.scr.base += int64(n)
	t.scroll = 0
	t.redraw()
}

// eraseLine does EL and DECSEL.
func (t *Terminal) eraseLine(what int, selective bool) {
	switch what {
	case 0:
		t.eraseCells(t.y, t.x, t.columns, selective)
	case 1:
		t.eraseCells(t.y, 0, t.x+1, selective)
	case 2:
		t.eraseCells(t.y, 0, t.columns, selective)
	default:
		return
	}
	t.wrap = false
}

// eraseChars does ECH.
func (t *Terminal) eraseChars(n int) {
	t.wrap = false
	t.eraseCells(t.y, t.x, min(t.x+n, t.columns), false)
}

// align does DECALN: a screen full of E to adjust a display by. The rendition of the
// pen ends but its colours stay, as in xterm.
func (t *Terminal) align() {
	t.top, t.bottom, t.left, t.right = 0, t.rows, 0, t.columns
	t.modes.set(modeOrigin, false)
	t.pen.attr &^= rendition
	for y := range t.rows {
		r := t.row(y)
		r.blank(DefaultColor, t.rev)
		t.fillCells(r, 0, t.columns, Cell{content: 'E'})
	}
	t.cutHistory()
	t.x, t.y, t.wrap = 0, 0, false
}
