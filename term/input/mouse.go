package input

import (
	"strconv"
	"unicode/utf8"
)

// WheelLines is how many cursor keys a step of the wheel is in the alternate screen,
// where there is no history to scroll: what most terminals scroll by.
const WheelLines = 3

// The last cells that the formats with a character for a number can name, from 0: the
// byte 255, and U+07FF, the last character of two bytes.
const (
	lastByteCell = 255 - 33
	lastRuneCell = 0x7ff - 33
)

// AppendMouse appends to b what e sends under the modes m, which may be nothing. It
// remembers nothing: Tracker leaves out motion within a cell.
func AppendMouse(b []byte, e Mouse, m Modes) []byte {
	if m.Mouse == MouseNone {
		return appendWheel(b, e, m)
	}
	if !m.Reports(e) {
		return b
	}
	x, y := max(e.Column, 0), max(e.Row, 0)
	if m.MouseFormat == FormatSGRPixels {
		x, y = max(e.X, 0), max(e.Y, 0)
	}
	x, y = min(x, maxPosition), min(y, maxPosition)
	code := buttonCode(e, m)
	sgr := m.MouseFormat == FormatSGR || m.MouseFormat == FormatSGRPixels
	if e.Action == Release && !sgr {
		code = code&^0xc3 | 3 // which button it was, these formats do not tell
	}
	switch m.MouseFormat {
	case FormatSGR, FormatSGRPixels:
		b = appendNumbers(append(b, 0x1b, '[', '<'), code, x+1, y+1)
		if e.Action == Release {
			return append(b, 'm')
		}
		return append(b, 'M')
	case FormatURXVT:
		return append(appendNumbers(append(b, 0x1b, '['), code+32, x+1, y+1), 'M')
	case FormatUTF8:
		if x > lastRuneCell || y > lastRuneCell {
			return b
		}
		b = utf8.AppendRune(append(b, 0x1b, '[', 'M'), rune(code+32))
		return utf8.AppendRune(utf8.AppendRune(b, rune(x+33)), rune(y+33))
	}
	if x > lastByteCell || y > lastByteCell {
		return b
	}
	return append(b, 0x1b, '[', 'M', byte(code+32), byte(x+33), byte(y+33))
}

// maxPosition bounds a position, so that what is sent is bounded: far beyond any
// terminal's columns and pixels.
const maxPosition = 1 << 20

// Reports tells whether a program with the modes m hears of e.
func (m Modes) Reports(e Mouse) bool {
	switch e.Action {
	case Press:
		if e.Button == NoButton || e.Button > Button11 {
			return false
		}
		return m.Mouse == MouseX10 && e.Button <= ButtonRight || m.Mouse >= MouseNormal
	case Release:
		return m.Mouse >= MouseNormal && e.Button != NoButton && e.Button <= Button11 && !e.Button.wheel()
	case Motion:
		return m.Mouse == MouseAny || m.Mouse == MouseButtons && e.Button != NoButton
	}
	return false
}

// buttonCode is a button with its modifiers in the bits of the protocol: the low two
// and 64 and 128 are the button, 4 Shift, 8 Alt, 16 Ctrl, 32 motion.
func buttonCode(e Mouse, m Modes) int {
	var code int
	switch b := int(e.Button); {
	case b == 0 || b > int(Button11):
		code = 3
	case b <= 3:
		code = b - 1
	case b <= 7:
		code = 64 + b - 4
	default:
		code = 128 + b - 8
	}
	if e.Action == Motion {
		code |= 32
	}
	if m.Mouse == MouseX10 {
		return code
	}
	if e.Mods&Shift != 0 {
		code |= 4
	}
	if e.Mods&(Alt|Meta) != 0 {
		code |= 8
	}
	if e.Mods&Ctrl != 0 {
		code |= 16
	}
	return code
}

// appendNumbers appends a;x;y.
func appendNumbers(b []byte, a, x, y int) []byte {
	b = strconv.AppendInt(b, int64(a), 10)
	b = strconv.AppendInt(append(b, ';'), int64(x), 10)
	return strconv.AppendInt(append(b, ';'), int64(y), 10)
}

// appendWheel appends the cursor keys that a turn of the wheel is in the alternate
// screen, if the program wants them (mode 1007).
func appendWheel(b []byte, e Mouse, m Modes) []byte {
	if !m.AlternateScroll || !m.Alternate || e.Action != Press || !e.Button.wheel() {
		return b
	}
	k := Key{Code: [...]Code{Up, Down, Left, Right}[e.Button-WheelUp]}
	for range WheelLines {
		b = AppendKey(b, k, m)
	}
	return b
}

// Tracker sends mouse events and leaves out motion that changes nothing: within a cell,
// or within a pixel where the program counts pixels. The zero Tracker is ready.
type Tracker struct {
	last  Mouse
	known bool
	mode  MouseMode
	form  MouseFormat
}

// Append is AppendMouse with that memory.
func (t *Tracker) Append(b []byte, e Mouse, m Modes) []byte {
	same := t.known && t.mode == m.Mouse && t.form == m.MouseFormat
	if same && e.Action == Motion {
		if m.MouseFormat == FormatSGRPixels {
			same = t.last.X == e.X && t.last.Y == e.Y
		} else {
			same = t.last.Column == e.Column && t.last.Row == e.Row
		}
		if same && t.last.Button == e.Button {
			return b
		}
	}
	if !m.Reports(e) {
		return AppendMouse(b, e, m)
	}
	button := e.Button
	if e.Action == Press && button.wheel() {
		button = t.last.Button
	} else if e.Action == Release {
		button = NoButton
	}
	t.last, t.known, t.mode, t.form = e, true, m.Mouse, m.MouseFormat
	t.last.Button = button
	return AppendMouse(b, e, m)
}

// Reset forgets where the mouse was: it left the terminal.
func (t *Tracker) Reset() { *t = Tracker{} }
