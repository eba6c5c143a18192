package term

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// A link that is open belongs to text that comes later, also when the tables are
// collected before it comes.
func TestOpenLinkSurvivesCollection(t *testing.T) {
	x := New(Options{Columns: 80, Rows: 4, Limits: Limits{Extras: 64, Links: 64}})
	for i := range 63 {
		fmt.Fprintf(x, "\x1b[58:2::%d:1:1mx", i)
	}
	fmt.Fprint(x, "\x1b[0m\x1b[2J\x1b[H\x1b]8;;http://good/\x1b\\A\x1b]8;;\x1b\\")
	fmt.Fprint(x, "\x1b]8;;http://evil/\x1b\\B\x1b]8;;\x1b\\")
	for column, want := range []string{"http://good/", "http://evil/"} {
		if l, _ := x.LinkAt(Point{Column: column}); l.URI != want {
			t.Errorf("column %d leads to %q, not %q", column, l.URI, want)
		}
	}
}

// So does the pen, with which nothing was written so far.
func TestPenSurvivesCollection(t *testing.T) {
	x := New(Options{Columns: 80, Rows: 4, Limits: Limits{Clusters: 64}})
	fmt.Fprint(x, strings.Repeat("a", 40)+"\x1b[58:5:1m")
	for i := range 400 {
		fmt.Fprintf(x, "\x1b[%dG%c", 2+i/10, 0x300+i%100)
	}
	fmt.Fprint(x, "\x1b[2;1H")
	fmt.Fprint(x, "Z\x1b[58:5:2mY")
	var v View
	x.View(&v)
	if got := v.UnderlineColor(v.Lines[1].Cells[0]); got != Indexed(1) {
		t.Errorf("the underline has the colour %x", got)
	}
}

// What a program is answered must not be what it chose: it comes in as if it was typed.
func TestAnswersDoNotEcho(t *testing.T) {
	const typed = "touch evil"
	for _, question := range []string{
		"\x1bP+q%s\x1b\\", "\x1bP+q436f;%s\x1b\\", "\x1bP$q%s\x1b\\", "\x1b]2;%s\x1b\\\x1b[21t\x1b[20t",
		"\x1b]52;%s;?\x1b\\", "\x1b]4;%s;?\x1b\\", "\x1b]10;%s;?\x1b\\", "\x1b]7;%s\x1b\\\x1b[13t", "\x1b[%sn\x05\x1b[c\x1b[>q",
	} {
		x := New(Options{})
		fmt.Fprintf(x, question, typed)
		if got := string(x.Replies()); strings.Contains(got, typed) || strings.Contains(got, "touch") {
			t.Errorf("%q is answered by %q", question, got)
		}
	}
}

// A link's id is shown to nobody, but it stands in what Replay returns.
func TestLinkIDHoldsNoControls(t *testing.T) {
	x := New(Options{})
	fmt.Fprint(x, "\x1b]8;id=a\n\x05\u009bb\xff;http://a/\x1b\\x")
	l, _ := x.Line(0)
	if _, id := x.Link(l.Cells[0]); strings.ContainsFunc(id, unicode.IsControl) || !strings.HasPrefix(id, "a") {
		t.Errorf("the id is %q", id)
	}
}

// DEL is no character in any set.
func TestDeleteIsNotShown(t *testing.T) {
	for _, set := range []string{"", "\x1b*A", "\x1b*0", "\x1b*<", "\x1b.A"} {
		x := New(Options{Columns: 4, Rows: 1})
		fmt.Fprint(x, "\x1b%@"+set+"a\xffb")
		l, _ := x.Line(0)
		for _, c := range l.Cells {
			if c.Rune() == 0x7f {
				t.Errorf("with %q a cell holds DEL", set)
			}
		}
	}
}

// The parameters of DECCARA and DECRARA count one after the other: all at once do what
// they do one by one.
func TestAreaParametersInTurn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		final := "rt"[rnd.IntN(2)]
		once, each := New(Options{Columns: 8, Rows: 2}), New(Options{Columns: 8, Rows: 2})
		for _, x := range []*Terminal{once, each} {
			fmt.Fprint(x, "a\x1b[1mb\x1b[4mc\x1b[4:3md\x1b[5;7me\x1b[0;7mf")
		}
		all := "\x1b[1;1;1;6"
		for range 1 + rnd.IntN(6) {
			p := []int{0, 1, 4, 5, 7, 22, 24, 25, 27, 99}[rnd.IntN(10)]
			all += fmt.Sprintf(";%d", p)
			fmt.Fprintf(each, "\x1b[1;1;1;6;%d$%c", p, final)
		}
		fmt.Fprintf(once, "%s$%c", all, final)
		a, _ := once.Line(0)
		b, _ := each.Line(0)
		if !slices.Equal(a.Cells, b.Cells) {
			t.Fatalf("%q: %v, one by one %v", all, a.Cells, b.Cells)
		}
	}
}

// What is told last is how it is, also behind more events than are kept.
func TestLastStateIsToldInAFlood(t *testing.T) {
	for _, flood := range []string{"\x1b]0;old\a\a", "\a\x1b]9;note\a"} {
		x := New(Options{})
		fmt.Fprint(x, strings.Repeat(flood, 1000)+"\x1b]2;new\a\x1b]7;file:///new\a")
		title, directory := "", ""
		events := x.Events()
		for _, e := range events {
			switch e.Kind {
			case TitleChanged:
				title = e.Text
			case Directory:
				directory = e.Text
			}
		}
		if title != "new" || directory != "file:///new" || len(events) > 256 {
			t.Errorf("after %q: %d events, the title is %q, the directory %q", flood, len(events), title, directory)
		}
	}
}

