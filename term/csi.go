package term

// dispatchCSI does the control sequence that ends with this byte.
func (t *Terminal) dispatchCSI(final byte) {
	s := &t.parser
	last := t.last
	t.last.content = 0
	switch s.inters {
	case 0:
		switch s.private {
		case 0:
			if final == 'b' {
				t.repeat(last, s.arg(0, 1))
				return
			}
			t.plainCSI(final)
		case '?':
			t.questionCSI(final)
		case '>':
			t.greaterCSI(final)
		case '<':
			if final == 'u' {
				t.kitty()
			}
		case '=':
			switch final {
			case 'c':
				if s.arg(0, 0) == 0 {
					t.replyDCS("!|00000000")
				}
			case 'u':
				t.kitty()
			}
		}
	case 1:
		t.intermediateCSI(s.inter[0], final)
	case 2:
		// Of sequences with two intermediate bytes nothing is known here.
	}
}

func (t *Terminal) plainCSI(final byte) {
	s := &t.parser
	switch final {
	case 'm':
		t.sgr()
	case 'H', 'f':
		t.moveTo(s.arg(0, 1)-1, s.arg(1, 1)-1)
	case 'K':
		t.eraseLine(s.arg(0, 0), false)
	case 'J':
		t.eraseDisplay(s.arg(0, 0), false)
	case 'A':
		t.up(s.arg(0, 1))
	case 'B':
		t.down(s.arg(0, 1))
	case 'e': // VPR, and HPR, heed no margins but those of origin mode
		row, column := t.place()
		t.moveTo(row-1+s.arg(0, 1), column-1)
	case 'C':
		t.forward(s.arg(0, 1))
	case 'a':
		row, column := t.place()
		t.moveTo(row-1, column-1+s.arg(0, 1))
	case 'D':
		t.back(s.arg(0, 1))
	case 'E':
		t.down(s.arg(0, 1))
		t.carriageReturn()
	case 'F':
		t.up(s.arg(0, 1))
		t.carriageReturn()
	case 'G', '`':
		t.column(s.arg(0, 1) - 1)
	case 'd':
		t.line(s.arg(0, 1) - 1)
	case 'I':
		t.tab(s.arg(0, 1))
	case 'Z':
		t.backTab(s.arg(0, 1))
	case 'g':
		t.clearTabs(s.arg(0, 0))
	case 'W':
		t.tabControl(s.arg(0, 0))
	case '@':
		if t.x >= t.left && t.x < t.right {
			t.wrap = false
			t.insertCells(t.x, s.arg(0, 1))
		}
	case 'P':
		if t.x >= t.left && t.x < t.right {
			t.wrap = false
			t.insertCells(t.x, -s.arg(0, 1))
		}
	case 'X':
		t.eraseChars(s.arg(0, 1))
	case 'L':
		t.insertLines(s.arg(0, 1))
	case 'M':
		t.deleteLines(s.arg(0, 1))
	case 'S':
		t.scrollUp(t.top, s.arg(0, 1))
	case 'T':
		// With five parameters it is xterm's tracking of a highlight by the mouse, which
		// no program uses and every terminal has left out.
		// Nor does it scroll by 0, which once reset that.
		if s.n <= 1 && (s.given == 0 || s.params[0] != 0) {
			t.scrollDown(t.top, s.arg(0, 1))
		}
	case '^':
		t.scrollDown(t.top, s.arg(0, 1))
	case 'h':
		t.setModes(true)
	case 'l':
		t.setModes(false)
	case 'r':
		t.setMargins(s.arg(0, 1), s.arg(1, t.rows))
	case 's':
		if t.modes.has(modeMargins) {
			t.setSideMargins(s.arg(0, 1), s.arg(1, t.columns))
		} else {
			t.saveCursor()
		}
	case 'u':
		t.restoreCursor()
	case 'c':
		if s.arg(0, 0) == 0 {
			t.attributes()
		}
	case 'n':
		t.status(s.arg(0, 0))
	case 't':
		t.window()
	case 'x':
		if n := s.arg(0, 0); n <= 1 {
			t.replyf("\x1b[%d;1;1;128;128;1;0x", n+2)
		}
	}
}

func (t *Terminal) questionCSI(final byte) {
	s := &t.parser
	switch final {
	case 'h':
		t.setModes(true)
	case 'l':
		t.setModes(false)
	case 's':
		t.saveModes(false)
	case 'r':
		t.saveModes(true)
	case 'J':
		t.eraseDisplay(s.arg(0, 0), true)
	case 'K':
		t.eraseLine(s.arg(0, 0), true)
	case 'n':
		t.privateStatus(s.arg(0, 0))
	case 'm':
		if s.arg(0, 0) == 4 {
			t.replyf("\x1b[>4;%dm", t.keys.ModifyOtherKeys)
		}
	case 'u':
		t.kitty()
	case 'S':
		t.graphics()
	case 'W':
		if s.arg(0, 0) == 5 {
			t.resetTabs()
		}
	}
}

