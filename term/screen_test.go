package term

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// all draws the history and the screen: rows between bars, ~ where one goes on.
func all(t *Terminal) string {
	var rows []string
	for n, end := t.Lines(); n < end; n++ {
		l, _ := t.Line(n)
		var b []byte
		for _, c := range l.Cells {
			b = t.Text(b, c)
		}
		s := strings.TrimRight(string(b), " ")
		if l.Wrapped {
			s += "~"
		}
		rows = append(rows, s)
	}
	return fmt.Sprintf("%s %d,%d", strings.Join(rows, "|"), t.x, t.y)
}

func TestReflow(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns int
		rows    int
		input   string
		sizes   [][2]int
		want    string
	}{
		{"narrower", 6, 3, "abcdef", [][2]int{{4, 3}}, "abcd~|ef| 2,1"},
		{"and back", 6, 3, "abcdef", [][2]int{{4, 3}, {6, 3}}, "abcdef|| 5,0"},
		{"wider joins", 4, 3, "abcdef", [][2]int{{6, 3}}, "abcdef|| 5,0"},
		{"to the history", 4, 2, "abcdefgh", [][2]int{{2, 2}}, "ab~|cd~|ef~|gh 1,1"},
		{"from the history", 2, 2, "abcdefgh", [][2]int{{4, 2}}, "abcd~|efgh 3,1"},
		{"a wide one is not cut", 4, 3, "a日本", [][2]int{{3, 3}}, "a日~|本| 2,1"},
		{"nor behind a gap", 4, 3, "ab日本", [][2]int{{3, 3}, {4, 3}}, "ab日~|本| 2,1"},
		{"fewer rows take blank ones", 6, 4, "a\r\nb", [][2]int{{6, 2}}, "a|b 1,1"},
		{"then those above", 6, 4, "a\r\nb\r\nc\r\nd", [][2]int{{6, 2}}, "a|b|c|d 1,1"},
		{"more rows bring them back", 6, 2, "a\r\nb\r\nc\r\nd", [][2]int{{6, 3}}, "a|b|c|d 1,2"},
		{"a screen that is not full stays", 6, 3, "a\r\nb\r\nc\r\nd\x1b[2J\x1b[Hx", [][2]int{{6, 4}}, "a|x||| 1,0"},
		{"one cell", 6, 2, "ab", [][2]int{{1, 1}, {6, 2}}, "ab| 2,0"},
		{"trailing blanks do not count", 6, 2, "ab    ", [][2]int{{3, 2}}, "ab~| 2,1"},
		{"the alternate screen is cut", 6, 3, "\x1b[?1049habcdef\r\nghijkl", [][2]int{{4, 2}}, "abcd|ghij 3,1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := New(Options{Columns: c.columns, Rows: c.rows})
			x.Feed([]byte(c.input))
			for _, s := range c.sizes {
				x.Resize(s[0], s[1])
				check(t, x)
			}
			if got := all(x); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Text that is wrapped in any number of widths one after the other is the same text.
func TestReflowKeepsText(t *testing.T) {
	x := New(Options{Columns: 20, Rows: 5})
	var want []string
	for i := range 200 {
		line := strings.Repeat(fmt.Sprint(i, "日x"), i%9)
		want = append(want, line)
		x.Feed([]byte(line + "\r\n"))
	}
	for _, columns := range []int{7, 80, 2, 33, 20} {
		x.Resize(columns, 5)
		check(t, x)
		var got []string
		line := ""
		for n, end := x.Lines(); n < end; n++ {
			l, _ := x.Line(n)
			b := []byte(line)
			for _, c := range l.Cells {
				if !c.Blank() {
					b = x.Text(b, c)
				}
			}
			if line = string(b); !l.Wrapped {
				got, line = append(got, line), ""
			}
		}
		for i, w := range want {
			if i >= len(got) || got[i] != w {
				t.Fatalf("with %d columns line %d is %q, want %q", columns, i, got[min(i, len(got)-1)], w)
			}
		}
	}
}

// Places that are asked for go with the text.
func TestAnchors(t *testing.T) {
	x := New(Options{Columns: 6, Rows: 3})
	x.Feed([]byte("abcdefghij\r\nX"))
	p := Point{Line: 1, Column: 2} // the i
	x.anchors = append(x.anchors, &p)
	for _, c := range []struct {
		columns int
		want    Point
	}{{4, Point{2, 0}}, {20, Point{0, 8}}, {3, Point{2, 2}}, {6, Point{1, 2}}} {
		x.Resize(c.columns, 3)
		if p != c.want {
			t.Errorf("with %d columns it is at %+v, want %+v", c.columns, p, c.want)
		}
	}
}

func TestHistory(t *testing.T) {
	x := New(Options{Columns: 10, Rows: 2, History: 3})
	for i := range 9 {
		x.Feed(fmt.Appendf(nil, "%d\r\n", i))
	}
	if got, want := all(x), "5|6|7|8| 0,1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if first, end := x.Lines(); first != 5 || end != 10 {
		t.Errorf("lines %d to %d, want 5 to 10", first, end)
	}
	x.Scroll(2)
	var v View
	x.View(&v)
	if v.Top != 6 || v.Cursor.Visible {
		t.Errorf("the view begins at line %d, the cursor is %+v", v.Top, v.Cursor)
	}
	x.Feed([]byte("new\r\n"))
	if x.View(&v); v.Top != 6 {
		t.Errorf("output moves the view to line %d", v.Top)
	}
	x.ScrollTo(7)
	if x.View(&v); v.Top != 7 {
		t.Errorf("the view begins at line %d, want 7", v.Top)
	}
	x.Scroll(-99)
	if x.Scrolled() != 0 {
		t.Errorf("scrolled %d", x.Scrolled())
	}
	x.Feed([]byte("\x1b[3J"))
	if x.HistoryLen() != 0 {
		t.Errorf("%d rows are left", x.HistoryLen())
	}
}

func TestViewTakesOnlyWhatChanged(t *testing.T) {
	x := New(Options{Columns: 10, Rows: 4})
	var v, late View
	x.Feed([]byte("one\r\ntwo"))
	x.View(&v)
	x.Feed([]byte("\x1b[3;1Hthree"))
	x.View(&v)
	if want := []bool{false, false, true, false}; fmt.Sprint(v.Changed) != fmt.Sprint(want) {
		t.Errorf("changed %v, want %v", v.Changed, want)
	}
	x.View(&late)
	x.View(&v)
	if fmt.Sprint(v.Changed) != fmt.Sprint([]bool{false, false, false, false}) {
		t.Errorf("changed %v, want none", v.Changed)
	}
	if got := string(late.Text(nil, late.Lines[2].Cells[0])); got != "t" {
		t.Errorf("a second view has %q", got)
	}
	x.Feed([]byte("\x1b]4;1;#123456\a"))
	if x.View(&v); !v.Changed[3] || v.Palette.Colors[1] != 0x123456 {
		t.Error("another palette changes no row")
	}
	if late.Palette.Colors[1] == 0x123456 {
		t.Error("a view's palette changed under it")
	}
}

func TestSynchronized(t *testing.T) {
	x := New(Options{Columns: 10, Rows: 2})
	var v View
	x.Feed([]byte("old"))
	x.View(&v)
	x.Feed([]byte("\x1b[?2026h\rnew"))
	x.Tick(time.Second)
	if x.View(&v); !x.Synchronized() || v.Lines[0].Cells[0].Rune() != 'o' {
		t.Error("the view changes while it is held back")
	}
	x.Tick(time.Second + SyncTimeout - 1)
	if !x.Synchronized() {
		t.Error("it ends too soon")
	}
	x.Tick(time.Second + SyncTimeout)
	if x.View(&v); x.Synchronized() || v.Lines[0].Cells[0].Rune() != 'n' {
		t.Error("it does not end")
	}
	x.Feed([]byte("\x1b[?2026h\x1b[?2026l"))
	if x.Synchronized() {
		t.Error("the program cannot end it")
	}
}

// What is too much is left out, and what follows it is read.
func TestLimits(t *testing.T) {
	x := New(Options{Columns: 20, Rows: 4, Limits: Limits{Strings: 1000, Title: 10, Replies: 100, Events: 4, Links: 10, Extras: 10, Clusters: 10}})
	feed := func(s string) { x.Feed([]byte(s)); check(t, x) }
	feed("\x1b]2;" + strings.Repeat("x", 2_000_000) + "\x1b\\after")
	if x.Title() != "" || !strings.HasPrefix(show(x), "after") {
		t.Errorf("title %q, screen %s", x.Title(), show(x))
	}
	feed("\x1b]2;" + strings.Repeat("é", 400) + "\a")
	if x.Title() != "ééééé" {
		t.Errorf("title %q", x.Title())
	}
	feed(strings.Repeat("\x1b[6n", 1000))
	if n := len(x.Replies()); n == 0 || n > 100 {
		t.Errorf("%d bytes of answers", n)
	}
	feed(strings.Repeat("\x1b]9;x\a", 1000))
	if n := len(x.Events()); n != 4 {
		t.Errorf("%d events", n)
	}
	feed("\x1bc" + strings.Repeat("\x1b[22t\x1b[>1u\x1b[#{\x1b[#P", 1000))
	for i := range 5000 {
		feed(fmt.Sprintf("\x1b]8;;http://%d\x1b\\\x1b[58;2;%d;0;0me%c", i, i%256, 0x300+i%100))
	}
	for _, columns := range []int{1, MaxColumns, MaxColumns + 1, -5} {
		x.Resize(columns, MaxRows)
		check(t, x)
		feed("日本\x1b[99999b\x1b[9999@\x1b[9999P\x1b[9999L\x1b[99999S\x1b[9999T")
	}
	x.Resize(20, 4)
	x.Feed([]byte("\re" + strings.Repeat("\u0301", 10_000)))
	check(t, x)
	if n := len(x.Text(nil, x.row(x.y).cell(x.x-1))); n > 4*maxClusterRunes {
		t.Errorf("%d bytes in one cell", n)
	}
}

// Cells that no longer use an entry of a table make room for new ones.
func TestTablesAreCollected(t *testing.T) {
	x := New(Options{Columns: 20, Rows: 2, History: -1, Limits: Limits{Clusters: 16, Extras: 16, Links: 16}})
	for i := range 100 {
		x.Feed(fmt.Appendf(nil, "\r\n\x1b]8;id=%d;http://%d\x1b\\x%c", i, i, 0x300+i))
		r := x.row(x.y)
		if uri, _ := x.Link(r.cell(0)); uri != fmt.Sprintf("http://%d", i) {
			t.Fatalf("link %d leads to %q", i, uri)
		}
		if got, want := string(x.Text(nil, r.cell(0))), "x"+string(rune(0x300+i)); got != want {
			t.Fatalf("cluster %d is %q, want %q", i, got, want)
		}
	}
}

func TestModesOfInput(t *testing.T) {
	x := New(Options{})
	x.Feed([]byte("\x1b[?1;66;67;1003;1006;1004;2004h\x1b[>5u\x1b[>4;2m\x1b[20h\x1b[?1049h"))
	if m := x.Modes(); !m.AppCursor || !m.AppKeypad || !m.Backarrow || m.Mouse == 0 || m.MouseFormat == 0 || !m.FocusEvents ||
		!m.BracketedPaste || m.Kitty != 0 || m.ModifyOtherKeys != 2 || !m.NewLine || !m.Alternate {
		t.Errorf("modes %+v", m)
	}
	x.Feed([]byte("\x1b[?1049l"))
	if m := x.Modes(); m.Kitty != 5 || m.Alternate {
		t.Errorf("modes %+v", m)
	}
	x.Reset()
	if m, want := x.Modes(), New(Options{}).Modes(); m != want {
		t.Errorf("modes %+v, want %+v", m, want)
	}
}

// The lines of the alternate screen are never taken for those of the main one.
func TestLinesOfTheScreens(t *testing.T) {
	x := New(Options{Columns: 10, Rows: 2})
	x.Feed([]byte("main\x1b[?1049halt\n\n\n"))
	if first, _ := x.Lines(); first < AlternateBase {
		t.Errorf("line %d", first)
	}
	if _, ok := x.Line(0); ok {
		t.Error("a line of the screen that is not shown")
	}
	x.Feed([]byte("\x1b[?1049l"))
	if l, ok := x.Line(0); !ok || !bytes.Equal(x.Text(nil, l.Cells[0]), []byte("m")) {
		t.Error("the line of the main screen is gone")
	}
}

// Text goes on in the next row no longer when that is another one.
func TestWrapEnds(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{"it wraps", "", "+---"},
		{"SU below it", `\e[2;4r\e[S`, "----"}, {"SD below it", `\e[2;4r\e[T`, "----"},
		{"SU above it", `\e[1;1r\e[1;3r\e[S`, "----"}, {"IL", `\e[2H\e[L`, "----"}, {"DL", `\e[2H\e[M`, "----"},
		{"ED above", `\e[2H\e[1J`, "----"}, {"EL", `\e[H\e[K`, "----"}, {"ECH at the end", `\e[1;6H\e[X`, "----"},
		{"ECH before", `\e[1;2H\e[X`, "+---"}, {"DCH", `\e[H\e[P`, "----"}, {"ICH", `\e[H\e[@`, "----"},
		{"the last column again", `\e[1;6Hx`, "----"}, {"and on", `\e[1;6Hxy`, "+---"}, {"another column", `\e[Hx`, "+---"},
		{"double width", `\e[H\e#6`, "----"}, {"DECCRA", `\e[3;1;3;6;1;1;1;1$v`, "----"},
	} {
		x := New(Options{Columns: 6, Rows: 4})
		x.Feed([]byte("abcdefgh" + expand(c.input)))
		got := ""
		for y := range 4 {
			got += map[bool]string{false: "-", true: "+"}[x.row(y).flags&rowWrapped != 0]
		}
		if got != c.want {
			t.Errorf("%s: the rows wrap as %s, want %s", c.name, got, c.want)
		}
	}
}

