package service

import (
	"errors"
	"unicode/utf8"

	"hearth/runtime/serde"
	"hearth/term"
	"hearth/term/input"
)

// search is a search that the person types into the bar: every character looks again,
// Enter and Up go back, Down and Shift+Enter forward, Escape ends it.
type search struct {
	query string
	at    term.Point // where the last match begins; looking begins there
	found bool
}

func (s *session) beginSearch() {
	_, end := s.t.Lines()
	s.bar.search = &search{at: term.Point{Line: end}}
	s.sayQuery()
}

func (s *session) sayQuery() {
	q := s.bar.search
	text := "Search: " + q.query
	if q.query != "" && !q.found {
		text += "   (not found)"
	}
	s.bar.text = text // cleanTitle would cut the blanks of a query
}

// searchKey follows a key while something is searched for. The caller holds mu.
func (s *session) searchKey(k input.Key) {
	q := s.bar.search
	shift := k.Mods&input.Shift != 0
	switch {
	case k.Code == input.Escape:
		s.bar.clear()
		return
	case k.Code == input.Enter && shift, k.Code == input.Down:
		s.seekFrom(false, 1)
	case k.Code == input.Enter, k.Code == input.Up:
		s.seekFrom(true, 0)
	case k.Code == input.Backspace:
		_, n := utf8.DecodeLastRuneInString(q.query)
		q.query = q.query[:len(q.query)-n]
		s.lookAgain()
	case k.Text != "" && k.Mods&(input.Ctrl|input.Alt|input.Super) == 0:
		if text := printable(k.Text); len(q.query)+len(text) <= maxQuery {
			q.query += text
			s.lookAgain()
		}
	default:
		return
	}
	s.sayQuery()
}

// lookAgain looks for a query that was changed, from the end of the text.
func (s *session) lookAgain() {
	_, end := s.t.Lines()
	s.bar.search.at = term.Point{Line: end}
	s.seekFrom(true, 0)
}

// seekFrom goes to the next match; skip is how many cells behind the last one it begins.
func (s *session) seekFrom(back bool, skip int) {
	q := s.bar.search
	from := q.at
	from.Column += skip
	span, found := s.find(q.query, from, back)
	if found {
		q.at = span.From
	}
	q.found = found
}

// find looks for a text, shows where it is, and selects it. The caller holds mu.
func (s *session) find(text string, from term.Point, back bool) (term.Span, bool) {
	pattern, err := term.NewPattern(text, false)
	if err != nil {
		s.t.ClearSelection()
		return term.Span{}, false
	}
	for {
		r := s.t.Search(pattern, from, back, 0)
		switch {
		case r.Found:
			s.t.Select(term.SelectCells, r.From)
			last := r.To
			if last.Column--; last.Column < 0 {
				columns, _ := s.t.Size()
				last = term.Point{Line: last.Line - 1, Column: columns - 1}
			}
			s.t.Extend(last)
			s.reveal(r.From.Line)
			return r.Span, true
		case !r.More:
			s.t.ClearSelection()
			return term.Span{}, false
		}
		from = r.Next
	}
}

// reveal scrolls until a line is shown, which the bar does not hide.
func (s *session) reveal(line int64) {
	_, rows := s.t.Size()
	_, end := s.t.Lines()
	top := end - int64(rows) - int64(s.t.Scrolled())
	if line < top || line >= top+int64(max(rows-1, 1)) {
		s.t.ScrollTo(line - int64(rows/2))
	}
}

type spot struct {
	Line   int64 `json:"line"`
	Column int   `json:"column"`
}

func (x spot) point() term.Point { return term.Point{Line: x.Line, Column: x.Column} }

func spotOf(p term.Point) spot { return spot{p.Line, p.Column} }

type found struct {
	From spot `json:"from"`
	To   spot `json:"to"`
}

// seek answers {"Search":{text,back?,from?}}.
func (s *session) seek(c serde.Codec, tag serde.Tagged) (any, error) {
	q, err := serde.Value[struct {
		Text string `json:"text"`
		Back *bool  `json:"back"`
		From *spot  `json:"from"`
	}](c, tag)
	if err != nil {
		return nil, &parseError{err}
	}
	if q.Text == "" || len(q.Text) > maxQuery {
		return nil, &valueError{"a search has a text of 1 to 256 bytes"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first, end := s.t.Lines()
	back := q.Back == nil || *q.Back
	from := term.Point{Line: first}
	if back {
		from = term.Point{Line: end}
	}
	if q.From != nil {
		from = q.From.point()
	}
	span, ok := s.find(q.Text, from, back)
	if !ok {
		return "Nothing", nil
	}
	return event{"Found": found{spotOf(span.From), spotOf(span.To)}}, nil
}

// choose follows {"Select":{from,to,kind?}} and {"Select":null}.
func (s *session) choose(c serde.Codec, tag serde.Tagged) error {
	q, err := serde.Value[*struct {
		From spot   `json:"from"`
		To   spot   `json:"to"`
		Kind string `json:"kind"`
	}](c, tag)
	if err != nil {
		return &parseError{err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q == nil {
		s.t.ClearSelection()
		return nil
	}
	kind, ok := map[string]term.SelectionKind{"": term.SelectCells, "Cells": term.SelectCells, "Words": term.SelectWords, "Lines": term.SelectLines, "Block": term.SelectBlock}[q.Kind]
	if !ok {
		return &parseError{errors.New("a selection is of Cells, Words, Lines or a Block")}
	}
	s.t.Select(kind, q.From.point())
	s.t.Extend(q.To.point())
	return nil
}
