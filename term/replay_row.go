package term

import "unicode/utf8"

// row writes a row from its first column on.
func (r *replay) row(w *row) {
	switch w.size() {
	case DoubleWidth:
		r.text("\x1b#6")
	case DoubleTop:
		r.text("\x1b#3")
	case DoubleBottom:
		r.text("\x1b#4")
	}
	n := w.trimmed()
	if w.flags&rowGap != 0 {
		n = r.t.lineEnd(w)
	}
	for x := 0; x < n; {
		c := w.cell(x)
		if !c.Blank() {
			r.cell(c)
			x += max(c.Width(), 1)
			continue
		}
		end := x + 1
		for end < n && w.cell(end) == c {
			end++
		}
		if w.flags&rowGap != 0 && end == r.t.lineEnd(w) {
			end-- // a wide character follows, which leaves it as it is
		}
		if end == x {
			break
		}
		r.setPen(Cell{bg: c.bg})
		r.f("\x1b[%dX", end-x)
		if end < r.t.lineEnd(w) {
			r.f("\x1b[%dC", end-x)
		}
		x = end
	}
	if n < r.t.columns && w.fill != r.came && w.flags&rowWrapped == 0 {
		r.setPen(Cell{bg: w.fill})
		if n < r.t.lineEnd(w) {
			r.text("\x1b[K")
		}
	}
	for i, mark := range "ABCD" {
		if w.flags&(rowMarkA<<i) != 0 {
			r.f("\x1b]133;%c\x1b\\", mark)
		}
	}
}

// cell writes one character with all that belongs to it.
func (r *replay) cell(c Cell) {
	r.setPen(c)
	if !c.Clustered() {
		r.b = utf8.AppendRune(r.b, rune(c.content))
		return
	}
	text := r.t.Text(nil, c)
	first, size := utf8.DecodeRune(text)
	if r.dull {
		if int(kindOf(first)&kindWidth) != c.Width() {
			first = [...]rune{' ', ' ', '\u3000'}[c.Width()]
		}
		r.b = utf8.AppendRune(r.b, first)
		return
	}
	plain := int(kindOf(first)&kindWidth) == c.Width()
	for _, c := range string(text[size:]) {
		plain = plain && kindOf(c)&kindWidth == 0
	}
	r.b = append(r.b, text[:size]...)
	if plain {
		r.b = append(r.b, text[size:]...)
		return
	}
	r.text("\x1b[?2027h")
	r.b = append(r.b, text[size:]...)
	r.text("\x1b[?2027l")
}

// setPen makes the pen that of c.
func (r *replay) setPen(c Cell) {
	c.content = 0
	if c.attr &= rendition | Protected; r.dull {
		c = Cell{}
	}
	if c == r.pen {
		return
	}
	x := r.t.tables.texts()
	ul, old := x.UnderlineColor(c), x.UnderlineColor(r.pen)
	if c.fg != r.pen.fg || c.bg != r.pen.bg || (c.attr^r.pen.attr)&rendition != 0 || ul != old {
		r.text("\x1b[")
		r.b = sgrText(r.b, c, ul)
		r.text("m")
	}
	if (c.attr^r.pen.attr)&Protected != 0 {
		if c.attr&Protected != 0 {
			r.text("\x1b[1\"q")
		} else {
			r.text("\x1b[\"q")
		}
	}
	var to link
	if !r.bare {
		to.uri, to.id = x.Link(c)
	}
	if to != r.open {
		r.link(to.uri, to.id)
		r.open = to
	}
	r.pen = c
}

// firstLinked returns the first row of s from which on links are written: as many of the
// newest rows as maxReplayLinks allows.
func (r *replay) firstLinked(s *screen) int {
	x := r.t.tables.texts()
	left := maxReplayLinks
	for i := s.ring.n - 1; i >= 0; i-- {
		w := s.ring.at(i)
		var last uint16
		for _, c := range w.cells[:w.n] {
			if c.extra == last {
				continue
			}
			last = c.extra
			uri, id := x.Link(c)
			if left -= len(uri) + len(id); left < 0 {
				return i + 1
			}
		}
	}
	return 0
}

// firstWhole returns the first row of s from which on rows are written whole: as many of
// the newest as the bound on cells allows.
func (r *replay) firstWhole(s *screen) int {
	var buf [4 * maxClusterRunes]byte
	left := r.cells
	for i := s.ring.n - 1; i >= 0; i-- {
		w := s.ring.at(i)
		var last Cell
		for _, c := range w.cells[:w.n] {
			left -= utf8.UTFMax
			if c.Clustered() {
				left -= len(r.t.Text(buf[:0], c)) + len("\x1b[?2027h\x1b[?2027l")
			}
			if c.content, c.attr = 0, c.attr&(rendition|Protected); c != last {
				left -= maxPenBytes
				last = c
			}
		}
		if left < 0 {
			return i + 1
		}
	}
	return 0
}

// maxPenBytes is about what the longest SGR takes.
const maxPenBytes = 96

func (r *replay) link(uri, id string) {
	switch {
	case uri == "":
		r.text("\x1b]8;;\x1b\\")
	case id[0] == 0:
		// The terminal gave it its name; another one could join what was apart.
		r.f("\x1b]8;id=hearth-%s;%s\x1b\\", id[1:], uri)
	default:
		r.f("\x1b]8;id=%s;%s\x1b\\", id, uri)
	}
}