// A view that is in the history, by a single line even, stays at its text.
func TestScrolledViewStays(t *testing.T) {
	x := New(Options{Columns: 6, Rows: 2})
	x.Feed([]byte("a\r\nb\r\nc\r\nd"))
	x.Scroll(1)
	var v View
	for range 3 {
		if x.View(&v); v.Lines[0].Cells[0].Rune() != 'b' {
			t.Fatalf("the view begins with %q", v.Lines[0].Cells[0].Rune())
		}
		x.Feed([]byte("\r\ne"))
	}
}

// Nor does the history go on in a screen that was erased.
func TestHistoryEnds(t *testing.T) {
	for _, end := range []string{"\x1b[2J", "\x1b#8", "\x1b[H\x1b[J"} {
		x := New(Options{Columns: 6, Rows: 2})
		x.Feed([]byte("abcdefghijklmnopqr"))
		if l, _ := x.Line(0); !l.Wrapped {
			t.Fatal("the text does not wrap")
		}
		x.Feed([]byte(end))
		if l, _ := x.Line(0); l.Wrapped {
			t.Errorf("after %q the history goes on", end)
		}
	}
}

// Who begins to synchronize again has the whole time again.
func TestSynchronizedAgain(t *testing.T) {
	x := New(Options{Columns: 6, Rows: 2})
	x.Feed([]byte("\x1b[?2026h"))
	x.Tick(0)
	x.Feed([]byte("\x1b[?2026h"))
	x.Tick(SyncTimeout)
	if !x.Synchronized() {
		t.Error("it ends by the time of the first beginning")
	}
	x.Tick(2 * SyncTimeout)
	if x.Synchronized() {
		t.Error("it does not end")
	}
}

