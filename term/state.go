package term

import "hearth/term/input"

// savedCursor is what DECSC saves.
type savedCursor struct {
	x, y     int
	wrap     bool
	pen      Cell
	ul       Color
	origin   bool
	charsets charsets
}

// initialSaved is what a screen has saved after a reset.
var initialSaved = savedCursor{charsets: initialCharsets}

func (t *Terminal) saveCursor() {
	t.scr.saved = savedCursor{
		x: t.x, y: t.y, wrap: t.wrap, pen: t.pen, ul: t.ul,
		origin: t.modes.has(modeOrigin), charsets: t.charsets,
	}
}

// restoreCursor does DECRC.
func (t *Terminal) restoreCursor() {
	s := t.scr.saved
	t.modes.set(modeOrigin, s.origin)
	t.x, t.y = min(s.x, t.columns-1), min(s.y, t.rows-1)
	if s.origin {
		t.x = min(max(t.x, t.left), t.right-1)
		t.y = min(max(t.y, t.top), t.bottom-1)
	}
	t.fitLine()
	t.wrap = s.wrap && t.x == s.x && t.x+1 == t.limit(t.row(t.y))
	t.charsets = s.charsets
	// The link that is open stays so: it is no attribute of the cursor.
	t.pen, t.ul = s.pen, s.ul
	t.setExtra()
}

// setAlternate does the modes 47, 1047 and 1049.
func (t *Terminal) setAlternate(m mode, on bool) {
	if on {
		if m == modeAlt1049 {
			t.saveCursor()
		}
		t.show(&t.alt)
		if m == modeAlt1049 {
			t.eraseRows(0, t.rows, false)
		}
	} else {
		if m == modeAlt1047 && t.Alternate() {
			t.eraseRows(0, t.rows, false)
			t.wrap = false
		}
		t.show(&t.main)
		if m == modeAlt1049 {
			t.restoreCursor()
		}
	}
}

// show makes s the screen that is shown.
func (t *Terminal) show(s *screen) {
	if t.scr == s {
		return
	}
	t.scr = s
	t.scroll = 0
	t.fitLine()
	t.redraw()
	t.syncKeys()
}

// Reset makes the terminal as it was at first, without its history; the size, the
// limits and the title stay. It is what RIS does.
func (t *Terminal) Reset() {
	t.parser = parser{}
	t.hardReset()
}

func (t *Terminal) hardReset() {
	for _, s := range []*screen{&t.main, &t.alt} {
		max := t.rows
		if s == &t.main {
			max += t.historyMax()
		}
		s.base += int64(s.ring.n)
		s.ring.init(t.rows, max)
		s.saved, s.kitty = initialSaved, kittyStack{}
		for y := range t.rows {
			s.ring.at(y).rev = t.rev
		}
	}
	t.scr = &t.main
	t.pens, t.pushed = nil, nil
	t.titles = nil
	t.url, t.last = 0, Cell{}
	t.pen, t.ul = Cell{}, DefaultColor
	t.tables.init(t.limits)
	t.scroll, t.syncSeen = 0, false
	t.x, t.y, t.wrap = 0, 0, false
	t.modes, t.saved, t.savedMask = initialModes, 0, 0
	t.keys = input.Modes{}
	t.charsets, t.utf8 = initialCharsets, true
	t.protect, t.extent = unprotected, 0
	t.top, t.bottom, t.left, t.right = 0, t.rows, 0, t.columns
	t.level, t.eightBit = defaultLevel, false
	t.cursor, t.blink = BlockCursor, false
	p := *t.first
	t.palette, t.shared = &p, false
	t.resetTabs()
	t.syncKeys()
	t.redraw()
}

// defaultLevel is the VT level that DECSCL tells before it is set: a VT420.
const defaultLevel = 64

// softReset does DECSTR.
func (t *Terminal) softReset() {
	t.modes.set(modeInsert, false)
	t.modes.set(modeOrigin, false)
	t.modes.set(modeAutowrap, true)
	t.modes.set(modeReverseWrap, false)
	t.modes.set(modeReverseWrap2, false)
	t.modes.set(modeCursor, true)
	t.modes.set(modeAppCursor, false)
	t.modes.set(modeAppKeypad, false)
	t.modes.set(modeKeyboard, false)
	t.modes.set(modeMargins, false)
	t.top, t.bottom, t.left, t.right = 0, t.rows, 0, t.columns
	t.charsets = initialCharsets
	t.pen, t.ul = Cell{}, DefaultColor
	t.setExtra()
	t.protect, t.extent = unprotected, 0
	t.scr.saved = initialSaved
	t.keepWrap()
	t.cursor, t.blink = BlockCursor, false
	t.syncKeys()
}
