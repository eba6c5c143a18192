package input

import (
	"strconv"
	"unicode/utf8"
)

// AppendKey appends to b what k sends under the modes m, which may be nothing. A key
// that types has its Text; where it has none, it is taken for a dead key and sends
// nothing by itself, unless modifiers make a command of it.
func AppendKey(b []byte, k Key, m Modes) []byte {
	if m.Kitty&AllKitty != 0 {
		return appendKitty(b, k, m)
	}
	if k.Action != Press && k.Action != Repeat {
		return b
	}
	if m.ModifyOtherKeys > 0 {
		if code, mods := otherKey(k, m); mods != 0 {
			return appendOther(b, code, mods, m.FormatOtherKeys)
		}
	}
	return appendLegacy(b, k, m)
}

// appendLegacy appends what xterm sends.
func appendLegacy(b []byte, k Key, m Modes) []byte {
	if k.Code.keypad() {
		if k.Code <= KPSeparator {
			return appendPad(b, k, m)
		}
		k.Code = padTwins[k.Code-KP0]
	}
	switch k.Code {
	case Escape, Enter, Tab, Backspace:
		return appendC0(b, k, m)
	}
	if f := legacyFinal(k.Code); f.final != 0 {
		mods := k.Mods &^ locks
		ss3 := mods == 0 && f.number == 1 && (m.AppCursor || f.final >= 'P')
		return appendFinal(b, f, mods, ss3)
	}
	if k.Code.Named() {
		return b
	}
	if k.Mods&commands == 0 {
		return appendText(b, k.Text)
	}
	return appendCommand(b, k, m)
}

// appendFinal appends CSI number [; 1+mods] ~ or CSI [1 ; 1+mods] letter, or SS3 letter.
func appendFinal(b []byte, f final, mods Mods, ss3 bool) []byte {
	if ss3 {
		return append(b, 0x1b, 'O', f.final)
	}
	b = append(b, 0x1b, '[')
	if f.final == '~' || mods != 0 {
		b = strconv.AppendUint(b, uint64(f.number), 10)
	}
	if mods != 0 {
		b = append(b, ';')
		b = strconv.AppendUint(b, uint64(mods)+1, 10)
	}
	return append(b, f.final)
}

// appendC0 appends what the four keys send that are control characters.
func appendC0(b []byte, k Key, m Modes) []byte {
	var c rune
	switch k.Code {
	case Escape:
		c = 0x1b
	case Enter:
		c = '\r'
	case Tab:
		if k.Mods&Shift != 0 {
			return append(b, 0x1b, '[', 'Z')
		}
		c = '\t'
	case Backspace:
		c = backspace(k, m)
	}
	return appendMeta(b, c, k, m)
}

// appendPad appends what the keys of the keypad send that are characters.
func appendPad(b []byte, k Key, m Modes) []byte {
	if m.AppKeypad && k.Mods&NumOn == 0 {
		b = append(b, 0x1b, 'O')
		if mods := k.Mods &^ locks; mods != 0 {
			b = strconv.AppendUint(b, uint64(mods)+1, 10)
		}
		return append(b, padApplication[k.Code-KP0])
	}
	twin := padTwins[k.Code-KP0]
	if twin == Enter {
		return appendC0(b, Key{Code: Enter}, m)
	}
	if types(k.Text) && k.Mods&commands == 0 {
		return appendText(b, k.Text)
	}
	return append(b, byte(twin))
}

// appendCommand appends what a key sends that would type but for Ctrl or Alt.
func appendCommand(b []byte, k Key, m Modes) []byte {
	c := command(k)
	if c == 0 {
		return b
	}
	if k.Mods&Ctrl != 0 {
		c = control(c)
	}
	return appendMeta(b, c, k, m)
}

// appendMeta appends c, marked as Alt wants it.
func appendMeta(b []byte, c rune, k Key, m Modes) []byte {
	if k.Mods&(Alt|Meta) != 0 {
		switch {
		case m.MetaEscape:
			b = append(b, 0x1b)
		case m.MetaEighth && c < 0x80:
			c |= 0x80
		}
	}
	b = utf8.AppendRune(b, c)
	if c == '\r' && m.NewLine {
		b = append(b, '\n')
	}
	return b
}

// backspace is what Backspace sends: DEL, or BS by DECBKM; Ctrl turns the one into the
// other.
func backspace(k Key, m Modes) rune {
	if m.Backarrow != (k.Mods&Ctrl != 0) {
		return '\b'
	}
	return 0x7f
}
