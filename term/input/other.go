package input

import "strconv"

// otherKey tells how xterm's modifyOtherKeys would send k: the code and the modifiers,
// or no modifiers where k goes the legacy way.
//
// Level 1 takes what has no legacy form that tells it apart, such as Ctrl+1,
// Ctrl+Shift+2 or Ctrl+Enter; level 2 all with modifiers but what Shift alone types.
// Xterm drops Alt at level 1 while Alt sends ESC; here it is told as if it did not.
func otherKey(k Key, m Modes) (code rune, mods Mods) {
	mods = k.Mods & (Shift | Alt | Ctrl)
	if k.Mods&Meta != 0 {
		mods |= Alt
	}
	if mods == 0 {
		return 0, 0
	}
	one, send := m.ModifyOtherKeys == 1, false
	switch k.Code {
	case Enter:
		code, send = '\r', !one || mods != Alt && mods != Ctrl|Alt
	case Tab:
		code, send = '\t', one && mods == Ctrl || !one && mods != Shift
	case Escape:
		code, send = 0x1b, !one || mods&Alt != 0 && mods != Alt
	case Backspace:
		code, send = backspace(k, m), !one && mods != Ctrl
	default:
		if mods == Shift && !types(k.Text) {
			return 0, 0
		}
		code = command(k)
		twin := code >= '@' && code <= 0x7f
		switch {
		case code == 0:
		case mods == Shift:
			send = !one && (twin || code == ' ')
		case !one:
			send = true
		case twin || mods&Ctrl == 0:
		case code == ' ':
			send = mods&Alt != 0
		default:
			send = mods != Ctrl || control(code) == code
		}
	}
	if !send {
		return 0, 0
	}
	return code, mods
}

// appendOther appends CSI 27 ; 1+mods ; code ~, or CSI code ; 1+mods u.
func appendOther(b []byte, code rune, mods Mods, format int) []byte {
	b = append(b, 0x1b, '[')
	if format == 1 {
		b = strconv.AppendInt(b, int64(code), 10)
		b = append(b, ';')
		b = strconv.AppendUint(b, uint64(mods)+1, 10)
		return append(b, 'u')
	}
	b = append(b, "27;"...)
	b = strconv.AppendUint(b, uint64(mods)+1, 10)
	b = append(b, ';')
	b = strconv.AppendInt(b, int64(code), 10)
	return append(b, '~')
}