func (t *Terminal) greaterCSI(final byte) {
	s := &t.parser
	switch final {
	case 'c':
		if s.arg(0, 0) == 0 {
			t.replyf("\x1b[>%d;%d;0c", deviceType, deviceVersion)
		}
	case 'q':
		if s.arg(0, 0) == 0 {
			t.replyDCS(">|" + Version)
		}
	case 'u':
		t.kitty()
	case 'm':
		switch {
		case s.given == 0:
			t.keys.ModifyOtherKeys = 0
		case s.arg(0, 0) == 4:
			t.keys.ModifyOtherKeys = min(s.arg(1, 0), 2)
		}
	case 'n':
		if s.arg(0, 4) == 4 {
			t.keys.ModifyOtherKeys = 0
		}
	case 'f':
		if s.arg(0, 0) == 4 {
			t.keys.FormatOtherKeys = min(s.arg(1, 0), 1)
		}
	}
}

func (t *Terminal) intermediateCSI(inter, final byte) {
	s := &t.parser
	if s.private != 0 {
		if inter == '$' && final == 'p' && s.private == '?' {
			n := s.arg(0, 0)
			t.replyf("\x1b[?%d;%d$y", n, t.modeState(decMode(n)))
		}
		return
	}
	switch inter {
	case ' ':
		switch final {
		case '@':
			t.scrollColumns(s.arg(0, 1))
		case 'A':
			t.scrollColumns(-s.arg(0, 1))
		case 'q':
			t.setCursorShape(s.arg(0, 1))
		}
	case '!':
		if final == 'p' {
			t.softReset()
		}
	case '"':
		switch final {
		case 'p':
			t.setLevel(s.arg(0, 0), s.arg(1, 0))
		case 'q':
			switch s.arg(0, 0) {
			case 1:
				t.pen.attr |= Protected
			case 0, 2:
				t.pen.attr &^= Protected
			}
			t.protect = decProtected
		}
	case '\'':
		switch final {
		case '}':
			if t.inMargins() {
				t.shiftColumns(t.x, s.arg(0, 1))
			}
		case '~':
			if t.inMargins() {
				t.shiftColumns(t.x, -s.arg(0, 1))
			}
		}
	case '$':
		if final == 'p' {
			n := s.arg(0, 0)
			t.replyf("\x1b[%d;%d$y", n, t.ansiState(n))
			return
		}
		t.rectangleCSI(final)
	case '*':
		switch final {
		case 'x':
			if n := s.arg(0, 0); n <= 2 {
				t.extent = n
			}
		case 'y':
			t.checksum()
		}
	case '#':
		switch final {
		case '{', 'p':
			t.pushPen()
		case '}', 'q':
			t.popPen()
		case 'P':
			t.pushPalette()
		case 'Q':
			t.popPalette()
		case 'R':
			t.replyf("\x1b[%d;%d#Q", len(t.pushed), len(t.pushed))
		}
	}
}

// column moves the cursor to column x of its row, line to row y in its column, both
// from the margin in origin mode.
func (t *Terminal) column(x int) {
	t.wrap = false
	if t.modes.has(modeOrigin) {
		t.x = min(t.left+x, t.right-1)
	} else {
		t.x = min(x, t.columns-1)
	}
	t.fitLine()
}

func (t *Terminal) line(y int) {
	t.wrap = false
	if t.modes.has(modeOrigin) {
		t.y = min(t.top+y, t.bottom-1)
	} else {
		t.y = min(y, t.rows-1)
	}
	t.fitLine()
}

// setMargins does DECSTBM.
func (t *Terminal) setMargins(top, bottom int) {
	bottom = min(bottom, t.rows)
	if top >= bottom {
		return
	}
	t.top, t.bottom = top-1, bottom
	t.moveTo(0, 0)
}

// setSideMargins does DECSLRM.
func (t *Terminal) setSideMargins(left, right int) {
	right = min(right, t.columns)
	if left >= right {
		return
	}
	t.left, t.right = left-1, right
	t.moveTo(0, 0)
}

// scrollColumns does SL, and SR with less than 0.
func (t *Terminal) scrollColumns(n int) {
	if t.inMargins() {
		t.shiftColumns(t.left, -n)
	}
}

// setCursorShape does DECSCUSR.
func (t *Terminal) setCursorShape(n int) {
	if n > 6 {
		return
	}
	n = max(n, 1) - 1
	t.cursor = CursorShape(n / 2)
	t.blink = n%2 == 0
	t.modes.set(modeBlink, false)
}

// setLevel does DECSCL.
func (t *Terminal) setLevel(level, c1 int) {
	if level < 61 || level > 65 {
		return
	}
	t.softReset()
	t.level = level
	t.eightBit = level > 61 && c1 != 1
}
