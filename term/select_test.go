package term

import (
	"fmt"
	"strings"
	"testing"
)

// shown makes a terminal that was fed text.
func shown(columns, rows int, text string) *Terminal {
	t := New(Options{Columns: columns, Rows: rows, History: 1000})
	t.Feed([]byte(text))
	return t
}

// at returns the point of the n-th line and a column.
func at(line int64, column int) Point { return Point{line, column} }

// marked draws the view with what is selected between brackets, lines joined by |.
func marked(t *Terminal, v *View) string {
	t.View(v)
	var b strings.Builder
	for i, l := range v.Lines {
		if i > 0 {
			b.WriteByte('|')
		}
		on := false
		var line []byte
		for _, c := range l.Cells {
			if sel := c.Attr()&Selected != 0; sel != on {
				on = sel
				line = append(line, "[]"[map[bool]int{true: 0, false: 1}[sel]])
			}
			line = v.Text(line, c)
		}
		if on {
			line = append(line, ']')
		}
		b.WriteString(strings.TrimRight(string(line), " "))
	}
	return b.String()
}

func TestSelection(t *testing.T) {
	for _, c := range []struct {
		what     string
		columns  int
		text     string
		kind     SelectionKind
		from, to Point
		view     string
		copied   string
	}{
		{"cells", 20, "hello world", SelectCells, at(0, 6), at(0, 8), "hello [wor]ld|||", "wor"},
		{"cells backwards", 20, "hello world", SelectCells, at(0, 8), at(0, 6), "hello [wor]ld|||", "wor"},
		{"over lines", 20, "one  \r\ntwo\r\nthree", SelectCells, at(0, 1), at(2, 1), "o[ne                 ]|[two                 ]|[th]ree|", "ne\ntwo\nth"},
		{"an empty line between", 20, "one\r\n\r\ntwo", SelectCells, at(0, 0), at(2, 2), "[one                 ]|[                    ]|[two]|", "one\n\ntwo"},
		{"beyond the end of a line", 20, "one", SelectCells, at(0, 2), at(0, 10), "on[e        ]|||", "e"},
		{"over a wrap", 5, "abcdefgh", SelectCells, at(0, 3), at(1, 1), "abc[de]|[fg]h||", "defg"},
		{"blanks at a wrap stay", 5, "abc  def", SelectCells, at(0, 0), at(1, 2), "[abc  ]|[def]||", "abc  def"},
		{"a wide character is whole", 20, "a漢字b", SelectCells, at(0, 2), at(0, 3), "a[漢字]b|||", "漢字"},
		{"a wide character that wrapped", 4, "abc漢字", SelectCells, at(0, 0), at(1, 3), "[abc ]|[漢字]||", "abc漢字"},
		{"a cluster", 20, "e\u0301a\u0308o", SelectCells, at(0, 0), at(0, 1), "[e\u0301a\u0308]o|||", "e\u0301a\u0308"},
		{"block", 20, "abcdef\r\nghi\r\njklmno", SelectBlock, at(0, 4), at(2, 2), "ab[cde]f|gh[i  ]|jk[lmn]o|", "cde\ni\nlmn"},
		{"block does not join wraps", 4, "abcdefgh", SelectBlock, at(0, 1), at(1, 2), "a[bc]d|e[fg]h||", "bc\nfg"},
		{"word", 20, "hello big world", SelectWords, at(0, 7), at(0, 7), "hello [big] world|||", "big"},
		{"words, extended", 20, "hello big world", SelectWords, at(0, 7), at(0, 12), "hello [big world]|||", "big world"},
		{"words, extended back", 20, "hello big world", SelectWords, at(0, 7), at(0, 1), "[hello big] world|||", "hello big"},
		{"word over a wrap", 5, "a bcdefg h", SelectWords, at(1, 0), at(1, 0), "a [bcd]|[efg] h||", "bcdefg"},
		{"line", 20, "one\r\ntwo words\r\n", SelectLines, at(1, 3), at(1, 3), "one|[two words           ]||", "two words"},
		{"line that wrapped", 5, "one\r\nabcdefghijkl", SelectLines, at(2, 0), at(2, 0), "one|[abcde]|[fghij]|[kl   ]", "abcdefghijkl"},
		{"lines, extended back", 20, "one\r\ntwo\r\n", SelectLines, at(1, 0), at(0, 2), "[one                 ]|[two                 ]||", "one\ntwo"},
		{"outside", 20, "one", SelectCells, at(-5, -5), at(99, 99), "[one                 ]|[                    ]|[                    ]|[                    ]", "one\n\n\n"},
	} {
		term := shown(c.columns, 4, c.text)
		var v View
		plain := marked(term, &v)
		term.Select(c.kind, c.from)
		if c.kind == SelectCells || c.kind == SelectBlock {
			if _, _, ok := term.Selection(); ok || term.SelectedText() != "" {
				t.Errorf("%s: something is selected by a click", c.what)
			}
		}
		term.Extend(c.to)
		if got := marked(term, &v); got != c.view {
			t.Errorf("%s: the view is %q, want %q", c.what, got, c.view)
		}
		if got := term.SelectedText(); got != c.copied {
			t.Errorf("%s: %q is copied, want %q", c.what, got, c.copied)
		}
		term.ClearSelection()
		if got := marked(term, &v); got != plain {
			t.Errorf("%s: cleared, the view is %q, want %q", c.what, got, plain)
		}
		if len(term.anchors) != 0 {
			t.Errorf("%s: %d anchors are left", c.what, len(term.anchors))
		}
	}
}

