package term

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxURL bounds an address that is found in the text: what browsers take without doubt.
const maxURL = 2048

// linkRows returns how many rows around a cell are looked at for an address.
func linkRows(columns int) int { return maxURL/columns + 1 }

// TextLink is an address that can be followed, and the text that stands for it.
type TextLink struct {
	Span
	URI string
}

// LinkAt returns the link at the cell p: one that the program made by OSC 8, or an
// address that stands in the text. What it is, who follows it must check: output is
// anybody's.
func (t *Terminal) LinkAt(p Point) (l TextLink, ok bool) {
	line, ok := t.Line(p.Line)
	if !ok || p.Column < 0 || p.Column >= len(line.Cells) {
		return l, false
	}
	if uri, id := t.Link(line.Cells[p.Column]); uri != "" {
		return TextLink{t.linkSpan(p, uri, id), uri}, true
	}
	first, last := t.logical(p.Line, linkRows(t.columns))
	for _, l = range t.appendURLs(nil, first, last) {
		if l.Holds(p) {
			return l, true
		}
	}
	return TextLink{}, false
}

// AppendLinks appends to s the links of the lines first to last, those of OSC 8 and
// those in the text, as they come; for hints, and for who draws them.
func (t *Terminal) AppendLinks(s []TextLink, first, last int64) []TextLink {
	begin, end := t.Lines()
	first, last = max(first, begin), min(last, end-1)
	for n := first; n <= last; n++ {
		l, _ := t.Line(n)
		for x := 0; x < len(l.Cells); x++ {
			if !l.Cells[x].HasExtra() {
				continue
			}
			uri, id := t.Link(l.Cells[x])
			if uri == "" {
				continue
			}
			span := t.linkSpan(Point{n, x}, uri, id)
			if n == first || span.From.Line == n && span.From.Column == x {
				s = append(s, TextLink{span, uri})
			}
			if x = span.To.Column - 1; span.To.Line > n {
				break
			}
		}
	}
	for n := first; n <= last; {
		a, b := t.logical(n, linkRows(t.columns))
		for _, l := range t.appendURLs(nil, a, b) {
			if l.To.Line >= n && l.From.Line <= min(b, last) && (n == first || l.From.Line >= n) {
				s = append(s, l)
			}
		}
		n = b + 1
	}
	return s
}

// linkSpan returns the cells around p, over the ends of lines that wrapped, that have
// the same link.
func (t *Terminal) linkSpan(p Point, uri, id string) Span {
	same := func(c Cell) bool {
		u, i := t.Link(c)
		return c.HasExtra() && u == uri && i == id
	}
	first, last := t.logical(p.Line, linkRows(t.columns))
	s := Span{p, p}
	for n := p.Line; n >= first; n-- {
		l, _ := t.Line(n)
		x := min(len(l.Cells), t.columns)
		if n == p.Line {
			x = p.Column
		}
		for x > 0 && same(l.Cells[x-1]) {
			x--
			s.From = Point{n, x}
		}
		if x > 0 {
			break
		}
	}
	for n := p.Line; n <= last; n++ {
		l, _ := t.Line(n)
		x := 0
		if n == p.Line {
			x = p.Column
		}
		for x < len(l.Cells) && same(l.Cells[x]) {
			x++
			s.To = Point{n, x}
		}
		if x < len(l.Cells) {
			break
		}
	}
	return s
}

// appendURLs appends the addresses in the text of the rows first to last.
func (t *Terminal) appendURLs(s []TextLink, first, last int64) []TextLink {
	var w window
	w.load(t, first, last, false)
	text := string(w.text)
	for at := 0; ; {
		from, to, ok := nextURL(text, at)
		if !ok {
			return s
		}
		s = append(s, TextLink{w.span(from, to), text[from:to]})
		at = to
	}
}

// schemes are those that are found in text, with what follows them.
var schemes = [...]string{"https://", "http://", "ftp://", "file://", "mailto:"}

// nextURL returns the first address in text from at on.
func nextURL(text string, at int) (from, to int, ok bool) {
	for {
		i := strings.IndexByte(text[at:], ':')
		if i < 0 {
			return 0, 0, false
		}
		colon := at + i
		at = colon + 1
		for _, scheme := range schemes {
			name := strings.IndexByte(scheme, ':')
			from = colon - name
			if from < 0 || len(text)-from < len(scheme) || !strings.EqualFold(text[from:from+len(scheme)], scheme) {
				continue
			}
			if r, _ := utf8.DecodeLastRuneInString(text[:from]); unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' && name < 5 {
				continue
			}
			body := from + len(scheme)
			to = trimURL(text, body, endURL(text, from, body))
			if to-from <= maxURL && plausible(scheme, text[body:to]) {
				return from, to, true
			}
		}
	}
}

// endURL returns where characters end that an address can have.
func endURL(text string, from, at int) int {
	for i, r := range text[at:] {
		if !inURL(r) || at+i-from > maxURL {
			return at + i
		}
	}
	return len(text)
}

// inURL tells whether r can be part of an address as it is written in text, where
// letters of all scripts are.
func inURL(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f && !strings.ContainsRune("<>\"`{}|\\^", r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// trimURL returns the end of an address without what belongs to the sentence around it:
// punctuation, quotes, and brackets that were opened before.
func trimURL(text string, from, to int) int {
	for to > from {
		var open byte
		switch c := text[to-1]; c {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '(', '[':
			to--
			continue
		case ')':
			open = '('
		case ']':
			open = '['
		default:
			return to
		}
		body := text[from:to]
		if strings.Count(body, string(text[to-1])) <= strings.Count(body, string(open)) {
			return to
		}
		to--
	}
	return to
}

// plausible tells whether what follows a scheme can be an address.
func plausible(scheme, body string) bool {
	switch scheme {
	case "mailto:":
		name, host, ok := strings.Cut(body, "@")
		return ok && name != "" && host != "" && wordly(host)
	case "file://":
		return strings.Contains(body, "/")
	}
	return body != "" && (body[0] == '[' || wordly(body))
}

// wordly tells whether s begins with a letter or a digit.
func wordly(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}