// Links take few bytes to copy with their cells and many to write: Replay leaves out
// those that are too much, and no text.
func TestReplayOfCopiedLinks(t *testing.T) {
	x := New(Options{Columns: 100, Rows: 10})
	long := strings.Repeat("u", 1900)
	for i := range 100 {
		fmt.Fprintf(x, "\x1b]8;;http://%d/%s\x1b\\x", i, long)
	}
	fmt.Fprint(x, "\x1b]8;;\x1b\\")
	for range 500 {
		fmt.Fprint(x, "\x1b[1;1;1;100;1;10;1;1$v\x1b[10;1H\n\x1b[9;1;9;100;1;1;1;1$v")
	}
	b := x.Replay()
	if len(b) > maxReplayLinks+(4<<20) {
		t.Errorf("the replay has %d bytes", len(b))
	}
	y := New(Options{Columns: 100, Rows: 10})
	y.Feed(b)
	if x.HistoryLen() != y.HistoryLen() {
		t.Fatalf("%d rows of history, not %d", y.HistoryLen(), x.HistoryLen())
	}
	first, end := x.Lines()
	for n := first; n < end; n++ {
		a, _ := x.Line(n)
		b, _ := y.Line(n)
		if !slices.EqualFunc(a.Cells, b.Cells, func(a, b Cell) bool { return a.Rune() == b.Rune() }) {
			t.Fatalf("line %d has another text", n)
		}
	}
	l, _ := y.Line(end - 1)
	if k, _ := x.Line(end - 1); len(k.Cells) > 0 {
		want, _ := x.Link(k.Cells[0])
		if got, _ := y.Link(l.Cells[0]); got != want {
			t.Errorf("the newest line leads to %.20q, not %.20q", got, want)
		}
	}
}

// One sequence is not answered without end, and what is pushed is not kept without end.
func TestQuestionsAndStacksAreBounded(t *testing.T) {
	x := New(Options{Limits: Limits{Titles: 4}})
	fmt.Fprint(x, "\x1bP+q"+strings.Repeat("436f;", 1000)+"\x1b\\")
	if n := strings.Count(string(x.Replies()), "1+r"); n != maxCapabilities {
		t.Errorf("%d names were answered", n)
	}
	for i := range 100 {
		fmt.Fprintf(x, "\x1b]2;%d\a\x1b[22t\x1b[>1u\x1b[#{\x1b[#P", i)
	}
	if len(x.titles) != 4 || x.titles[3][1] != "99" || x.scr.kitty.n >= maxKitty || len(x.pens) > 10 || len(x.pushed) > maxPalettes {
		t.Errorf("%d titles, %d flags, %d pens and %d palettes are kept", len(x.titles), x.scr.kitty.n, len(x.pens), len(x.pushed))
	}
}

// BenchmarkAreas changes attributes of a whole screen, the dearest sequence there is for
// its length.
func BenchmarkAreas(b *testing.B) {
	for _, q := range []string{"\x1b[;;;;1$r", "\x1b[;;;" + strings.Repeat(";1;22", 14) + "$r", "\x1b[;;;" + strings.Repeat(";4;7", 14) + "$t"} {
		b.Run(fmt.Sprint(len(q)), func(b *testing.B) {
			x := New(Options{Columns: 512, Rows: 512})
			b.ReportAllocs()
			for b.Loop() {
				fmt.Fprint(x, q)
			}
		})
	}
}

// Cells with all colours, attributes and marks take few bytes here and many in a replay,
// which leaves out the oldest history, and the look of the oldest rows of a screen.
func TestReplayOfColourfulCells(t *testing.T) {
	marks := "e" + strings.Repeat("\u0301", maxClusterRunes-1)
	for _, o := range []Options{{Columns: 100, Rows: 10}, {Columns: 200, Rows: 40, History: -1}} {
		x := New(o)
		for i := range o.Columns {
			fmt.Fprintf(x, "\x1b[1;2;3;4:3;5;7;8;9;53;38;2;%d;128;128;48;2;128;%d;128;58;2;128;128;%dm%s", i%100+100, i/100%100+100, i%7, marks)
		}
		x.Feed([]byte("\x1b[1\"q"))
		for y := 2; y <= o.Rows; y++ {
			fmt.Fprintf(x, "\x1b[1;1;1;%d;1;%d;1;1$v", o.Columns, y)
		}
		for range min(x.historyMax(), 200) {
			fmt.Fprintf(x, "\x1b[%d;1H\n\x1b[1;1;1;%d;1;%[1]d;1;1$v", o.Rows, o.Columns)
		}
		const most = 1 << 20
		b := x.replay(most)
		if len(b) > most+o.Columns*o.Rows*utf8.UTFMax {
			t.Errorf("%dx%d: the replay has %d bytes", o.Columns, o.Rows, len(b))
		}
		y := New(o)
		y.Feed(b)
		check(t, y)
		for row := range o.Rows {
			for column := range o.Columns {
				c, d := x.row(row).cell(column), y.row(row).cell(column)
				if g, w := x.Text(nil, d), x.Text(nil, c); d.Width() != c.Width() || g[0] != w[0] {
					t.Fatalf("%dx%d: row %d column %d is %q, want %q", o.Columns, o.Rows, row, column, g, w)
				}
			}
		}
		if c, d := x.row(o.Rows-1).cell(o.Columns-1), y.row(o.Rows-1).cell(o.Columns-1); d.fg != c.fg || string(y.Text(nil, d)) != string(x.Text(nil, c)) {
			t.Errorf("%dx%d: the last cell is %+v, want %+v", o.Columns, o.Rows, d, c)
		}
	}
}
