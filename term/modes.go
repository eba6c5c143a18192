package term

import "hearth/term/input"

// mode is one of the modes that are on or off.
type mode uint8

const (
	modeAppCursor mode = iota
	modeVT52           // the opposite of DECANM
	modeColumns        // DECCOLM
	modeSmooth
	modeReverse
	modeOrigin
	modeAutowrap
	modeRepeat
	modeX10
	modeBlink
	modeCursor
	modeAllowColumns
	modeMore
	modeNational
	modeMarginBell
	modeReverseWrap
	modeLogging
	modeAppKeypad
	modeBackarrow
	modeMargins // DECLRMM
	modeSixelScroll
	modeNoClear // DECNCSM
	modeMouse
	modeMouseButtons
	modeMouseAny
	modeFocus
	modeMouseUTF8
	modeMouseSGR
	modeAltScroll
	modeMouseURXVT
	modeMousePixels
	modeEighthBit
	modeNumLock
	modeMetaEscape
	modeAltEscape
	modeReverseWrap2
	modePaste
	modeSync
	modeGraphemes
	modeScheme
	modeInBand
	// ANSI modes
	modeKeyboard // KAM
	modeInsert
	modeNoEcho // SRM
	modeNewLine
	// These are not kept as bits.
	modeAlt47
	modeAlt1047
	modeAlt1049
	modeSaveCursor

	noMode mode = 0xff
)

// modes are which modes are on.
type modes uint64

func (m modes) has(n mode) bool { return m&(1<<n) != 0 }

func (m *modes) set(n mode, on bool) {
	if *m &^= 1 << n; on {
		*m |= 1 << n
	}
}

// initialModes are those that are on after a reset.
const initialModes modes = 1<<modeAutowrap | 1<<modeCursor | 1<<modeRepeat | 1<<modeAltScroll |
	1<<modeMetaEscape | 1<<modeNumLock | 1<<modeNoEcho | 1<<modeAltEscape

// decMode returns the mode that CSI ? n h sets.
func decMode(n int) mode {
	switch n {
	case 1:
		return modeAppCursor
	case 2:
		return modeVT52
	case 3:
		return modeColumns
	case 4:
		return modeSmooth
	case 5:
		return modeReverse
	case 6:
		return modeOrigin
	case 7:
		return modeAutowrap
	case 8:
		return modeRepeat
	case 9:
		return modeX10
	case 12:
		return modeBlink
	case 25:
		return modeCursor
	case 40:
		return modeAllowColumns
	case 41:
		return modeMore
	case 42:
		return modeNational
	case 44:
		return modeMarginBell
	case 45:
		return modeReverseWrap
	case 46:
		return modeLogging
	case 47:
		return modeAlt47
	case 66:
		return modeAppKeypad
	case 67:
		return modeBackarrow
	case 69:
		return modeMargins
	case 80:
		return modeSixelScroll
	case 95:
		return modeNoClear
	case 1000:
		return modeMouse
	case 1002:
		return modeMouseButtons
	case 1003:
		return modeMouseAny
	case 1004:
		return modeFocus
	case 1005:
		return modeMouseUTF8
	case 1006:
		return modeMouseSGR
	case 1007:
		return modeAltScroll
	case 1015:
		return modeMouseURXVT
	case 1016:
		return modeMousePixels
	case 1034:
		return modeEighthBit
	case 1035:
		return modeNumLock
	case 1036:
		return modeMetaEscape
	case 1039:
		return modeAltEscape
	case 1045:
		return modeReverseWrap2
	case 1047:
		return modeAlt1047
	case 1048:
		return modeSaveCursor
	case 1049:
		return modeAlt1049
	case 2004:
		return modePaste
	case 2026:
		return modeSync
	case 2027:
		return modeGraphemes
	case 2031:
		return modeScheme
	case 2048:
		return modeInBand
	}
	return noMode
}

// ansiMode returns the mode that CSI n h sets.
func ansiMode(n int) mode {
	switch n {
	case 2:
		return modeKeyboard
	case 4:
		return modeInsert
	case 12:
		return modeNoEcho
	case 20:
		return modeNewLine
	}
	return noMode
}

// ansiState is what DECRQM answers for CSI n h: of the modes that are for ever off, 4.
func (t *Terminal) ansiState(n int) int {
	switch n {
	case 1, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19: // GATM, SRTM, VEM, HEM, PUM, FEAM, FETM, MATM, TTM, SATM, TSM, EBM
		return 4
	}
	return t.modeState(ansiMode(n))
}

