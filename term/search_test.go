package term

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// pattern makes a pattern that is one.
func pattern(t testing.TB, text string, expression bool) *Pattern {
	t.Helper()
	p, err := NewPattern(text, expression)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSearch(t *testing.T) {
	text := "alpha beta\r\nBeta gamma\r\nabcdefghijklmnopqrstuvwxyz\r\n漢字 beta Ärger\r\ne\u0301t\u00e9 \x1b[31mbe\x1b[0mta"
	for _, c := range []struct {
		what, pattern string
		expression    bool
		want          string
	}{
		{"lower case finds both", "beta", false, "0:6-0:10 1:0-1:4 4:5-4:9 5:4-5:8"},
		{"upper case finds itself", "Beta", false, "1:0-1:4"},
		{"nothing", "delta", false, ""},
		{"over a wrap", "stuvw", false, "2:18-3:3"},
		{"in what wrapped", "xyz", false, "3:3-3:6"},
		{"wide", "字", false, "4:2-4:4"},
		{"Unicode case", "ärger", false, "4:10-4:15"},
		{"Unicode case that matters", "Ärger", false, "4:10-4:15"},
		{"no such case", "äRger", false, ""},
		{"a letter and a mark of it", "e\u0301t", false, "5:0-5:2"},
		{"characters of expressions", "a.a", false, ""},
		{"a blank", "a b", false, "0:4-0:7"},
		{"expression", "b[a-z]+a", true, "0:6-0:10 1:0-1:4 4:5-4:9 5:4-5:8"},
		{"expression with upper case", `B\w+a`, true, "1:0-1:4"},
		{"an escape is no upper case", `\Sbeta|^\S+a\b`, true, "0:0-0:5 1:0-1:4"},
		{"anchored", "^beta", true, "1:0-1:4"},
		{"at the end", "a$", true, "0:9-0:10 1:9-1:10 5:7-5:8"},
		{"empty matches are none", "x*", true, "3:3-3:4"},
		{"expression over a wrap", "[s-u]+v", true, "2:18-3:2"},
	} {
		term := shown(20, 10, text)
		p := pattern(t, c.pattern, c.expression)
		name := func(s Span) string {
			return fmt.Sprintf("%d:%d-%d:%d", s.From.Line, s.From.Column, s.To.Line, s.To.Column)
		}
		var on, back, all []string
		for from := (Point{}); ; {
			r := term.Search(p, from, false, 0)
			if !r.Found {
				break
			}
			on = append(on, name(r.Span))
			from = Point{r.From.Line, r.From.Column + 1}
		}
		for from := (Point{Line: 99}); ; {
			r := term.Search(p, from, true, 0)
			if !r.Found {
				break
			}
			back = append([]string{name(r.Span)}, back...)
			from = r.From
		}
		for _, s := range term.AppendMatches(nil, p, 0, 9) {
			all = append(all, name(s))
		}
		if got := strings.Join(on, " "); got != c.want {
			t.Errorf("%s, forward: %q, want %q", c.what, got, c.want)
		}
		if got := strings.Join(back, " "); got != c.want {
			t.Errorf("%s, back: %q, want %q", c.what, got, c.want)
		}
		if got := strings.Join(all, " "); got != c.want {
			t.Errorf("%s, all: %q, want %q", c.what, got, c.want)
		}
	}
}

// A pattern that cannot be searched for is refused with a sentence.
func TestBadPatterns(t *testing.T) {
	for _, c := range []struct {
		text       string
		expression bool
	}{
		{"", false}, {"", true}, {"(", true}, {"a**", true}, {"(a{1000}){1000}", true}, {`\pL{900}\pL{900}\pL{900}`, true},
		{strings.Repeat("x", MaxPattern+1), false},
	} {
		if p, err := NewPattern(c.text, c.expression); !errors.Is(err, ErrPattern) {
			t.Errorf("%.20q gives %v, %v", c.text, p, err)
		}
	}
}

// However few rows a call looks at, a search finds the same; however long a text that
// wrapped is, its matches are found over the ends of rows.
func TestSearchInPieces(t *testing.T) {
	term := New(Options{Columns: 10, Rows: 5, History: 6000})
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for text.Len() < 30_000 {
		if r.IntN(9) == 0 {
			text.WriteString("needle")
		}
		text.WriteString(strings.Repeat("x", r.IntN(200)))
	}
	whole := text.String()
	term.Feed([]byte("head\r\n" + whole + "\r\nneedle tail"))
	var want []Point
	for at := 0; ; {
		i := strings.Index(whole[at:], "needle")
		if i < 0 {
			break
		}
		want = append(want, Point{1 + int64((at+i)/10), (at + i) % 10})
		at += i + 1
	}
	want = append(want, Point{2 + int64((len(whole)-1)/10), 0})
	for _, expression := range []bool{false, true} {
		p := pattern(t, "needle", expression)
		for _, rows := range []int{1, 37, 0, 1 << 30} {
			i, calls := 0, 0
			for from := (Point{}); ; calls++ {
				r := term.Search(p, from, false, rows)
				if r.Found {
					if i == len(want) || r.From != want[i] {
						t.Fatalf("forward by %d: match %d is at %v", rows, i, r.From)
					}
					i++
					from = Point{r.From.Line, r.From.Column + 1}
				} else if from = r.Next; !r.More {
					break
				}
			}
			if i != len(want) {
				t.Errorf("forward by %d: %d matches, want %d", rows, i, len(want))
			}
			if rows == 1<<30 && calls > len(want) {
				t.Errorf("%d calls for %d matches", calls, len(want))
			}
			for from := (Point{Line: 1 << 20}); ; {
				r := term.Search(p, from, true, rows)
				if r.Found {
					if i == 0 || r.From != want[i-1] {
						t.Fatalf("back by %d: match %d is at %v", rows, i, r.From)
					}
					i--
					from = r.From
				} else if from = r.Next; !r.More {
					break
				}
			}
			if i != 0 {
				t.Errorf("back by %d: %d matches are left", rows, i)
			}
		}
		first, end := term.Lines()
		if got := len(term.AppendMatches(nil, p, first, end-1)); got != len(want) {
			t.Errorf("all at once: %d, want %d", got, len(want))
		}
	}
}

func TestPrompts(t *testing.T) {
	term := shown(20, 4, "\x1b]133;A\a$ \x1b]133;B\als\r\n\x1b]133;C\afile\r\n\x1b]133;D;0\a\x1b]133;A\a$ \r\n\x1b]133;A\a$ ")
	var next, previous []int64
	for p, ok := term.NextPrompt(Point{Line: -1}); ok; p, ok = term.NextPrompt(p) {
		next = append(next, p.Line)
	}
	for p, ok := term.PreviousPrompt(Point{Line: 100}); ok; p, ok = term.PreviousPrompt(p) {
		previous = append(previous, p.Line)
	}
	if fmt.Sprint(next, previous) != "[0 2 3] [3 2 0]" {
		t.Errorf("prompts are on %v forward and %v back", next, previous)
	}
}

// FuzzSearch searches for anything in anything: a plain pattern is found where the text
// of the lines has it, forward, back and all at once, and no expression panics.
func FuzzSearch(f *testing.F) {
	f.Add("hello world\r\nHello", "hello", uint8(10))
	f.Add("漢字漢字e\u0301\x1b[5;5Hx", "字", uint8(3))
	f.Add("aaaa", "aa", uint8(1))
	f.Add("a\tb\x1b[8mc\x1b[0m", "(a|b)*c?$", uint8(80))
	f.Fuzz(func(t *testing.T, text, needle string, columns uint8) {
		term := New(Options{Columns: int(columns%100) + 1, Rows: 5, History: 50})
		term.Feed([]byte(text[:min(len(text), 4096)]))
		first, end := term.Lines()
		for _, expression := range []bool{false, true} {
			p, err := NewPattern(needle, expression)
			if err != nil {
				if !expression && needle != "" && len(needle) <= MaxPattern {
					t.Fatal(err)
				}
				continue
			}
			all := term.AppendMatches(nil, p, first, end-1)
			for _, s := range all {
				if !s.From.Less(s.To) || s.From.Line < first || s.To.Line >= end || s.To.Column > int(columns%100)+2 {
					t.Fatalf("a match at %v", s)
				}
			}
			r := term.Search(p, Point{Line: first}, false, 1<<30)
			b := term.Search(p, Point{Line: end}, true, 1<<30)
			if r.Found != (len(all) > 0) || b.Found != r.Found {
				t.Fatalf("%d matches, but forward %v and back %v", len(all), r.Found, b.Found)
			}
			if r.Found && r.Span != all[0] {
				t.Fatalf("the first match is %v, forward found %v", all[0], r.Span)
			}
		}
	})
}

// The matches are those that package regexp finds.
func TestMachine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int) (s string) {
		for range n {
			s += []string{"a", "b", "x", "y", "é", "日", " ", "_"}[r.IntN(8)]
		}
		return s
	}
	for _, expression := range []string{"a", "ab", "a|ab", "ab|a", "a*", "a*b", "(a|b)+x?", "x*y|x", "^a", "a$", `\ba`, `a\b`, `\Bx`, "[^a]+", ".",
		".*", ".*?b", "(?i)A.", "é+|日", "a{2,3}", "(a*)(b*)", "()", "a|", "|a", "(?:x|xy|xya)b?", `\w+`, `\s`, "(?m)^x|y$", "(ab?)*?y", `[日-本]`, "x+x+y"} {
		p := pattern(t, expression, true)
		re := regexp.MustCompile("(?i)" + expression)
		if upper(expression) {
			re = regexp.MustCompile(expression)
		}
		for range 200 {
			p.win.text = []byte(text(r.IntN(30)))
			var got, want [][]int
			p.each(func(from, to int) bool {
				got = append(got, []int{from, to})
				return true
			})
			for _, m := range re.FindAllIndex(p.win.text, -1) {
				if m[0] < m[1] {
					want = append(want, m)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%q in %q is at %v, want %v", expression, p.win.text, got, want)
			}
		}
	}
}

