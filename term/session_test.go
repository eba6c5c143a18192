package term

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// session makes what a wild program might write: text of all kinds, most of the
// control sequences with small parameters, and some nonsense.
func session(r *rand.Rand, n int) []byte {
	var b []byte
	num := func() string {
		switch r.IntN(8) {
		case 0:
			return ""
		case 1:
			return fmt.Sprint(r.IntN(100))
		case 2:
			return "0"
		}
		return fmt.Sprint(1 + r.IntN(12))
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	for range n {
		switch r.IntN(20) {
		case 0, 1, 2, 3, 4:
			b = append(b, pick("hello world", "x", "ab cd", "日本語", "é", "e\u0301", "漢", "a\u0308\u0323b",
				"👩\u200d🚀", "🇩🇪", "❤\ufe0f", "\u200d", "한글", "1234567890123456789", "🙂x", "\xff\xe2\x82x", "q~|_", "  ")...)
		case 5, 6:
			b = append(b, pick("\r", "\n", "\r\n", "\b", "\t", "\x0e", "\x0f", "\x0b", "\r\n\r\n")...)
		case 7, 8, 9:
			b = appendf(b, "\x1b[%s;%s%s", num(), num(), pick("H", "H", "f"))
		case 10, 11, 12:
			b = appendf(b, "\x1b[%s%s", num(), pick("A", "B", "C", "D", "E", "F", "G", "J", "K", "L", "M", "P", "S", "T", "X",
				"Z", "@", "a", "b", "d", "e", "g", "I", "`", "?J", "?K", " @", " A", "'}", "'~", "^", " q", "\"q", "W"))
		case 13, 14:
			b = appendf(b, "\x1b[%sm", pick("", "1", "4", "7", "31", "44", "0;32;45", "38;5;200", "48;2;1;2;3", "38:2::9:8:7",
				"4:3", "58:5:9", "59", "53", "22", "24", "27", "49", "2", "3", "9", "21", "100", "95"))
		case 15:
			b = appendf(b, "\x1b[?%d%s", [...]int{1, 3, 5, 6, 6, 7, 7, 25, 40, 45, 47, 66, 69, 69, 95, 1000, 1003, 1004, 1006,
				1047, 1048, 1049, 2004, 2027, 2027, 2031, 12, 67}[r.IntN(28)], pick("h", "h", "l", "s", "r", "$p"))
		case 16:
			b = append(b, pick("\x1b7", "\x1b8", "\x1bD", "\x1bM", "\x1bE", "\x1bH", "\x1b6", "\x1b9", "\x1b=", "\x1b>",
				"\x1b(0", "\x1b(B", "\x1b)0", "\x1b(A", "\x1b*A", "\x1bn", "\x1bN", "\x1bV", "\x1bW", "\x1b#3", "\x1b#4", "\x1b#5",
				"\x1b#6", "\x1b#8", "\x1b[!p", "\x1b[4h", "\x1b[4l", "\x1b[20h", "\x1b[20l", "\x1b[s", "\x1b[u")...)
		case 17:
			b = appendf(b, "\x1b[%s;%s%s", num(), num(), pick("r", "r", "s", "s"))
		case 18:
			b = appendf(b, "\x1b[%s%s", pick(num()+";"+num()+";"+num()+";"+num(), num()+";"+num(), ""), pick("$z", "${", "$r", "$t",
				";1$r", ";7;4$t", "*x", ";1;4;5;1$v"))
			if r.IntN(4) == 0 {
				b = appendf(b, "\x1b[35;%s;%s;%s;%s$x", num(), num(), num(), num())
			}
		case 19:
			b = append(b, pick("\x1b]0;title\a", "\x1b]8;;http://a/\x1b\\", "\x1b]8;id=x;http://b/\x1b\\", "\x1b]8;;\x1b\\",
				"\x1b]4;7;#123456\a", "\x1b]104\a", "\x1b]133;A\a", "\x1b]133;D;3\a", "\x1b]10;?\a", "\x1bP$qm\x1b\\", "\x1bPq#0\x1b\\",
				"\x1b[>1u", "\x1b[<u", "\x1b[=5u", "\x1b[>4;2m", "\x1b[c", "\x1b[6n", "\x1b[22t", "\x1b[23t", "\x1b]52;c;aGk=\a",
				"\u009b5C", "\x1b[3\x18x", "\x1b[3\x1b[2C", "\x1b_x\x1b\\", "\x1b]2;t\u009c", "\x1b[99999999999999C", "\x1bc")...)
		}
	}
	return b
}

// sizes are screens to be tried: small ones, where all edges meet.
var sizes = [][2]int{{10, 4}, {20, 6}, {1, 1}, {2, 2}, {3, 7}, {40, 10}}

const sessions = 400

// How the input is cut does not matter.
func TestCuts(t *testing.T) {
	for seed := range uint64(sessions) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := sizes[r.IntN(len(sizes))]
		o := Options{Columns: size[0], Rows: size[1], History: 20}
		input := session(r, 60)
		whole, bytewise, random := New(o), New(o), New(o)
		whole.Feed(input)
		check(t, whole)
		for i := range input {
			bytewise.Feed(input[i : i+1])
		}
		for rest := input; len(rest) > 0; {
			n := min(1+r.IntN(9), len(rest))
			random.Feed(rest[:n])
			rest = rest[n:]
		}
		same(t, bytewise, whole)
		same(t, random, whole)
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, input)
		}
	}
}

