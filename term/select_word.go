package term

import (
	"strings"
	"unicode"
)

// pathRunes are what belongs to words beside letters and digits: of paths, addresses,
// options and names.
const pathRunes = "-_./~%&#+=@:?$"

// wordKind sorts characters: those of the same kind are selected together.
func wordKind(r rune) rune {
	switch {
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '\u200d', strings.ContainsRune(pathRunes, r):
		return 'a'
	case unicode.IsSpace(r):
		return ' '
	}
	return -r // each other one for itself: a ruler of dashes is one
}

// Word returns the word at the cell p: letters, digits and what paths and addresses are
// made of, over the ends of lines that wrapped, without the punctuation that follows it
// in a sentence; or blanks; or a run of one other character.
func (t *Terminal) Word(p Point) Span {
	p = t.cellStart(t.within(p))
	first, last := t.logical(p.Line, linkRows(t.columns))
	texts := t.tables.texts()
	var text []byte
	kindAt := func(p Point) rune {
		l, _ := t.Line(p.Line)
		if p.Column >= len(l.Cells) {
			return ' '
		}
		text = texts.Text(text[:0], l.Cells[p.Column])
		for _, r := range string(text) {
			return wordKind(r)
		}
		return 0 // the right half of what is left of it
	}
	kind := kindAt(p)
	same := func(p Point) bool { k := kindAt(p); return k == kind || k == 0 }
	s := Span{p, p}
	for q := p; ; s.From = q {
		if q.Column--; q.Column < 0 {
			if q.Line--; q.Line < first {
				break
			}
			q.Column = t.columns - 1
			if l, _ := t.Line(q.Line); len(written(l)) < t.columns {
				// A wide character did not fit: the last column is empty.
				q.Column = max(len(written(l))-1, 0)
			}
		}
		if !same(q) {
			break
		}
	}
	end := p // the last cell
	for q := p; ; end = q {
		q.Column++
		l, _ := t.Line(q.Line)
		width := t.columns
		if l.Wrapped {
			width = max(len(written(l)), 1)
		}
		if q.Column >= width {
			if q.Line++; q.Line > last {
				break
			}
			q.Column = 0
		}
		if !same(q) {
			break
		}
	}
	if kind == 'a' {
		end = t.cutPunctuation(p, end)
	}
	s.To = Point{end.Line, end.Column + 1}
	return s
}

// cutPunctuation returns the last cell of a word that ends at end without the marks of
// a sentence that follow it, unless p is one of them.
func (t *Terminal) cutPunctuation(p, end Point) Point {
	for p.Less(end) && end.Column > 0 {
		l, _ := t.Line(end.Line)
		switch c := l.Cells[end.Column]; c.content {
		case '.', ':', '?':
			end.Column--
		default:
			return end
		}
	}
	return end
}
