package term

// Replay returns what makes a fresh terminal of the same size and palette show the
// same: the history, the screen with the cursor, the modes, title and colours. It is
// for pictures of what was and for viewers who come late. What cannot be seen and is
// not asked for by DECRQM (stacks of colours, modes that XTSAVE keeps, the alternate
// screen while the main one is shown) is left out.
func (t *Terminal) Replay() []byte { return t.replay(maxReplayCells) }

// replay is Replay with at most about this many bytes of cells.
func (t *Terminal) replay(cells int) []byte {
	r := replay{t: t, cells: cells}
	r.begin()
	r.screen(&t.main)
	if t.Alternate() {
		r.savedCursor(&t.main)
		r.text("\x1b[?47h")
		r.screen(&t.alt)
	}
	r.finish()
	return r.b
}

// replay is a Replay in the making: the bytes, and the pen of who reads them.
type replay struct {
	t     *Terminal
	b     []byte
	pen   Cell
	came  Color // in which colour the row that is written was blank at first
	open  link  // of who reads them
	cells int   // maxReplayCells
	bare  bool  // the rows that are written now lose their links
	dull  bool  // and all but the first code point of each cell
}

// maxReplayLinks bounds the bytes of addresses in a replay. A cell names its link in two
// bytes, so that a program can copy in a moment what would be gigabytes here; a history
// full of honest links has less.
const maxReplayLinks = 16 << 20

// maxReplayCells bounds the bytes of cells in a replay. A cell takes 16 bytes here, and
// with three colours, all attributes and two dozen marks two hundred there. Ten thousand
// rows of honest text have less than a tenth of it.
const maxReplayCells = 64 << 20

func (r *replay) text(s string) { r.b = append(r.b, s...) }

func (r *replay) f(format string, a ...any) { r.b = appendf(r.b, format, a...) }

// unknownColor is none that a row can have.
const unknownColor Color = 1<<32 - 1

// begin tells what must stand before the text.
func (r *replay) begin() {
	t := r.t
	if t.level != defaultLevel {
		r.f("\x1b[%d;1\"p", t.level)
	}
	for _, n := range t.titles {
		r.f("\x1b]1;%s\x1b\\\x1b]2;%s\x1b\\\x1b[22t", n[0], n[1])
	}
	if t.icon != "" {
		r.f("\x1b]1;%s\x1b\\", t.icon)
	}
	if t.title != "" {
		r.f("\x1b]2;%s\x1b\\", t.title)
	}
	if t.directory != "" {
		r.f("\x1b]7;%s\x1b\\", t.directory)
	}
	for i, c := range t.palette.Colors {
		if c != t.first.Colors[i] {
			r.f("\x1b]4;%d;#%06x\x1b\\", i, c)
		}
	}
	for i, c := range t.palette.Special {
		if c != t.first.Special[i] {
			r.f("\x1b]5;%d;#%06x\x1b\\", i, c)
		}
	}
	for i, c := range t.palette.Dynamic {
		if c != t.first.Dynamic[i] {
			r.f("\x1b]%d;#%06x\x1b\\", 10+i, c)
		}
	}
	r.modes(1 << modeAllowColumns)
	r.modes(1 << modeColumns)
	if t.tabsChanged() {
		r.text("\x1b[3g\r")
		for x := range t.columns {
			if t.isTab(x) {
				r.f("\x1b[%dG\x1bH", x+1)
			}
		}
	}
}

// replayLast are the modes that change how text is read, and come behind it.
const replayLast modes = 1<<modeVT52 | 1<<modeOrigin | 1<<modeAutowrap | 1<<modeReverseWrap |
	1<<modeReverseWrap2 | 1<<modeMargins | 1<<modeSync | 1<<modeGraphemes | 1<<modeInBand |
	1<<modeInsert | 1<<modeNewLine

// modes tells those of which that are not as in a fresh terminal.
func (r *replay) modes(which modes) {
	for n := 1; n <= 2048; n++ {
		if m := decMode(n); m < modeKeyboard && which.has(m) && r.t.modes.has(m) != initialModes.has(m) {
			final := 'l'
			if r.t.modes.has(m) != (m == modeVT52) {
				final = 'h'
			}
			r.f("\x1b[?%d%c", n, final)
		}
		if m := ansiMode(n); m != noMode && which.has(m) && r.t.modes.has(m) != initialModes.has(m) {
			final := 'l'
			if r.t.modes.has(m) {
				final = 'h'
			}
			r.f("\x1b[%d%c", n, final)
		}
	}
}

// screen writes all rows of s, each at the beginning of a line: those that are history
// are scrolled up by those that follow.
func (r *replay) screen(s *screen) {
	r.text("\x1b[0m\x1b[H")
	r.pen = Cell{}
	r.came = DefaultColor
	links := r.firstLinked(s)
	r.bare = links > 0
	whole := r.firstWhole(s)
	first := min(whole, s.ring.n-r.t.rows) // older history is left out
	r.dull = first < whole
	for i := first; i < s.ring.n; i++ {
		w := s.ring.at(i)
		if i == whole {
			r.dull = false
		}
		if i == links && r.bare {
			r.setPen(Cell{})
			r.bare = false
		}
		wrapped := i > first && s.ring.at(i-1).flags&rowWrapped != 0
		if i > first && !wrapped {
			r.setPen(Cell{})
			r.text("\r\n")
			r.came = DefaultColor
		} else if wrapped {
			if r.came = DefaultColor; i-first >= r.t.rows {
				// The row comes in at the bottom as what goes on in it is written.
				r.came = w.cell(0).bg
			}
			// Nothing but a character goes on to the next line, and only a wide one
			// leaves a gap.
			before := s.ring.at(i - 1)
			gap := before.cell(r.t.lineEnd(before) - 1).bg
			switch {
			case before.flags&rowGap != 0 && (w.cell(0).Width() != 2 || w.cell(0).bg != gap):
				r.setPen(Cell{bg: gap})
				r.text("\u3000\r\x1b[2X")
				r.came = unknownColor
			case w.size() != SingleSize || w.cell(0).Blank():
				r.text(" \r\x1b[X")
				r.came = unknownColor
			}
		}
		r.row(w)
	}
	k := &s.kitty
	for i := range k.n + 1 {
		if i == 0 {
			r.f("\x1b[=%du", k.flags[0])
		} else {
			r.f("\x1b[>%du", k.flags[i])
		}
	}
	r.setPen(Cell{})
}

