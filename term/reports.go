package term

import (
	"fmt"
	"unicode/utf8"
)

// Version is what XTVERSION answers.
const Version = "Hearth(1)"

// deviceType and deviceVersion are what DA2 answers: a VT420, and the version of xterm
// that this terminal behaves as, because programs read it as that.
const (
	deviceType    = 41
	deviceVersion = 379
)

func appendf(b []byte, format string, a ...any) []byte { return fmt.Appendf(b, format, a...) }

// reply answers the program. An answer that does not fit is left out whole.
func (t *Terminal) reply(s string) {
	if len(t.replies)+len(s) > t.limits.Replies {
		return
	}
	if !t.eightBit {
		t.replies = append(t.replies, s...)
		return
	}
	for i := 0; i < len(s); i++ {
		if s[i] != 0x1b || i+1 == len(s) || s[i+1] < 0x40 || s[i+1] >= 0x60 {
			t.replies = append(t.replies, s[i])
			continue
		}
		i++
		if t.utf8 {
			t.replies = utf8.AppendRune(t.replies, rune(s[i])+0x40)
		} else {
			t.replies = append(t.replies, s[i]+0x40)
		}
	}
}

func (t *Terminal) replyf(format string, a ...any) { t.reply(fmt.Sprintf(format, a...)) }

func (t *Terminal) replyDCS(s string) { t.reply("\x1bP" + s + "\x1b\\") }

// attributes does DA1: a VT420 with selective erasure (6), horizontal scrolling (21),
// colours (22), rectangles (28) and a clipboard that can be set (52).
func (t *Terminal) attributes() {
	if t.modes.has(modeVT52) {
		t.reply("\x1b/Z")
		return
	}
	t.replyf("\x1b[?%d;6;21;22;28;52c", max(t.level, 62))
}

// place returns the cursor's row and column as programs count: from 1, and from the
// margins in origin mode.
func (t *Terminal) place() (row, column int) {
	row, column = t.y+1, t.x+1
	if t.modes.has(modeOrigin) {
		row, column = row-t.top, column-t.left
	}
	return row, column
}

// status does DSR.
func (t *Terminal) status(what int) {
	switch what {
	case 5:
		t.reply("\x1b[0n")
	case 6:
		row, column := t.place()
		t.replyf("\x1b[%d;%dR", row, column)
	}
}

// privateStatus does DSR with a question mark.
func (t *Terminal) privateStatus(what int) {
	switch what {
	case 6:
		row, column := t.place()
		t.replyf("\x1b[?%d;%d;1R", row, column)
	case 15: // there is no printer
		t.reply("\x1b[?13n")
	case 25: // user-defined keys are not locked
		t.reply("\x1b[?20n")
	case 26: // the keyboard is North American
		t.reply("\x1b[?27;1;0;0n")
	case 53, 55: // there is no locator
		t.reply("\x1b[?50n")
	case 56:
		t.reply("\x1b[?57;0n")
	case 62: // no room for macros
		t.reply("\x1b[0000*{")
	case 63: // no macros, no checksum
		t.replyDCS(fmt.Sprintf("%d!~0000", t.parser.arg(1, 0)))
	case 75: // the data are whole
		t.reply("\x1b[?70n")
	case 85: // one session
		t.reply("\x1b[?83n")
	case 996:
		t.reportScheme()
	}
}

// reportScheme tells whether the colours are dark.
func (t *Terminal) reportScheme() {
	n := 2
	if t.palette.Dark() {
		n = 1
	}
	t.replyf("\x1b[?997;%dn", n)
}

// reportSize tells the size if mode 2048 asks for it.
func (t *Terminal) reportSize() {
	if t.modes.has(modeInBand) {
		t.replyf("\x1b[48;%d;%d;%d;%dt", t.rows, t.columns, t.rows*t.cellHeight, t.columns*t.cellWidth)
	}
}

// window does XTWINOPS, as far as it asks: a program does not move or resize what
// floats in a space. It is not told the title either, which others may have written.
func (t *Terminal) window() {
	s := &t.parser
	height, width := t.rows*t.cellHeight, t.columns*t.cellWidth
	switch s.arg(0, 0) {
	case 11:
		t.reply("\x1b[1t")
	case 13:
		t.reply("\x1b[3;0;0t")
	case 14:
		t.replyf("\x1b[4;%d;%dt", height, width)
	case 15:
		t.replyf("\x1b[5;%d;%dt", height, width)
	case 16:
		t.replyf("\x1b[6;%d;%dt", t.cellHeight, t.cellWidth)
	case 18:
		t.replyf("\x1b[8;%d;%dt", t.rows, t.columns)
	case 19:
		t.replyf("\x1b[9;%d;%dt", t.rows, t.columns)
	case 20:
		t.reply("\x1b]L\x1b\\")
	case 21:
		t.reply("\x1b]l\x1b\\")
	case 22:
		t.pushTitle()
	case 23:
		t.popTitle(s.arg(1, 0))
	}
}

func (t *Terminal) pushTitle() {
	if len(t.titles) == t.limits.Titles {
		t.titles = append(t.titles[:0], t.titles[1:]...)
	}
	t.titles = append(t.titles, [2]string{t.icon, t.title})
}

// popTitle takes back the icon's name, the title or, with 0, both.
func (t *Terminal) popTitle(what int) {
	n := len(t.titles) - 1
	if n < 0 {
		return
	}
	old := t.titles[n]
	t.titles = t.titles[:n]
	if what != 2 {
		t.icon = old[0]
		t.tell(Event{Kind: IconChanged, Text: t.icon})
	}
	if what != 1 {
		t.title = old[1]
		t.tell(Event{Kind: TitleChanged, Text: t.title})
	}
}

// graphics does XTSMGRAPHICS: there are none.
func (t *Terminal) graphics() {
	if item := t.parser.arg(0, 0); item >= 1 && item <= 3 {
		t.replyf("\x1b[?%d;1S", item)
	}
}

// maxPalettes bounds what XTPUSHCOLORS keeps; xterm keeps as many.
const maxPalettes = 10

func (t *Terminal) pushPalette() {
	if len(t.pushed) < maxPalettes {
		p := *t.palette
		t.pushed = append(t.pushed, &p)
	}
}

func (t *Terminal) popPalette() {
	n := len(t.pushed) - 1
	if n < 0 {
		return
	}
	t.palette, t.shared = t.pushed[n], false
	t.pushed = t.pushed[:n]
	t.paletteChanged()
}
