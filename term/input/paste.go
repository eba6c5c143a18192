package input

import "unicode/utf8"

// MaxPaste is how many bytes of a paste are sent: more is a mistake of the hand, and a
// program that reads slowly would hold it in memory.
const MaxPaste = 16 << 20

// AppendPaste appends to b what a paste of text sends under the modes m. Control
// characters are left out but for tabs and ends of lines, so that what is pasted can
// neither be a command of its own nor end the bracket around it; what is not UTF-8 is
// U+FFFD. The end of a line is CR, as if Enter was pressed; within brackets, where
// programs expect text, LF stays LF. What is longer than MaxPaste is cut.
func AppendPaste(b []byte, text string, m Modes) []byte {
	if len(text) > MaxPaste {
		n := MaxPaste
		for n > MaxPaste-utf8.UTFMax && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	if m.BracketedPaste {
		b = append(b, "\x1b[200~"...)
	}
	last := rune(0)
	for _, r := range text {
		switch {
		case r == '\n' && m.BracketedPaste, r == '\t', r == '\r':
			b = append(b, byte(r))
		case r == '\n':
			if last != '\r' {
				b = append(b, '\r')
			}
		case r >= ' ' && (r < 0x7f || r > 0x9f):
			b = utf8.AppendRune(b, r)
		}
		last = r
	}
	if m.BracketedPaste {
		b = append(b, "\x1b[201~"...)
	}
	return b
}

// AppendFocus appends to b what a change of the focus sends under the modes m.
func AppendFocus(b []byte, focused bool, m Modes) []byte {
	switch {
	case !m.FocusEvents:
		return b
	case focused:
		return append(b, "\x1b[I"...)
	}
	return append(b, "\x1b[O"...)
}
