package term

// escape does the sequence of ESC, its intermediate bytes and this final byte.
func (t *Terminal) escape(final byte) {
	s := &t.parser
	t.last.content = 0
	if s.inters > 0 {
		if s.inters <= maxIntermediates {
			t.escapeInter(s.inter[:s.inters], final)
		}
		return
	}
	switch final {
	case '6':
		t.backIndex()
	case '7':
		t.saveCursor()
	case '8':
		t.restoreCursor()
	case '9':
		t.forwardIndex()
	case '=':
		t.setMode(modeAppKeypad, true)
	case '>':
		t.setMode(modeAppKeypad, false)
	case 'D':
		t.index()
	case 'E':
		t.index()
		t.carriageReturn()
	case 'H':
		t.setTab(t.x)
	case 'M':
		t.reverseIndex()
	case 'N':
		t.charsets.single = 2
	case 'O':
		t.charsets.single = 3
	case 'V':
		t.pen.attr |= Protected
		t.protect = isoProtected
	case 'W':
		t.pen.attr &^= Protected
	case 'Z':
		t.attributes()
	case 'c':
		t.hardReset()
	case 'l', 'm':
		// Memory lock of HP terminals, which xterm leaves off by default.
	case 'n':
		t.charsets.gl = 2
	case 'o':
		t.charsets.gl = 3
	case '|':
		t.charsets.gr = 3
	case '}':
		t.charsets.gr = 2
	case '~':
		t.charsets.gr = 1
	}
}

func (t *Terminal) escapeInter(inter []byte, final byte) {
	switch inter[0] {
	case '#':
		switch final {
		case '3':
			t.setLineSize(DoubleTop)
		case '4':
			t.setLineSize(DoubleBottom)
		case '5':
			t.setLineSize(SingleSize)
		case '6':
			t.setLineSize(DoubleWidth)
		case '8':
			t.align()
		}
	case '%':
		switch final {
		case 'G':
			t.utf8 = true
		case '@':
			t.utf8 = false
		}
	case ' ':
		switch final {
		case 'F':
			t.eightBit = false
		case 'G':
			t.eightBit = true
		}
	default:
		t.designate(inter, final)
	}
}

// setLineSize does DECSWL, DECDWL and DECDHL.
func (t *Terminal) setLineSize(s LineSize) {
	if t.modes.has(modeMargins) {
		return
	}
	t.edit(t.y).setSize(s)
	t.cutWrap(t.y)
	if s != SingleSize {
		// What lies right of the middle is lost.
		r := t.row(t.y)
		t.cutWide(r, t.lineEnd(r))
		r.n = min(r.n, t.lineEnd(r))
	}
	t.fitLine()
	t.wrap = false
}

// escapeVT52 does a sequence of VT52 mode.
func (t *Terminal) escapeVT52(final byte) {
	switch final {
	case 'A':
		t.up(1)
	case 'B':
		t.down(1)
	case 'C':
		t.forward(1)
	case 'D':
		t.back(1)
	case 'F':
		t.charsets.g[0] = graphics
	case 'G':
		t.charsets.g[0] = ascii
	case 'H':
		t.moveTo(0, 0)
	case 'I':
		t.reverseIndex()
	case 'J':
		t.eraseDisplay(0, false)
	case 'K':
		t.eraseLine(0, false)
	case 'Y':
		t.parser.state = vt52Row
	case 'Z':
		t.reply("\x1b/Z")
	case '=':
		t.setMode(modeAppKeypad, true)
	case '>':
		t.setMode(modeAppKeypad, false)
	case '<':
		t.setMode(modeVT52, true)
	}
}

// feedVT52 takes the row and the column behind ESC Y, each a character from the space
// on.
func (t *Terminal) feedVT52(p []byte) []byte {
	s := &t.parser
	b := p[0]
	switch {
	case b == 0x1b:
		s.state, s.inters = escape, 0
		return p[1:]
	case b < 0x20:
		t.control(b)
		return p[1:]
	}
	if s.state == vt52Row {
		s.row, s.state = int(b-0x20), vt52Column
		return p[1:]
	}
	s.state = ground
	t.moveTo(s.row, int(b-0x20))
	return p[1:]
}
