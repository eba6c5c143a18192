package term

import (
	"sort"
	"unicode"
	"unicode/utf8"
)

// A Span is a piece of text on the screen or in the history: From is its first cell, To
// is behind its last one, on that cell's line, so that To.Column can be the number of
// columns.
type Span struct{ From, To Point }

// Holds tells whether p is within s, where lines follow one another.
func (s Span) Holds(p Point) bool { return !p.Less(s.From) && p.Less(s.To) }

// windowCells bounds the text that is looked at in one piece: lines that wrapped are one
// text, and a program can write one that fills the whole history.
const windowCells = 1 << 14

// windowRows returns how many rows of a terminal are a window.
func windowRows(columns int) int { return max(8, windowCells/columns) }

// window is the text of some rows that belong together, since each but the last wrapped.
type window struct {
	t     *Terminal
	texts texts
	fold  bool
	text  []byte
	rows  []windowRow
	cell  []byte // text of one cell
	place []byte // the same while places are found
}

type windowRow struct {
	line int64
	off  int // where its text begins
}

// load fills w with the rows first to last.
func (w *window) load(t *Terminal, first, last int64, fold bool) {
	w.t, w.texts, w.fold, w.text, w.rows = t, t.tables.texts(), fold, w.text[:0], w.rows[:0]
	for n := first; n <= last; n++ {
		l, ok := t.Line(n)
		if !ok {
			continue
		}
		w.rows = append(w.rows, windowRow{n, len(w.text)})
		for _, c := range written(l) {
			w.text = w.appendCell(w.text, c)
		}
	}
}

// written are the cells of l without the blank ones at its end.
func written(l Line) []Cell {
	n := len(l.Cells)
	for n > 0 && l.Cells[n-1].Blank() {
		n--
	}
	return l.Cells[:n]
}

// appendCell appends the text of c, in lower case if w folds.
func (w *window) appendCell(b []byte, c Cell) []byte {
	if c.content-1 < utf8.RuneSelf-1 && c.attr&wideTail == 0 {
		x := byte(c.content)
		if w.fold && x-'A' < 26 {
			x += 'a' - 'A'
		}
		return append(b, x)
	}
	n := len(b)
	b = w.texts.Text(b, c)
	if w.fold {
		w.cell = append(w.cell[:0], b[n:]...)
		b = appendFolded(b[:n], w.cell)
	}
	return b
}

// appendFolded appends text in lower case.
func appendFolded(b, text []byte) []byte {
	for _, r := range string(text) {
		b = utf8.AppendRune(b, fold(r))
	}
	return b
}

// fold is r in lower case.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

// find returns the cell whose text holds the byte at off, and how many columns it has.
func (w *window) find(off int) (p Point, width int) {
	i := sort.Search(len(w.rows), func(i int) bool { return w.rows[i].off > off }) - 1
	at := w.rows[i].off
	l, _ := w.t.Line(w.rows[i].line)
	for x, c := range l.Cells {
		w.place = w.appendCell(w.place[:0], c)
		if at += len(w.place); at > off {
			return Point{w.rows[i].line, x}, c.Width()
		}
	}
	return Point{w.rows[i].line, len(l.Cells)}, 1
}

// span returns where the bytes from to to stand; there is at least one.
func (w *window) span(from, to int) Span {
	p, _ := w.find(from)
	q, width := w.find(to - 1)
	q.Column += width
	return Span{p, q}
}

// offset returns where the text of the cell p begins, or of the first one behind it.
func (w *window) offset(p Point) int {
	for _, r := range w.rows {
		if r.line < p.Line {
			continue
		}
		off := r.off
		if r.line > p.Line {
			return off
		}
		l, _ := w.t.Line(r.line)
		for x, c := range written(l) {
			if x >= p.Column {
				return off
			}
			w.place = w.appendCell(w.place[:0], c)
			off += len(w.place)
		}
		return off
	}
	return len(w.text)
}

// logical returns the first and the last row of the text that row n belongs to, looking
// at most limit rows to either side.
func (t *Terminal) logical(n int64, limit int) (first, last int64) {
	first, last = n, n
	for ; limit <= 0 || n-first < int64(limit); first-- {
		if l, ok := t.Line(first - 1); !ok || !l.Wrapped {
			break
		}
	}
	for ; limit <= 0 || last-n < int64(limit); last++ {
		l, ok := t.Line(last)
		if !ok || !l.Wrapped {
			break
		}
		if _, ok = t.Line(last + 1); !ok {
			break
		}
	}
	return first, last
}