// setMode turns the mode m on or off, with all that belongs to it.
func (t *Terminal) setMode(m mode, on bool) {
	switch m {
	case noMode:
		return
	case modeVT52:
		on = !on
		if on {
			t.charsets = initialCharsets
		}
	case modeColumns:
		t.setColumns(on)
	case modeAlt47, modeAlt1047, modeAlt1049:
		t.setAlternate(m, on)
		return
	case modeSaveCursor:
		if on {
			t.saveCursor()
		} else {
			t.restoreCursor()
		}
		return
	case modeX10, modeMouse, modeMouseButtons, modeMouseAny:
		t.modes &^= 1<<modeX10 | 1<<modeMouse | 1<<modeMouseButtons | 1<<modeMouseAny
	case modeMouseUTF8, modeMouseSGR, modeMouseURXVT, modeMousePixels:
		if on {
			t.modes &^= 1<<modeMouseUTF8 | 1<<modeMouseSGR | 1<<modeMouseURXVT | 1<<modeMousePixels
		}
	case modeSync:
		t.syncSeen = false
	case modeBlink:
		t.blink = false
	}
	if was := t.modes.has(m); was == on && m != modeOrigin {
		t.syncKeys()
		return
	}
	t.modes.set(m, on)
	switch m {
	case modeOrigin:
		t.moveTo(0, 0)
	case modeReverse:
		t.redraw()
	case modeAutowrap:
		if !on {
			t.wrap = false
		}
	case modeMargins:
		t.left, t.right = 0, t.columns
		t.keepWrap()
		if on {
			// Lines of double size and margins exclude each other.
			for y := range t.rows {
				if r := t.row(y); r.size() != SingleSize {
					r.rev = t.rev
					r.setSize(SingleSize)
					t.cutWrap(y)
				}
			}
		}
	case modeInBand:
		t.reportSize()
	}
	t.syncKeys()
}

// modeState is what DECRPM tells of a mode.
func (t *Terminal) modeState(m mode) int {
	on := t.modes.has(m)
	switch m {
	case noMode:
		return 0
	case modeVT52:
		on = !on
	case modeAlt47, modeAlt1047, modeAlt1049:
		on = t.Alternate()
	case modeSaveCursor:
		on = true // a reset saves too
	case modeBlink:
		on = on != t.blink
	}
	if on {
		return 1
	}
	return 2
}

// syncKeys brings what the encoding of input depends on up to date.
func (t *Terminal) syncKeys() {
	m, k := t.modes, &t.keys
	k.AppCursor = m.has(modeAppCursor)
	k.AppKeypad = m.has(modeAppKeypad)
	k.Backarrow = m.has(modeBackarrow)
	k.NewLine = m.has(modeNewLine)
	k.MetaEscape = m.has(modeMetaEscape)
	k.MetaEighth = m.has(modeEighthBit)
	k.FocusEvents = m.has(modeFocus)
	k.BracketedPaste = m.has(modePaste)
	k.AlternateScroll = m.has(modeAltScroll)
	k.Alternate = t.Alternate()
	k.Kitty = t.scr.kitty.top()
	switch {
	case m.has(modeMouseAny):
		k.Mouse = input.MouseAny
	case m.has(modeMouseButtons):
		k.Mouse = input.MouseButtons
	case m.has(modeMouse):
		k.Mouse = input.MouseNormal
	case m.has(modeX10):
		k.Mouse = input.MouseX10
	default:
		k.Mouse = input.MouseNone
	}
	switch {
	case m.has(modeMousePixels):
		k.MouseFormat = input.FormatSGRPixels
	case m.has(modeMouseSGR):
		k.MouseFormat = input.FormatSGR
	case m.has(modeMouseURXVT):
		k.MouseFormat = input.FormatURXVT
	case m.has(modeMouseUTF8):
		k.MouseFormat = input.FormatUTF8
	default:
		k.MouseFormat = input.FormatDefault
	}
}

// setModes does CSI h and l.
func (t *Terminal) setModes(on bool) {
	s := &t.parser
	for i := range s.n {
		switch s.private {
		case '?':
			t.setMode(decMode(int(s.params[i])), on)
		case 0:
			t.setMode(ansiMode(int(s.params[i])), on)
		}
	}
}

// saveModes does CSI ? s (XTSAVE) and CSI ? r (XTRESTORE).
func (t *Terminal) saveModes(restore bool) {
	s := &t.parser
	for i := range s.n {
		m := decMode(int(s.params[i]))
		switch {
		case m == noMode:
		case restore:
			if t.savedMask.has(m) {
				t.setMode(m, t.saved.has(m))
			}
		default:
			t.savedMask.set(m, true)
			t.saved.set(m, t.modeState(m) == 1)
		}
	}
}

// setColumns does DECCOLM, which only counts with mode 40. The size of the screen is
// its holder's to choose, so all that remains is what comes with the change.
func (t *Terminal) setColumns(bool) {
	if !t.modes.has(modeAllowColumns) {
		return
	}
	t.top, t.bottom, t.left, t.right = 0, t.rows, 0, t.columns
	t.modes.set(modeMargins, false)
	if !t.modes.has(modeNoClear) {
		t.eraseRows(0, t.rows, false)
	}
	t.x, t.y, t.wrap = 0, 0, false
}