// What Replay writes makes the same terminal again.
func TestReplay(t *testing.T) {
	for seed := range uint64(sessions) {
		r := rand.New(rand.NewPCG(seed, 2))
		size := sizes[r.IntN(len(sizes))]
		o := Options{Columns: size[0], Rows: size[1], History: 20}
		input := session(r, 60)
		want, got := New(o), New(o)
		want.Feed(input)
		replay := want.Replay()
		got.Feed(replay)
		check(t, got)
		if g, w := looks(got), looks(want); g != w {
			t.Fatalf("seed %d, %v: %s\ninput %q\nreplay %q", seed, size, firstDifference(g, w), input, replay)
		}
	}
}

// looks describes what Replay keeps of t.
func looks(t *Terminal) string {
	var b strings.Builder
	x := t.tables.texts()
	pen := t.pen
	uri, _ := x.Link(pen)
	pen.extra = 0
	fmt.Fprintf(&b, "cursor %d,%d wrap %v pen %+v %x %s margins %d,%d,%d,%d modes %x keys %+v alternate %v protect %d\n",
		t.x, t.y, t.wrap, pen, t.ul, uri, t.top, t.bottom, t.left, t.right, t.modes&^(1<<modeBlink), t.keys, t.Alternate(), t.protect)
	fmt.Fprintf(&b, "title %q icon %q shape %d charsets %+v tabs %x\n", t.title, t.icon, t.cursor, t.charsets, t.tabs)
	screens := []*screen{&t.main}
	if t.Alternate() {
		screens = append(screens, &t.alt)
	}
	for _, s := range screens {
		v := s.saved
		// In a line of double width the cursor comes back no further than its end.
		v.x = min(v.x, t.lineEnd(s.ring.at(s.ring.n-t.rows+v.y))-1)
		v.pen.extra, v.wrap, v.charsets.single = 0, false, 0
		fmt.Fprintf(&b, "saved %+v kitty %v\n", v, s.kitty.flags[:s.kitty.n+1])
		for i := range s.ring.n {
			fmt.Fprintf(&b, "%d %s", i, rowState(t, s.ring.at(i)))
		}
	}
	fmt.Fprintf(&b, "%x\n", *t.palette)
	return b.String()
}