func TestWord(t *testing.T) {
	for _, c := range []struct{ text, cursor, want string }{
		{"ls -l /usr/local/bin/x.go|", "local", "/usr/local/bin/x.go"},
		{"see x.go:12:3: bad|", "12", "x.go:12:3"},
		{"see https://a.b/c?d=e&f#g.|", "a.b", "https://a.b/c?d=e&f#g"},
		{"he said (yes), she no.|", "yes", "yes"},
		{"he said (yes), she no.|", "(", "("},
		{"he said no. Then|", "no", "no"},
		{"he said no. Then|", ".", "no."},
		{"user@host:~/dir$ make|", "host", "user@host:~/dir$"},
		{"--option=value|", "value", "--option=value"},
		{"a    b|", "   ", "    "},
		{"│ x │ y|", "x", "x"},
		{"─────── x|", "──", "───────"},
		{"naïve Straße|", "aß", "Straße"},
		{"漢字 かな|", "字", "漢字"},
		{"\"quoted\"|", "quoted", "quoted"},
		{"a,b;c|", "b", "b"},
	} {
		text := strings.TrimSuffix(c.text, "|")
		term := shown(40, 3, text)
		term.Select(SelectWords, Point{0, width(text[:strings.Index(text, c.cursor)])})
		if got := term.SelectedText(); got != c.want && c.want != strings.Repeat(" ", len(c.want)) {
			t.Errorf("%q at %q: %q, want %q", text, c.cursor, got, c.want)
		}
		if from, to, _ := term.Selection(); to.Column-from.Column != width(c.want) {
			t.Errorf("%q at %q: %d columns, want %d", text, c.cursor, to.Column-from.Column, width(c.want))
		}
	}
}

// width returns how many columns text takes, where CJK takes two.
func width(text string) (n int) {
	for _, r := range text {
		if n++; r > 0x2fff && r < 0xa000 {
			n++
		}
	}
	return n
}

// A match that is one cell wide can be selected, an empty span is nothing.
func TestSelectSpan(t *testing.T) {
	term := shown(10, 3, "0123456789ab漢")
	var v View
	for _, c := range []struct {
		s    Span
		want string
	}{
		{Span{at(0, 3), at(0, 4)}, "012[3]456789|ab漢|"},
		{Span{at(0, 8), at(1, 4)}, "01234567[89]|[ab漢]|"},
		{Span{at(1, 2), at(1, 4)}, "0123456789|ab[漢]|"},
		{Span{at(0, 3), at(0, 3)}, "0123456789|ab漢|"},
		{Span{at(0, 3), at(0, 0)}, "0123456789|ab漢|"},
	} {
		term.SelectSpan(c.s)
		if got := marked(term, &v); got != c.want {
			t.Errorf("%v: %q, want %q", c.s, got, c.want)
		}
	}
}

// The end that is nearer to a click with Shift moves there.
func TestAdjustSelection(t *testing.T) {
	term := shown(20, 3, "0123456789")
	var v View
	term.Select(SelectCells, at(0, 3))
	term.Adjust(at(0, 6))
	if got := marked(term, &v); got != "012[3456]789||" {
		t.Fatalf("a beginning extended: %q", got)
	}
	for _, c := range []struct {
		to   int
		want string
	}{{8, "012[345678]9||"}, {1, "0[12345678]9||"}, {2, "01[2345678]9||"}, {7, "01[234567]89||"}} {
		term.Adjust(at(0, c.to))
		if got := marked(term, &v); got != c.want {
			t.Errorf("to %d: %q, want %q", c.to, got, c.want)
		}
	}
}

