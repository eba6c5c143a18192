package input

import "strconv"

// otherKey tells how xterm's modifyOtherKeys would send k: the code and the modifiers,
// or no modifiers where k goes the legacy way.
//
// Level 1 takes what has no control character or ESC prefix of its own: Ctrl+1,
// Ctrl+Shift+A, Ctrl+Enter. Level 2 takes all but what Shift alone does to a character
// that has no control twin.
func otherKey(k Key, m Modes) (code rune, mods Mods) {
	mods = k.Mods & (Shift | Alt | Ctrl | Meta)
	if mods&Meta != 0 {
		mods = mods&^Meta | Alt
	}
	if mods == 0 {
		return 0, 0
	}
	switch k.Code {
	case Enter:
		code = '\r'
	case Tab:
		code = '\t'
	case Escape:
		code = 0x1b
	case Backspace:
		code = 0x7f
		if m.Backarrow {
			code = '\b'
		}
	default:
		if k.Mods&commands == 0 && !types(k.Text) {
			return 0, 0
		}
		if code = command(k); code == 0 {
			return 0, 0
		}
	}
	if m.ModifyOtherKeys == 1 {
		mods = otherLevel1(k.Code, code, mods)
	} else {
		mods = otherLevel2(k.Code, code, mods)
	}
	return code, mods
}

func otherLevel1(key Code, code rune, mods Mods) Mods {
	switch key {
	case Backspace, Escape:
		return 0
	}
	return mods
}

func otherLevel2(key Code, code rune, mods Mods) Mods { return mods }

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
