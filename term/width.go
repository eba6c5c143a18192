package term

import (
	"bytes"
	"sync/atomic"
	"unicode"

	"github.com/rivo/uniseg"
	eastasian "golang.org/x/text/width"
)

// kind is what a code point is to the screen.
type kind uint8

const (
	kindWidth kind = 3 // 0, 1 or 2 columns
	// kindJoins: it belongs to the grapheme cluster before it, whatever that is.
	kindJoins kind = 4
	// kindOpens: what follows it, or it with what is before, can be one cluster by the
	// finer rules (regional indicators, Hangul, prepended marks, emoji behind a joiner).
	kindOpens kind = 8
	kindKnown kind = 0x80
)

// kinds are the kinds of the code points, in pages of 256 that are made when one of
// them is first asked for.
var kinds [(unicode.MaxRune + 1) >> 8]atomic.Pointer[[256]kind]

// kindOf returns the kind of c.
func kindOf(c rune) kind {
	if uint32(c) > unicode.MaxRune {
		return 1
	}
	p := kinds[c>>8].Load()
	if p == nil {
		p = new([256]kind)
		for i := range p {
			p[i] = classify(c&^0xff | rune(i))
		}
		kinds[c>>8].Store(p)
	}
	return p[c&0xff]
}

// classify makes the kind of c: its width by Unicode's EastAsianWidth as wcwidth counts
// it, and how grapheme clusters (UAX #29) are made with it.
func classify(c rune) kind {
	k := kind(1)
	switch {
	case c < 0x300:
		if c == 0xad {
			return 1
		}
		return 1
	case zeroWidth(c):
		k = 0
	default:
		switch eastasian.LookupRune(c).Kind() {
		case eastasian.EastAsianWide, eastasian.EastAsianFullwidth:
			k = 2
		}
	}
	if c >= 0xd800 && c < 0xe000 {
		return 1
	}
	if single("a" + string(c)) {
		k |= kindJoins
	}
	switch {
	case c >= 0x1f1e6 && c <= 0x1f1ff, // regional indicators
		c >= 0x1100 && c < 0x1200, c >= 0xa960 && c < 0xa980, c >= 0xac00 && c < 0xd800,
		single(string(c) + "a"),                        // prepended
		c >= 0x2000 && single("😀\u200d"+string(c)),     // pictographs
		c >= 0x900 && c < 0xd80 && unicode.IsLetter(c): // Indic conjuncts
		k |= kindOpens
	}
	return k
}

// zeroWidth tells whether c takes no column.
func zeroWidth(c rune) bool {
	switch {
	case c >= 0x1160 && c < 0x1200, c >= 0xd7b0 && c < 0xd800: // Hangul vowels and finals
		return true
	case c >= 0x600 && c < 0x606, c == 0x6dd, c == 0x70f, c == 0x890, c == 0x891, c == 0x8e2,
		c == 0x110bd, c == 0x110cd: // marks that stand under what follows
		return false
	}
	return unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf)
}

// single tells whether text is one grapheme cluster.
func single(text string) bool {
	_, rest, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	return rest == ""
}

// The two selectors of a presentation: as text and as emoji.
const (
	textPresentation  = '\ufe0e'
	emojiPresentation = '\ufe0f'
)

// keycap encloses a digit, and makes an emoji of it.
const keycap = '\u20e3'

// opens tells whether the cell before the cursor may take more characters by the finer
// rules of grapheme clusters: it holds several code points already.
func (t *Terminal) opens() bool {
	r, x, ok := t.before()
	return ok && r.cells[x].content&clusterBit != 0
}

// join adds c to the grapheme cluster before the cursor if it belongs to it, and makes
// that wide where it is an emoji now. It tells whether c is done with.
func (t *Terminal) join(c rune) bool {
	r, x, ok := t.before()
	if !ok || r.cells[x].content == 0 {
		return false
	}
	var buf [4 * (maxClusterRunes + 1)]byte
	text := t.Text(buf[:0], r.cells[x])
	joined := string(appendRune(text, c))
	if !single(joined) {
		return false
	}
	if !t.append(r, x, c) {
		return true // it has no room, and does not stand alone either
	}
	wide := r.cells[x].attr&wideHead != 0
	switch {
	case c == emojiPresentation && !wide && uniseg.StringWidth(joined) == 2:
		t.widen(r, x)
	case c == textPresentation && wide && uniseg.StringWidth(joined) == 1:
		t.narrow(r, x)
	case c == keycap && !wide && bytes.HasSuffix(text, []byte(string(emojiPresentation))),
		kindOf(c)&kindWidth > 0 && !wide && uniseg.StringWidth(joined) == 2:
		t.widen(r, x)
	}
	return true
}

func appendRune(b []byte, c rune) []byte { return append(b, string(c)...) }

// widen makes the character at x, behind which the cursor is, two columns wide. In the
// last column it goes to the next line if there is one.
func (t *Terminal) widen(r *row, x int) {
	content := r.cells[x].content
	pen := t.pen
	t.pen = r.cells[x]
	t.pen.attr &^= wideHalves
	t.pen.content = 0
	r.cells[x] = Cell{bg: t.pen.bg}
	t.x, t.wrap = x, false
	t.put(content, 2)
	t.pen = pen
}

// narrow makes the wide character at x one column wide.
func (t *Terminal) narrow(r *row, x int) {
	r.cells[x].attr &^= wideHead
	r.cells[x+1].halve()
	t.last.attr = 0
	t.x, t.wrap = x+1, false
}