// Who has a match looks only so far for a better one.
func TestMachineLooksSoFar(t *testing.T) {
	p := pattern(t, "x*y|x", true)
	for _, c := range []struct{ n, want int }{{maxLook, maxLook + 1}, {maxLook + 2, 1}} {
		if _, to, ok := p.machine.find([]byte(strings.Repeat("x", c.n)+"y"), 0); !ok || to != c.want {
			t.Errorf("behind %d, the match ends at %d, want %d", c.n, to, c.want)
		}
	}
}

// However many ways lead to an instruction, it is followed once.
func TestMachineFollowsOnce(t *testing.T) {
	p := pattern(t, "(x+x+)+y", true)
	p.machine.find([]byte("xxxxxxxx"), 0)
	if n, most := cap(p.machine.now.order), 2*len(p.machine.prog.Inst); n > most {
		t.Errorf("%d threads of %d instructions", n, most/2)
	}
}

// A long line of x is what a search for x*y|x would look through again for each x.
func BenchmarkSearchHostile(b *testing.B) {
	term := New(Options{Columns: 80, Rows: 24})
	term.Feed([]byte(strings.Repeat("x", 80*3000)))
	for _, expression := range []string{"x*y|x", "(x+x+)+y", "(x?){50}y"} {
		b.Run(expression, func(b *testing.B) {
			p := pattern(b, expression, true)
			b.ReportAllocs()
			for b.Loop() {
				term.Search(p, Point{Line: 3000}, true, 0)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	term := New(Options{Columns: 80, Rows: 24, History: 10_000})
	for i := range 10_000 {
		fmt.Fprintf(term, "%6d: the quick brown fox jumps over the lazy dog, while another line is printed\r\n", i)
	}
	first, _ := term.Lines()
	for _, c := range []struct {
		name, pattern string
		expression    bool
	}{
		{"plain", "no such text", false}, {"expression", "no [a-z]+ text", true}, {"expression no prefix", `\d+; the`, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := pattern(b, c.pattern, c.expression)
			b.ReportAllocs()
			b.SetBytes(10_000 * 80)
			for b.Loop() {
				if term.Search(p, Point{Line: first}, false, 1<<30).Found {
					b.Fatal("found")
				}
			}
		})
	}
	b.Run("one call", func(b *testing.B) {
		p := pattern(b, "no such text", false)
		b.ReportAllocs()
		for b.Loop() {
			if !term.Search(p, Point{Line: first}, false, 0).More {
				b.Fatal("no more")
			}
		}
	})
}