// A cursor that was saved stays at its text when the screen gets narrower; one that never
// was is at home.
func TestSavedCursorReflows(t *testing.T) {
	for _, c := range []struct{ save, want string }{{"\x1b7", "abcde|fgX| 3,1"}, {"", "Xbcde|fg| 1,0"}} {
		x := New(Options{Columns: 10, Rows: 4})
		x.Feed([]byte("abcdefg" + c.save + "\x1b[H"))
		x.Resize(5, 4)
		x.Feed([]byte("\x1b8X"))
		if got := show(x); got != c.want {
			t.Errorf("%q: %s, want %s", c.save, got, c.want)
		}
	}
}

// In origin mode a stream of cells runs from margin to margin.
func TestStreamWithinMargins(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"", "--++++|++++++|+++---|------"},
		{"\x1b[?69h\x1b[2;4s\x1b[?6h", "---+--|-+++--|-+++--|------"},
	} {
		x := New(Options{Columns: 6, Rows: 4})
		x.Feed([]byte(expand(grid) + c.set + "\x1b[1;3;3;3;7$r"))
		got := ""
		for y := range 4 {
			for column := range 6 {
				got += map[bool]string{false: "-", true: "+"}[x.row(y).cell(column).attr&Inverse != 0]
			}
			got += "|"
		}
		if got != c.want+"|" {
			t.Errorf("after %q %s is inverse, want %s", c.set, got, c.want)
		}
	}
}