// A selection stays with its text while other text comes and goes, and ends when its own
// text changes.
func TestSelectionFollowsText(t *testing.T) {
	for _, c := range []struct {
		what, feed string
		want       string // what is copied then
	}{
		{"output below", "\x1b[5;1Hmore", "two"},
		{"output scrolls it up", "\x1b[5;1H\r\n\r\nmore", "two"},
		{"output scrolls it into the history", "\x1b[5;1H" + strings.Repeat("\r\nx", 50), "two"},
		{"text beside it", "\x1b[2;1HX\x1b[2;12HY", "two"},
		{"its colours", "\x1b[2;5H\x1b[31mtwo", "two"},
		{"its text", "\x1b[2;5HTwo", ""},
		{"half of it", "\x1b[2;7HX", ""},
		{"it is erased", "\x1b[2J", ""},
		{"it moves within the screen", "\x1b[1;1H\x1b[L", ""},
		{"letters are inserted before it", "\x1b[2;1H\x1b[4@", ""},
		{"the alternate screen and back", "\x1b[?1049hother\x1b[?1049l", "two"},
		{"a reset", "\x1bc", ""},
	} {
		term := shown(20, 5, "one\r\nand two of\r\nthree")
		var v View
		term.View(&v)
		term.Select(SelectCells, at(1, 4))
		term.Extend(at(1, 6))
		term.Feed([]byte(c.feed))
		if got := term.SelectedText(); got != c.want {
			t.Errorf("%s: %q is copied, want %q", c.what, got, c.want)
		}
		term.ScrollTo(0)
		if got := marked(term, &v); strings.Contains(got, "[two]") != (c.want != "") || c.want == "" && strings.Contains(got, "[") {
			t.Errorf("%s: the view is %q", c.what, got)
		}
	}
}

// What is selected in a flood that is longer than the history ends with its text.
func TestSelectionLeavesHistory(t *testing.T) {
	term := New(Options{Columns: 20, Rows: 5, History: 10})
	term.Feed([]byte("one\r\ntwo\r\nthree"))
	term.Select(SelectCells, at(0, 0))
	term.Extend(at(2, 4))
	term.Feed([]byte("\x1b[5;1H" + strings.Repeat("\r\nx", 11)))
	if got := term.SelectedText(); got != "two\nthree" && got != "three" {
		t.Errorf("half of it is gone: %q is copied", got)
	}
	term.Feed([]byte(strings.Repeat("\r\nx", 20)))
	if from, to, ok := term.Selection(); ok || term.SelectedText() != "" {
		t.Errorf("all of it is gone, but %v to %v is selected", from, to)
	}
	if len(term.anchors) != 0 {
		t.Errorf("%d anchors are left", len(term.anchors))
	}
}

// While the alternate screen is shown, what is selected on the main one is not.
func TestSelectionIsOfItsScreen(t *testing.T) {
	term := shown(20, 3, "main")
	var v View
	term.Select(SelectWords, at(0, 0))
	term.Feed([]byte("\x1b[?1049h\x1b[Halternate"))
	if got := marked(term, &v); got != "alternate||" || term.SelectedText() != "" {
		t.Errorf("the alternate screen shows %q, %q is copied", got, term.SelectedText())
	}
	term.Feed([]byte("\x1b[?1049l"))
	if got := marked(term, &v); got != "[main]||" || term.SelectedText() != "main" {
		t.Errorf("the main screen shows %q, %q is copied", got, term.SelectedText())
	}
}

// A selection keeps its text when the screen gets another width.
func TestSelectionReflows(t *testing.T) {
	text := "first line\r\nthe quick brown fox jumps over the lazy dog\r\nlast"
	for _, c := range []struct {
		kind     SelectionKind
		from, to Point
		want     string
	}{
		{SelectCells, at(1, 4), at(1, 18), "quick brown fox"},
		{SelectWords, at(1, 11), at(1, 11), "brown"},
		{SelectLines, at(1, 11), at(1, 11), "the quick brown fox jumps over the lazy dog"},
		{SelectBlock, at(1, 4), at(2, 8), ""},
	} {
		term := shown(60, 6, text)
		var v View
		term.Select(c.kind, c.from)
		term.Extend(c.to)
		for _, columns := range []int{10, 33, 80, 7, 60} {
			term.Resize(columns, 6)
			if got := term.SelectedText(); got != c.want {
				t.Errorf("kind %d at %d columns: %q is copied, want %q", c.kind, columns, got, c.want)
			}
			marked(term, &v)
		}
	}
}

