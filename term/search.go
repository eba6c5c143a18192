package term

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxPattern is how many bytes a pattern may have: a line that a person types.
	MaxPattern = 1024
	// maxProgram is how many instructions a pattern may become. To search a window takes
	// at most its bytes times this, and for each match as much for maxLook bytes more.
	maxProgram = 1000
	// overlapRows are the rows in which a match that begins in a window may end beyond
	// it, in texts that are longer than a window.
	overlapRows = 4
	// SearchRows is how many rows Search looks at where it is not told: a history of
	// the default length in ten calls of a millisecond or so.
	SearchRows = 1000
)

// ErrPattern is what NewPattern's errors are.
var ErrPattern = errors.New("this cannot be searched for")

// Pattern is what is searched for. It is not changed by searching, but belongs to one
// terminal at a time.
type Pattern struct {
	plain []byte         // in lower case if fold
	fold  bool           // case is not minded
	re    *regexp.Regexp // tells whether there is a match at all
	win   window
	*machine
}

// NewPattern makes a pattern of text: itself, or a regular expression in Go's syntax.
// The case of letters matters only if one of them is upper case.
func NewPattern(text string, expression bool) (*Pattern, error) {
	if text == "" || len(text) > MaxPattern {
		return nil, fmt.Errorf("%w: write 1 to %d characters", ErrPattern, MaxPattern)
	}
	if !expression {
		p := &Pattern{fold: text == strings.ToLower(text)}
		if p.plain = []byte(text); p.fold {
			p.plain = appendFolded(nil, []byte(text))
		}
		return p, nil
	}
	flags := syntax.Perl
	if !upper(text) {
		flags |= syntax.FoldCase
	}
	tree, err := syntax.Parse(text, flags)
	if err != nil {
		return nil, fmt.Errorf("%w: mend the expression, %w", ErrPattern, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || len(prog.Inst) > maxProgram {
		return nil, fmt.Errorf("%w: the expression repeats too much, write a smaller one", ErrPattern)
	}
	re, err := regexp.Compile(tree.String())
	if err != nil {
		return nil, fmt.Errorf("%w: mend the expression, %w", ErrPattern, err)
	}
	return &Pattern{re: re, machine: newMachine(prog)}, nil
}

// upper tells whether an expression has an upper-case letter that stands for itself.
func upper(expression string) bool {
	escaped := false
	for _, r := range expression {
		if !escaped && unicode.IsUpper(r) {
			return true
		}
		escaped = !escaped && r == '\\'
	}
	return false
}

// Result is what a call of Search came to.
type Result struct {
	Span
	Found bool
	// More tells that there is more to search: go on from Next.
	More bool
	Next Point
}

// Search looks for p from the cell from on: forward for the first match that begins
// there or later, back for the last one that begins before. Lines that wrapped are one
// text. It looks at about rows rows and then says where to go on, so that no history
// holds anybody up; 0 is SearchRows.
func (t *Terminal) Search(p *Pattern, from Point, back bool, rows int) Result {
	if rows <= 0 {
		rows = SearchRows
	}
	begin, end := t.Lines()
	if from.Line < begin {
		from = Point{Line: begin}
	}
	if from.Line >= end {
		from = Point{Line: end}
	}
	if back {
		return t.searchBack(p, from, rows)
	}
	for from.Line < end {
		first, last, next := t.windowAt(from.Line)
		p.win.load(t, first, last, p.fold)
		start := p.win.offset(from)
		if a, b, ok := p.first(start); ok {
			if s := p.win.span(a, b); next.Line > last || s.From.Line < next.Line {
				return Result{Span: s, Found: true}
			}
		}
		if rows -= int(last-from.Line) + 1; rows <= 0 && next.Line < end {
			return Result{More: true, Next: next}
		}
		from = next
	}
	return Result{}
}

func (t *Terminal) searchBack(p *Pattern, from Point, rows int) Result {
	begin, _ := t.Lines()
	for {
		line := from.Line
		if from.Column == 0 {
			line--
		}
		if line < begin {
			return Result{}
		}
		first, last, next := t.windowAt(line)
		p.win.load(t, first, last, p.fold)
		stop := p.win.offset(from)
		if next.Line <= last {
			stop = min(stop, p.win.offset(next))
		}
		if a, b, ok := p.last(stop); ok {
			return Result{Span: p.win.span(a, b), Found: true}
		}
		from = Point{Line: first}
		if rows -= int(line-first) + 1; rows <= 0 && first > begin {
			return Result{More: true, Next: from}
		}
	}
}

// windowAt returns the rows of the window in which matches that begin in the row line
// are looked for, and where the next window begins, which is within this one if the
// text goes on.
func (t *Terminal) windowAt(line int64) (first, last int64, next Point) {
	size := int64(windowRows(t.columns))
	first, last = t.logical(line, 0)
	step := size - overlapRows
	if k := (line - first) / step; k > 0 {
		first += k * step
	}
	if last-first >= size {
		return first, first + size - 1, Point{Line: first + step}
	}
	return first, last, Point{Line: last + 1}
}

// first returns the first match in the window that begins at start or later.
func (p *Pattern) first(start int) (from, to int, ok bool) {
	if p.re == nil {
		i := bytes.Index(p.win.text[start:], p.plain)
		return start + i, start + i + len(p.plain), i >= 0
	}
	p.each(func(a, b int) bool {
		if a >= start {
			from, to, ok = a, b, true
		}
		return !ok
	})
	return from, to, ok
}

// last returns the last match in the window that begins before stop.
func (p *Pattern) last(stop int) (from, to int, ok bool) {
	if p.re == nil {
		i := bytes.LastIndex(p.win.text[:min(stop+len(p.plain)-1, len(p.win.text))], p.plain)
		return i, i + len(p.plain), i >= 0
	}
	p.each(func(a, b int) bool {
		if a >= stop {
			return false
		}
		from, to, ok = a, b, true
		return true
	})
	return from, to, ok
}

// each calls f with the matches in the window that do not overlap and are not empty,
// from the first on, until it returns false.
func (p *Pattern) each(f func(from, to int) bool) {
	text := p.win.text
	if p.re == nil {
		for at := 0; ; {
			i := bytes.Index(text[at:], p.plain)
			if i < 0 || !f(at+i, at+i+len(p.plain)) {
				return
			}
			at += i + len(p.plain)
		}
	}
	if !p.re.Match(text) {
		return
	}
	for at := 0; at < len(text); {
		from, to, ok := p.machine.find(text, at)
		switch {
		case !ok:
			return
		case from == to:
			_, size := utf8.DecodeRune(text[from:])
			at = from + max(size, 1)
		case !f(from, to):
			return
		default:
			at = to
		}
	}
}

// AppendMatches appends to s all matches that are on the lines first to last, for who
// draws them. Matches do not overlap.
func (t *Terminal) AppendMatches(s []Span, p *Pattern, first, last int64) []Span {
	for n := first; n <= last; {
		a, b, next := t.windowAt(n)
		p.win.load(t, a, b, p.fold)
		stop := len(p.win.text)
		if next.Line <= b {
			stop = p.win.offset(next)
		}
		p.each(func(from, to int) bool {
			if from >= stop {
				return false
			}
			m := p.win.span(from, to)
			if m.To.Line >= first && m.From.Line <= last {
				s = append(s, m)
			}
			return m.From.Line <= last
		})
		if n = next.Line; len(p.win.rows) == 0 {
			return s
		}
	}
	return s
}
