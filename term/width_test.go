package term

import (
	"testing"

	"github.com/rivo/uniseg"
)

// Columns are what wcwidth says, a code point at a time, as vim, tmux and shells count
// them; in mode 2027 they are those of grapheme clusters.
func TestWidths(t *testing.T) {
	for _, c := range []struct {
		name, text      string
		points, cluster int
	}{
		{"a letter", "a", 1, 1}, {"a mark", "e\u0301", 1, 1}, {"two marks", "a\u0308\u0323", 1, 1},
		{"Han", "漢", 2, 2}, {"fullwidth", "Ａ", 2, 2}, {"halfwidth", "ｱ", 1, 1}, {"ambiguous", "±", 1, 1},
		{"soft hyphen", "\u00ad", 1, 1}, {"zero width space", "a\u200bb", 2, 2}, {"joiner", "a\u200d", 1, 1},
		{"Hangul syllable", "한", 2, 2}, {"Hangul jamo", "\u1112\u1161\u11ab", 2, 2},
		{"Devanagari conjunct", "क्ष", 2, 2}, {"Devanagari vowel", "कि", 2, 2}, {"Thai", "ที่", 1, 1}, {"Tamil", "நி", 2, 2},
		{"emoji", "😀", 2, 2}, {"skin tone", "👍🏽", 4, 2}, {"family", "👨\u200d👩\u200d👧\u200d👦", 8, 2},
		{"profession", "👩\u200d🚀", 4, 2}, {"profession and skin", "👩🏽\u200d🚀", 6, 2}, {"rainbow flag", "🏳\ufe0f\u200d🌈", 3, 2},
		{"heart on fire", "❤\ufe0f\u200d🔥", 3, 2}, {"flag", "🇩🇪", 2, 2}, {"half a flag", "🇩", 1, 1}, {"two flags", "🇩🇪🇫🇷", 4, 4},
		{"England", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2, 2}, {"keycap", "1\ufe0f\u20e3", 1, 2},
		{"heart as text", "❤\ufe0e", 1, 1}, {"heart as emoji", "❤\ufe0f", 1, 2}, {"heart", "❤", 1, 1},
		{"watch", "⌚", 2, 2}, {"watch as text", "⌚\ufe0e", 2, 1}, {"copyright as emoji", "©\ufe0f", 1, 2},
	} {
		for _, mode := range []struct {
			set  string
			want int
		}{{"\x1b[?2027l", c.points}, {"\x1b[?2027h", c.cluster}} {
			x := New(Options{Columns: 20, Rows: 2})
			x.Feed([]byte(mode.set + c.text))
			check(t, x)
			if x.x != mode.want || x.y != 0 {
				t.Errorf("%s: %q after %q takes %d columns, want %d", c.name, c.text, mode.set[1:], x.x, mode.want)
			}
			// Cut after each byte it is the same.
			y := New(Options{Columns: 20, Rows: 2})
			for _, b := range []byte(mode.set + c.text) {
				y.Feed([]byte{b})
			}
			same(t, y, x)
		}
		// Whole clusters are one cell's text.
		x := New(Options{Columns: 20, Rows: 2})
		x.Feed([]byte("\x1b[?2027h" + c.text))
		if uniseg.GraphemeClusterCount(c.text) == 1 {
			if got := string(x.Text(nil, x.row(0).cell(0))); got != c.text {
				t.Errorf("%s: the cell holds %q, want %q", c.name, got, c.text)
			}
		}
	}
}
