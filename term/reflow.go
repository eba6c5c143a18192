package term

// Resize changes the size of the screen. The lines of the main screen and its history
// are wrapped anew; the alternate screen is cut, as its program draws it again. Margins
// go back to the edges. It takes no longer than to copy what is kept.
func (t *Terminal) Resize(columns, rows int) {
	columns, rows = fit(columns, rows)
	if columns == t.columns && rows == t.rows {
		return
	}
	oldColumns, oldRows := t.columns, t.rows
	shownMain := !t.Alternate()

	// What shall be found again: the cursor, the saved one, the first line of the view
	// and who else asks.
	s := &t.main
	top := s.ring.n - oldRows
	cursor := place{row: top + t.y, x: t.x}
	if t.wrap {
		cursor.x++
	}
	saved := place{row: top + min(s.saved.y, oldRows-1), x: s.saved.x}
	if s.saved.wrap {
		saved.x++
	}
	view := place{row: top}
	places := []*place{&saved, &view}
	if shownMain {
		view.row -= t.scroll
		places = append(places, &cursor)
	}
	asked := make([]place, len(t.anchors))
	for i, a := range t.anchors {
		asked[i] = place{row: int(a.Line - s.base), x: a.Column, lost: a.Line < s.base || a.Line >= s.base+int64(s.ring.n)}
		if !asked[i].lost {
			places = append(places, &asked[i])
		}
	}
	pinned := place{row: top} // the line at the top of the screen
	places = append(places, &pinned)

	t.columns, t.rows = columns, rows
	f := reflow{t: t, from: &s.ring, columns: oldColumns, places: places}
	f.to.max = rows + t.historyMax()
	f.run()
	if !shownMain {
		cursor = saved
	}
	f.fitScreen(cursor.to, pinned.to)
	s.ring = f.to
	base := s.base
	s.base += int64(f.dropped)
	for i, a := range t.anchors {
		if !asked[i].lost {
			*a = Point{Line: base + int64(asked[i].to), Column: asked[i].column}
		}
	}
	screen := f.dropped + s.ring.n - rows
	if s.saved != initialSaved {
		s.saved.wrap = saved.wrap
		s.saved.x, s.saved.y = saved.column, min(max(saved.to-screen, 0), rows-1)
	}
	y := t.cutAlternate(oldRows)
	if shownMain {
		t.x, t.y, t.wrap = cursor.column, min(max(cursor.to-screen, 0), rows-1), cursor.wrap && t.modes.has(modeAutowrap)
		if t.scroll > 0 {
			t.scroll = min(max(screen-view.to, 0), s.ring.n-rows)
		}
	} else {
		t.y = y
		t.wrap = t.wrap && t.x < columns && oldColumns == columns
		t.x = min(t.x, columns-1)
	}
	t.top, t.bottom, t.left, t.right = 0, rows, 0, columns
	t.fitTabs(oldColumns)
	t.fitLine()
	t.redraw()
	t.reportSize()
}

// place is a cell that is found again behind a reflow. x may be one beyond the last
// column: behind it.
type place struct {
	row, x int
	lost   bool
	// to and column are the new row, counted from the first that was written, even if
	// it is kept no more, and the new column; wrap tells that it is behind that.
	to, column int
	wrap       bool
}

// reflow moves rows into a ring of another width. A line is the rows that are joined by
// wrapping.
type reflow struct {
	t       *Terminal
	from    *ring
	to      ring
	columns int // of the old rows
	dropped int // how many new rows left the ring at its front
	places  []*place
}

func (f *reflow) run() {
	for i := 0; i < f.from.n; {
		end := i + 1
		for end < f.from.n && f.from.at(end-1).flags&rowWrapped != 0 &&
			(f.from.at(end-1).flags|f.from.at(end).flags)&rowSizes == 0 {
			end++
		}
		f.line(i, end)
		i = end
	}
}

// push begins a new row.
func (f *reflow) push() *row {
	if f.to.push(DefaultColor, f.t.rev) {
		f.dropped++
	}
	return f.to.at(f.to.n - 1)
}

// next begins a new row in which the line goes on behind r, which is full. That it goes
// on makes a blank at its end text.
func (f *reflow) next(r *row) *row {
	r.flags |= rowWrapped
	if c := &r.cells[f.t.columns-1]; c.Blank() {
		c.content = ' '
	}
	return f.push()
}