// Whatever comes, in whatever order with changes of the size and reads, what always
// holds of a terminal holds.
func FuzzTerminal(f *testing.F) {
	f.Add([]byte("hello\r\n\x1b[31mworld"), uint64(1))
	f.Add([]byte("\x1b[?1049h\x1b[2;3r日本\x1b[?2027h👩\u200d🚀"), uint64(2))
	f.Add([]byte("\x1b]8;;http://a\x1b\\x\x1bP+q544e\x1b\\\xff\x1b[999999999999b"), uint64(3))
	for seed := range uint64(6) {
		f.Add(session(rand.New(rand.NewPCG(seed, 3)), 60), seed)
	}
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 4))
		x := New(Options{Columns: 1 + r.IntN(30), Rows: 1 + r.IntN(10), History: r.IntN(30) - 1,
			Limits: Limits{Strings: 4096, Clusters: 8, Links: 4, Extras: 6, Replies: 1024, Events: 8}})
		exercise(t, x, r, input)
	})
}

// exercise feeds x in pieces with everything else that its holder does in between.
func exercise(t *testing.T, x *Terminal, r *rand.Rand, input []byte) {
	var v View
	mark := Point{}
	x.anchors = append(x.anchors, &mark)
	for len(input) > 0 {
		n := min(1+r.IntN(40), len(input))
		x.Feed(input[:n])
		input = input[n:]
		check(t, x)
		switch r.IntN(8) {
		case 0:
			x.Resize(1+r.IntN(40), 1+r.IntN(12))
			check(t, x)
		case 1:
			x.Scroll(r.IntN(20) - 10)
		case 2:
			x.Replies()
		case 3:
			x.Events()
		case 4:
			mark = x.Cursor()
		case 5:
			x.View(&v)
			checkView(t, x, &v)
		case 6:
			x.collect()
			check(t, x)
		}
	}
	x.Resize(1, 1)
	check(t, x)
	x.Resize(80, 24)
	check(t, x)
	x.View(&v)
	checkView(t, x, &v)
}

// checkView fails t unless v shows the terminal as one does that was just made.
func checkView(t *testing.T, x *Terminal, v *View) {
	t.Helper()
	if x.Synchronized() {
		return
	}
	var fresh View
	x.View(&fresh)
	if v.Columns != fresh.Columns || v.Rows != fresh.Rows || v.Top != fresh.Top || v.Cursor != fresh.Cursor {
		t.Fatalf("the view is %dx%d at %d %+v, want %dx%d at %d %+v", v.Columns, v.Rows, v.Top, v.Cursor,
			fresh.Columns, fresh.Rows, fresh.Top, fresh.Cursor)
	}
	for i := range v.Lines {
		if v.Lines[i].Wrapped != fresh.Lines[i].Wrapped || v.Lines[i].Size != fresh.Lines[i].Size || v.Lines[i].Marks != fresh.Lines[i].Marks {
			t.Fatalf("line %d is %+v, want %+v", i, v.Lines[i], fresh.Lines[i])
		}
		for j, c := range fresh.Lines[i].Cells {
			if d := v.Lines[i].Cells[j]; c != d || string(v.Text(nil, c)) != string(fresh.Text(nil, d)) {
				t.Fatalf("line %d column %d is %+v, want %+v", i, j, d, c)
			}
		}
	}
}

func TestRandomSessions(t *testing.T) {
	for seed := range uint64(sessions) {
		r := rand.New(rand.NewPCG(seed, 5))
		x := New(Options{Columns: 1 + r.IntN(30), Rows: 1 + r.IntN(10), History: r.IntN(30) - 1,
			Limits: Limits{Strings: 4096, Clusters: 8, Links: 4, Extras: 6, Replies: 1024, Events: 8}})
		input := session(r, 120)
		func() {
			defer func() {
				if e := recover(); e != nil || t.Failed() {
					t.Logf("seed %d: %q", seed, input)
					if e != nil {
						panic(e)
					}
				}
			}()
			exercise(t, x, r, input)
		}()
	}
}