func (r *replay) charsets(c charsets) {
	for i, g := range c.g {
		switch {
		case g == initialCharsets.g[i]:
		case g == latin1:
			r.f("\x1b%cA", ','+i)
		default:
			r.f("\x1b%c%s", '('+i, g.designation())
		}
	}
	r.text([...]string{"", "\x0e", "\x1bn", "\x1bo"}[c.gl])
	r.text([...]string{"", "\x1b~", "", "\x1b|"}[c.gr])
}

// resetCharsets goes back to those of a fresh terminal.
func (r *replay) resetCharsets() { r.text("\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b}") }

// moveTo puts the cursor at column x of row y, behind which it wraps if wrap is set.
func (r *replay) moveTo(s *screen, y, x int, wrap, origin bool) {
	t := r.t
	w := s.ring.at(s.ring.n - t.rows + y)
	c := w.cell(x)
	wrap = wrap && (x+1 == t.lineEnd(w) || x+1 == t.right)
	if wrap && c.attr&wideTail != 0 {
		x--
		c = w.cell(x)
	}
	row, column := y+1, x+1
	if origin {
		row, column = row-t.top, column-t.left
	}
	r.f("\x1b[%d;%dH", row, column)
	switch {
	case !wrap || w.flags&rowWrapped != 0:
	case c.Blank():
		// It was erased by what lets the cursor alone, and so it is again.
		r.setPen(Cell{bg: c.bg})
		r.f(" \x1b[%d;%d;%d;%d$z", row, column, row, column)
	default:
		r.cell(c)
	}
}

// savedCursor saves the cursor that s has saved.
func (r *replay) savedCursor(s *screen) {
	v := &s.saved
	if *v == initialSaved {
		return
	}
	if v.origin {
		r.text("\x1b[?6h")
	}
	r.moveTo(s, v.y, v.x, v.wrap, false)
	pen := v.pen
	pen.extra = r.t.extra(extra{underline: v.ul})
	r.setPen(pen)
	r.charsets(v.charsets)
	r.text("\x1b7")
	if v.origin {
		r.text("\x1b[?6l")
	}
	r.resetCharsets()
	r.setPen(Cell{})
}

// finish tells what must stand behind the text.
func (r *replay) finish() {
	t := r.t
	if t.protect == unprotected {
		r.text("\x1b[!p") // nothing else ends the protection that cells may have brought
	}
	r.savedCursor(t.scr)
	r.modes(^replayLast &^ (1<<modeAllowColumns | 1<<modeColumns))
	if t.keys.ModifyOtherKeys != 0 {
		r.f("\x1b[>4;%dm", t.keys.ModifyOtherKeys)
	}
	if t.keys.FormatOtherKeys != 0 {
		r.f("\x1b[>4;%df", t.keys.FormatOtherKeys)
	}
	if t.cursor != BlockCursor || t.blink {
		n := 2*int(t.cursor) + 2
		if t.blink {
			n--
		}
		r.f("\x1b[%d q", n)
		r.modes(1 << modeBlink)
	}
	if t.extent != 0 {
		r.f("\x1b[%d*x", t.extent)
	}
	r.modes(1 << modeMargins)
	if t.top != 0 || t.bottom != t.rows {
		r.f("\x1b[%d;%dr", t.top+1, t.bottom)
	}
	if t.left != 0 || t.right != t.columns {
		r.f("\x1b[%d;%ds", t.left+1, t.right)
	}
	r.modes(1 << modeOrigin)
	// The last column is written again for the wrap that is due: before autowrap ends
	// there is none, and insertion would move it.
	r.moveTo(t.scr, t.y, t.x, t.wrap, t.modes.has(modeOrigin))
	r.setPen(t.pen)
	if t.protect == isoProtected {
		r.text("\x1bV")
		if t.pen.attr&Protected == 0 {
			r.text("\x1bW")
		}
	} else if t.protect == decProtected {
		if t.pen.attr&Protected == 0 {
			r.text("\x1b[\"q")
		} else {
			r.text("\x1b[1\"q")
		}
	}
	r.modes(replayLast &^ (1<<modeMargins | 1<<modeOrigin | 1<<modeVT52))
	r.charsets(t.charsets)
	if t.eightBit {
		r.text("\x1b G")
	}
	if !t.utf8 {
		r.text("\x1b%@")
	}
	r.modes(1 << modeVT52)
	if t.charsets.single != 0 {
		r.f("\x1b%c", 'L'+t.charsets.single)
	}
}

// tabsChanged tells whether the tab stops are not those of a fresh terminal.
func (t *Terminal) tabsChanged() bool {
	for x := range t.columns {
		if t.isTab(x) != (x%8 == 0) {
			return true
		}
	}
	return false
}