// line moves the line of the rows [from, end).
func (f *reflow) line(from, end int) {
	columns := f.t.columns
	dst := f.push()
	n := 0 // how many columns of dst are used
	for i := from; i < end; i++ {
		src := f.from.at(i)
		length := src.trimmed()
		if i+1 < end {
			length = f.columns
			if src.flags&rowGap != 0 {
				length--
			}
		}
		if n == columns {
			dst, n = f.next(dst), 0
		}
		dst.flags |= src.flags & rowMarks
		if src.flags&rowSizes != 0 {
			dst.flags |= src.flags & rowSizes
			length = min(length, max(columns/2, 1))
			if src.cell(length).attr&wideTail != 0 {
				length--
			}
		}
		f.find(i, 0, length, n)
		// Spans of cells that go to one row are copied at once.
		for x := 0; x < length; {
			if n == columns {
				dst, n = f.next(dst), 0
				f.find(i, x, length, n)
			}
			k := min(length-x, columns-n)
			if x+k < length && src.cell(x+k).attr&wideTail != 0 {
				k--
			}
			if k == 0 {
				if columns == 1 {
					// There is no room for a wide character at all.
					dst.extend(1, 1)
					c := src.cell(x)
					c.content = replacement
					c.attr &^= wideHalves
					dst.cells[0] = c
					n, x = 1, x+2
					continue
				}
				dst.extend(columns, columns)
				dst.flags |= rowWrapped | rowGap
				dst, n = f.push(), 0
				f.find(i, x, length, n)
				continue
			}
			dst.extend(n+k, columns)
			have := min(max(src.n-x, 0), k)
			copy(dst.cells[n:n+have], src.cells[min(x, src.n):])
			for j := have; j < k; j++ {
				dst.cells[n+j] = Cell{bg: src.fill}
			}
			n, x = n+k, x+k
		}
		if i+1 == end {
			dst.fill = src.fill
		}
	}
}

// find tells the places from column x of the old row i on where they come to if what is
// from there on is written at column n of the newest row. Those further on are told
// again when that row is full.
func (f *reflow) find(i, x, length, n int) {
	for _, p := range f.places {
		if p.row != i || p.lost || p.x < x {
			continue
		}
		p.to = f.dropped + f.to.n - 1
		p.wrap = false
		column := n + p.x - x
		if column >= f.t.columns {
			// Text that goes on takes it to a row below; behind the end it stays at the
			// edge, about to wrap if it stood right behind the text.
			p.wrap = column == f.t.columns && p.x == length
			column = f.t.columns - 1
		}
		p.column = column
	}
}

// fitScreen makes the last rows of the ring the screen: the line that was at its top,
// new row pinned, stays there as long as blank rows below the cursor can be given up
// for it, and history comes back only to a screen that was full.
func (f *reflow) fitScreen(cursor, pinned int) {
	rows, g := f.t.rows, &f.to
	blank := func() bool {
		r := g.at(g.n - 1)
		return g.n > 1 && r.trimmed() == 0 && r.fill == DefaultColor && r.flags == 0 && f.dropped+g.n-1 > cursor
	}
	room := blank()
	for f.dropped+g.n-pinned > rows && blank() {
		g.n--
	}
	if room {
		for f.dropped+g.n-pinned < rows {
			f.push()
		}
	}
	for g.n < rows {
		f.push()
	}
	// The cursor stays on the screen; what is too far below it is cut.
	if y := cursor - (f.dropped + g.n - rows); y < 0 {
		g.n = max(g.n+y, rows)
	}
}

// cutAlternate gives the alternate screen the new size and returns the cursor's row
// if it is there: rows go at the end, and above the cursor where it would be lost.
func (t *Terminal) cutAlternate(oldRows int) (y int) {
	s := &t.alt
	old := s.ring
	y = t.y
	skip := max(y-(t.rows-1), 0)
	if !t.Alternate() {
		skip = 0
	}
	s.ring.init(t.rows, t.rows)
	s.base += int64(old.n)
	for i := range t.rows {
		r := s.ring.at(i)
		r.rev = t.rev
		if i+skip >= min(old.n, oldRows) {
			continue
		}
		src := *old.at(i + skip)
		src.rev = t.rev
		src.flags &^= rowWrapped | rowGap
		end := t.lineEnd(&src)
		t.cutWide(&src, end)
		src.n = min(src.n, end)
		if len(src.cells) > t.columns {
			src.cells = src.cells[:t.columns]
		}
		*r = src
	}
	s.saved.x, s.saved.y = min(s.saved.x, t.columns-1), min(s.saved.y, t.rows-1)
	return y - skip
}

// fitTabs keeps the tab stops; new columns have one each eight.
func (t *Terminal) fitTabs(oldColumns int) {
	old := t.tabs
	t.resetTabs()
	for x := range min(oldColumns, t.columns) {
		if old[x>>6]&(1<<(x&63)) == 0 {
			t.tabs[x>>6] &^= 1 << (x & 63)
		} else {
			t.setTab(x)
		}
	}
}
