package input

import (
	"strconv"
	"unicode/utf8"
)

// appendKitty appends what k sends while any of kitty's enhancements is on.
func appendKitty(b []byte, k Key, m Modes) []byte {
	all := m.Kitty&ReportAll != 0
	if k.Action > Release || k.Action == Release && m.Kitty&ReportEvents == 0 || k.Code.Modifier() && !all {
		return b
	}
	text := k.Action != Release && k.Mods&commands == 0 && types(k.Text)
	if text && (!all || k.Code == 0 && m.Kitty&ReportText == 0) {
		return appendText(b, k.Text)
	}
	if k.Code == 0 && !text {
		return b
	}
	if m.Kitty&(Disambiguate|ReportAll) == 0 && k.Code.keypad() {
		k.Code = padTwins[k.Code-KP0]
		if !k.Code.Named() && k.Action != Release && k.Mods&commands == 0 {
			return append(b, byte(k.Code)) // the keypad has no dead keys
		}
	}
	if k.Code.Named() {
		return appendKittyNamed(b, k, m)
	}
	if !all && k.Action != Release && k.Mods&commands == 0 {
		return b // a dead key
	}
	if m.Kitty&(Disambiguate|ReportAll) == 0 && (k.Action == Press || m.Kitty&ReportEvents == 0) {
		if c, ok := legacyText(k); ok {
			if k.Mods&Alt != 0 {
				b = append(b, 0x1b)
			}
			return utf8.AppendRune(b, c)
		}
	}
	return appendU(b, final{0, 'u'}, k, m, text)
}

// appendKittyNamed appends a key that types nothing.
func appendKittyNamed(b []byte, k Key, m Modes) []byte {
	legacy := m.Kitty&(Disambiguate|ReportEvents|ReportAll) == 0
	if m.Kitty&ReportAll == 0 {
		switch k.Code {
		case Enter, Tab, Backspace:
			// So that a shell in which a program died can still be told to reset.
			if k.Mods&^locks == 0 {
				if k.Action == Release {
					return b
				}
				return appendC0(b, Key{Code: k.Code}, m)
			}
		case Escape:
			if k.Mods&^locks == 0 && k.Action == Press && m.Kitty&Disambiguate == 0 {
				return append(b, 0x1b)
			}
		}
	}
	f := sharedFinal(k.Code)
	if legacy {
		switch {
		case k.Code <= Backspace:
			return appendC0(b, k, m)
		case f.final != 0 && k.Mods == 0:
			return appendLegacy(b, k, m)
		case k.Code == Menu:
			f = legacyFinal(Menu)
		}
	}
	if f.final == 0 {
		f = final{0, 'u'}
	}
	return appendU(b, f, k, m, false)
}

// legacyText is what a key with modifiers sends where ambiguity is not minded, if
// kitty's specification has a legacy form of it.
func legacyText(k Key) (rune, bool) {
	mods := k.Mods &^ locks
	c := rune(k.Code)
	if c >= 0x7f && k.Base > ' ' && k.Base < 0x7f && mods&Shift == 0 {
		c = k.Base
	}
	if c < ' ' || c >= 0x7f {
		return 0, false
	}
	if mods&Shift != 0 {
		if s := character(Key{Code: k.Code, Shifted: k.Shifted, Mods: Shift}); s < 0x7f && s != c && (mods&Ctrl == 0 || c < 'a' || c > 'z') {
			c = s
			mods &^= Shift
		} else if c == ' ' && mods != Shift|Ctrl|Alt {
			mods &^= Shift
		}
	}
	switch mods {
	case Alt:
		return c, true
	case Ctrl, Ctrl | Alt:
		return kittyControl(c), true
	}
	return 0, false
}

// kittyControl is what Ctrl makes of c by kitty's table, which leaves more characters
// as they are than xterm does.
func kittyControl(c rune) rune {
	switch c {
	case '`', '{', '|', '}':
		return c
	}
	return control(c)
}

// appendU appends a key as kitty's escape code. A number of 0 in f is the key's code.
func appendU(b []byte, f final, k Key, m Modes, text bool) []byte {
	event := m.Kitty&ReportEvents != 0 && k.Action != Press
	text = text && m.Kitty&ReportText != 0
	b = append(b, 0x1b, '[')
	switch {
	case f.number == 0:
		b = strconv.AppendInt(b, int64(max(k.Code, 0)), 10)
		if m.Kitty&ReportAlternate != 0 && !k.Code.Named() {
			b = appendAlternates(b, k)
		}
	case f.number != 1 || k.Mods != 0 || event || text:
		b = strconv.AppendUint(b, uint64(f.number), 10)
	}
	if k.Mods != 0 || event || text {
		b = append(b, ';')
	}
	if k.Mods != 0 || event {
		b = strconv.AppendUint(b, uint64(k.Mods)+1, 10)
	}
	if event {
		b = append(b, ':', '1'+byte(k.Action))
	}
	if text {
		sep, n := byte(';'), 0
		for _, r := range k.Text {
			if n += utf8.RuneLen(r); printable(r) && n <= MaxText {
				b = append(b, sep)
				b = strconv.AppendInt(b, int64(r), 10)
				sep = ':'
			}
		}
	}
	return append(b, f.final)
}

// appendAlternates appends :shifted, :shifted:base or ::base.
func appendAlternates(b []byte, k Key) []byte {
	s, base := k.Mods&Shift != 0 && k.Shifted > 0 && k.Shifted != rune(k.Code), k.Base > 0 && k.Base != rune(k.Code)
	if s || base {
		b = append(b, ':')
	}
	if s {
		b = strconv.AppendInt(b, int64(k.Shifted), 10)
	}
	if base {
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(k.Base), 10)
	}
	return b
}
