package input

import (
	"unicode"
	"unicode/utf8"
)

// MaxText is how many bytes of a key's text are sent. A commit of an input method is a
// sentence at most; what is longer is a paste and goes by AppendPaste.
const MaxText = 4096

// commands are the modifiers that turn a key that types into one that commands.
const commands = Ctrl | Alt | Super | Hyper | Meta

// types tells whether s has a character to type: controls and broken UTF-8 are none.
func types(s string) bool {
	for _, r := range s {
		if printable(r) {
			return true
		}
	}
	return false
}

// printable tells whether r is neither a control nor broken UTF-8.
func printable(r rune) bool { return r >= ' ' && (r < 0x7f || r > 0x9f) && r != utf8.RuneError }

// appendText appends what of s can be typed.
func appendText(b []byte, s string) []byte {
	n := len(b)
	for _, r := range s {
		if printable(r) && len(b)-n+utf8.RuneLen(r) <= MaxText {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// character is what the key of k types without Ctrl and Alt, 0 if it types nothing.
func character(k Key) rune {
	if r, n := utf8.DecodeRuneInString(k.Text); n == len(k.Text) && printable(r) {
		return r
	}
	c := rune(k.Code)
	if k.Code.Named() || !printable(c) {
		return 0
	}
	if k.Mods&Shift != 0 {
		if k.Shifted != 0 && printable(k.Shifted) {
			c = k.Shifted
		} else {
			c = shifted(c)
		}
	}
	if k.Mods&CapsOn != 0 {
		switch {
		case unicode.IsLower(c):
			c = unicode.ToUpper(c)
		case unicode.IsUpper(c):
			c = unicode.ToLower(c)
		}
	}
	return c
}

// shifted is what a US keyboard types for c with Shift, or c's upper case: the best
// guess where a layout tells nothing.
func shifted(c rune) rune {
	const from, to = "`1234567890-=[]\\;',./", "~!@#$%^&*()_+{}|:\"<>?"
	for i := range len(from) {
		if c == rune(from[i]) {
			return rune(to[i])
		}
	}
	return unicode.ToUpper(c)
}

// command is the character by which a key with Ctrl or Alt is known: the one that it
// types, or, where the layout is not a Latin one, that of a US keyboard.
func command(k Key) rune {
	c := character(k)
	if c < 0x80 || k.Base <= 0 || k.Base >= 0x7f || !printable(k.Base) {
		return c
	}
	return character(Key{Code: Code(k.Base), Mods: k.Mods})
}

// control is what Ctrl makes of c: as XLookupString does, and xterm, which adds '?'.
func control(c rune) rune {
	switch {
	case c >= '@' && c <= '~', c == ' ':
		return c & 0x1f
	case c == '2':
		return 0
	case c >= '3' && c <= '7':
		return c - '3' + 0x1b
	case c == '8', c == '?':
		return 0x7f
	case c == '/':
		return 0x1f
	}
	return c
}