// Each mark in the view is that of what is copied, whatever a session does.
func TestSelectionDamage(t *testing.T) {
	term := shown(30, 8, strings.Repeat("some words here and there\r\n", 20))
	var kept, fresh View
	for i := range 200 {
		switch i % 7 {
		case 0:
			term.Select(SelectionKind(i/7%4), at(int64(i%20), i%30))
		case 1, 2, 3:
			term.Extend(at(int64(i*7%28), i*5%30))
		case 4:
			term.Scroll(i%5 - 2)
		case 5:
			fmt.Fprintf(term, "line %d\r\n", i)
		case 6:
			term.Adjust(at(int64(i*3%28), i%30))
		}
		fresh = View{}
		if a, b := marked(term, &kept), marked(term, &fresh); a != b {
			t.Fatalf("step %d: the view that was kept shows\n%s\na fresh one\n%s", i, a, b)
		}
	}
}

// FuzzSelection selects in a terminal to which anything happens: the view marks what
// Selected says, a view that is kept is as a fresh one, and nothing is left behind.
func FuzzSelection(f *testing.F) {
	f.Add("hello world\r\n\x1b[3;3Hx", []byte("\x00\x03\x01\x05\x09\x02\x07\x04\x30\x01\x40\x03\x02\x00\x20"))
	f.Add("漢字漢字漢字e\u0301\u0301\x1b[2J\x1b[?1049h", []byte("\x01\x00\x81\x05\x21\x42\x07\x64\x30\x41\x40\x83\x02\x06\x20"))
	f.Add("\x1bc\x1b[3J\x1b[2;4r\x1b[5L\x1b[@", []byte("\x02\x10\x03\x17\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Add("\x0f", []byte("7X71$\x05$Y$00"))
	f.Fuzz(func(t *testing.T, text string, ops []byte) {
		term := New(Options{Columns: 12, Rows: 5, History: 20})
		feed := []byte(text[:min(len(text), 2048)])
		term.Feed(feed)
		var kept View
		for i := 0; i+1 < len(ops) && i < 128; i += 2 {
			op, x := ops[i], int(ops[i+1])
			first, end := term.Lines()
			p := Point{first + int64(op>>4)*(end-first)/15, x%16 - 1}
			switch op & 7 {
			case 0:
				term.Select(SelectionKind(x%4), p)
			case 1, 2:
				term.Extend(p)
			case 3:
				term.Adjust(p)
			case 4:
				term.Resize(x%20+1, x/20+1)
			case 5:
				n := x * len(feed) / 256
				term.Feed(feed[n:min(n+int(op), len(feed))])
			case 6:
				term.Scroll(x%16 - 8)
			case 7:
				fmt.Fprintf(term, "\x1b[%d;%dHline\r\n", x%7, x%13)
			}
			if term.Synchronized() {
				continue
			}
			var fresh View
			if a, b := marked(term, &kept), marked(term, &fresh); a != b {
				t.Fatalf("op %d: the view that was kept shows\n%s\na fresh one\n%s", i, a, b)
			}
			for y, l := range kept.Lines {
				for x, c := range l.Cells {
					if p := (Point{kept.Top + int64(y), x}); term.Selected(p) != (c.Attr()&Selected != 0) {
						t.Fatalf("op %d: the mark at %v is not what is selected", i, p)
					}
				}
			}
			from, to, ok := term.Selection()
			if copied := term.SelectedText(); !ok && copied != "" {
				t.Fatalf("op %d: nothing is selected, but %q copied", i, copied)
			}
			if ok && (from.Line > to.Line || from.Line == to.Line && from.Column >= to.Column) {
				t.Fatalf("op %d: from %v to %v is selected", i, from, to)
			}
			if n := len(term.anchors); n != 0 && n != 2 {
				t.Fatalf("op %d: %d anchors", i, n)
			}
			if l, ok := term.LinkAt(p); ok && !l.Holds(p) {
				t.Fatalf("op %d: the link at %v is at %v", i, p, l)
			}
		}
	})
}
