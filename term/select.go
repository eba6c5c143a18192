package term

import (
	"hash/maphash"
	"slices"
	"strings"
)

// MaxSelected is how many bytes SelectedText returns: the longest history in the
// smallest font, and no more than can be pasted.
const MaxSelected = 16 << 20

// SelectionKind is by what a selection grows.
type SelectionKind uint8

const (
	SelectCells SelectionKind = iota
	SelectWords               // words as Word has them
	SelectLines               // lines with all that they wrapped into
	SelectBlock               // the cells of a rectangle
)

// selection is what the person at the screen selected.
type selection struct {
	kind   SelectionKind
	active bool // there is a beginning
	moved  bool // cells: the pointer left the cell in which it began
	// anchor and head are the cells where it began and where it was drawn to. They
	// follow the text when it is reflowed.
	anchor, head Point
	span         Span // what is selected, but for the kind's rectangle
	columns      int  // of the screen when span was found

	// A selection ends when its text changes. seen is the terminal's revision when
	// sums were made of the lines from watch on; those before cannot change.
	seen  uint64
	watch int64
	sums  []uint64
}

var selectionSeed = maphash.MakeSeed()

// Select begins a selection at the cell p and ends the one there was. One of cells, or
// of a block, is empty until it is extended to another cell.
func (t *Terminal) Select(kind SelectionKind, p Point) {
	t.ClearSelection()
	s := &t.selection
	p = t.within(p)
	*s = selection{kind: kind, active: true, anchor: p, head: p, sums: s.sums[:0]}
	t.anchors = append(t.anchors, &s.anchor, &s.head)
	t.overlay = t.drawSelection
	t.settleSelection()
}

// SelectSpan selects exactly the text s, such as a match of Search; it can be extended
// by cells.
func (t *Terminal) SelectSpan(s Span) {
	last := s.To
	if last.Column--; !s.From.Less(s.To) || last.Column < 0 {
		t.ClearSelection()
		return
	}
	t.Select(SelectCells, s.From)
	t.selection.moved = true
	t.Extend(last)
}

// Extend draws the selection from where it began to the cell p.
func (t *Terminal) Extend(p Point) {
	t.CheckSelection()
	s := &t.selection
	if !s.active {
		return
	}
	p = t.within(p)
	s.moved = s.moved || p != s.anchor
	s.head = p
	t.settleSelection()
}

// Adjust moves the end of the selection that is nearer to p to the cell p, as a click
// with Shift does; what was begun but is empty is extended.
func (t *Terminal) Adjust(p Point) {
	s := &t.selection
	if from, to, ok := t.Selection(); ok {
		to.Column--
		if t.distance(p, from) < t.distance(p, to) {
			s.anchor = to
		} else {
			s.anchor = from
		}
	}
	t.Extend(p)
}

// distance returns how many cells p and q are apart.
func (t *Terminal) distance(p, q Point) int64 {
	d := (p.Line-q.Line)*int64(t.columns) + int64(p.Column-q.Column)
	return max(d, -d)
}

// within returns the cell of the screen or the history that is next to p.
func (t *Terminal) within(p Point) Point {
	first, end := t.Lines()
	switch {
	case p.Line < first:
		return Point{Line: first}
	case p.Line >= end:
		return Point{end - 1, t.columns - 1}
	}
	p.Column = min(max(p.Column, 0), t.columns-1)
	return p
}

// ClearSelection ends the selection.
func (t *Terminal) ClearSelection() {
	s := &t.selection
	if !s.active {
		return
	}
	t.touchSelection(s.span, Span{})
	s.active = false
	t.overlay = nil
	t.anchors = slices.DeleteFunc(t.anchors, func(p *Point) bool { return p == &s.anchor || p == &s.head })
}

// Selection returns what is selected: from the cell from to before the cell to, over
// the ends of lines, or, of a block, the columns from from to before to on the lines
// from from to to. It is false if nothing is, or if it is on the screen not shown.
func (t *Terminal) Selection() (from, to Point, ok bool) {
	t.CheckSelection()
	s := &t.selection
	if !t.selectionShown() {
		return Point{}, Point{}, false
	}
	from = s.span.From
	if first, _ := t.Lines(); from.Line < first {
		from.Line = first
		if s.kind != SelectBlock {
			from.Column = 0
		}
	}
	return from, s.span.To, true
}

// Selected tells whether the cell p is selected.
func (t *Terminal) Selected(p Point) bool {
	if _, _, ok := t.Selection(); !ok {
		return false
	}
	from, to := t.selectedColumns(p.Line)
	return p.Column >= from && p.Column < to
}

// selectionShown tells whether something is selected on the screen that is shown.
func (t *Terminal) selectionShown() bool {
	s := &t.selection
	first, end := t.Lines()
	return s.active && s.span.From != s.span.To && s.span.To.Line >= first && s.span.From.Line < end
}

// selectedColumns returns which columns of a line are selected.
func (t *Terminal) selectedColumns(line int64) (from, to int) {
	return t.selection.span.columns(line, t.selection.kind, t.columns)
}

// columns returns which columns of a line a selection of kind has.
func (s Span) columns(line int64, kind SelectionKind, columns int) (from, to int) {
	if line < s.From.Line || line > s.To.Line || s.From == s.To {
		return 0, 0
	}
	if to = columns; kind == SelectBlock || line == s.To.Line {
		to = s.To.Column
	}
	if kind == SelectBlock || line == s.From.Line {
		from = s.From.Column
	}
	return from, to
}

// settleSelection finds what is selected between anchor and head.
func (t *Terminal) settleSelection() {
	s := &t.selection
	old := s.span
	from, to := s.anchor, s.head
	if to.Less(from) {
		from, to = to, from
	}
	switch s.kind {
	case SelectCells, SelectBlock:
		if s.kind == SelectBlock {
			from.Column, to.Column = min(from.Column, to.Column), max(from.Column, to.Column)
		}
		if s.span = (Span{}); s.moved {
			s.span = Span{t.cellStart(from), t.cellEnd(to)}
		}
	case SelectWords:
		s.span = Span{t.Word(from).From, t.Word(to).To}
	case SelectLines:
		first, _ := t.logical(from.Line, 0)
		_, last := t.logical(to.Line, 0)
		s.span = Span{Point{Line: first}, Point{last, t.columns}}
	}
	s.columns = t.columns
	s.seen, s.watch = t.Revision(), max(t.screenTop(), s.span.From.Line)
	s.sums = s.sums[:0]
	for n := s.watch; n <= s.span.To.Line; n++ {
		s.sums = append(s.sums, t.selectionSum(n))
	}
	t.touchSelection(old, s.span)
}

// cellStart returns the left half of a wide character at p, cellEnd the cell behind it.
func (t *Terminal) cellStart(p Point) Point {
	if l, _ := t.Line(p.Line); p.Column > 0 && p.Column < len(l.Cells) && l.Cells[p.Column].Width() == 0 {
		p.Column--
	}
	return p
}

func (t *Terminal) cellEnd(p Point) Point {
	if l, _ := t.Line(p.Line); p.Column < len(l.Cells) && l.Cells[p.Column].Width() == 2 {
		p.Column++
	}
	p.Column = min(p.Column+1, t.columns)
	return p
}

// touchSelection lets a View take over the rows in which what is selected changed.
func (t *Terminal) touchSelection(old, now Span) {
	if first, end := t.Lines(); (old.From.Line >= end || old.To.Line < first) && (now.From.Line >= end || now.To.Line < first) {
		return
	}
	kind := t.selection.kind
	top := t.viewTop()
	for i := range int64(t.rows) {
		a, b := old.columns(top+i, kind, t.columns)
		c, d := now.columns(top+i, kind, t.columns)
		if a != c || b != d {
			t.scr.ring.at(int(top + i - t.scr.base)).rev = t.rev
		}
	}
}

// drawSelection marks what is selected in the cells of a line.
func (t *Terminal) drawSelection(line int64, cells []Cell) {
	if !t.selectionShown() {
		return
	}
	from, to := t.selectedColumns(line)
	for i := from; i < min(to, len(cells)); i++ {
		cells[i].Select(true)
	}
}

// CheckSelection ends the selection if its text is not what it was when it was made:
// what a person sees marked is what is copied. All methods that read the selection do
// this first, and View.
func (t *Terminal) CheckSelection() {
	s := &t.selection
	if !s.active {
		return
	}
	first, end := t.Lines()
	if s.anchor.Line >= end || s.head.Line >= end {
		return // it is on the other screen
	}
	if (s.anchor.Line >= AlternateBase) != t.Alternate() {
		return
	}
	if s.anchor.Line < first && s.head.Line < first {
		t.ClearSelection()
		return
	}
	if s.columns != t.columns {
		if s.kind == SelectBlock {
			t.ClearSelection() // its columns are others now
		} else {
			t.settleSelection()
		}
		return
	}
	for i, sum := range s.sums {
		l, ok := t.Line(s.watch + int64(i))
		if ok && l.Revision >= s.seen && t.selectionSum(s.watch+int64(i)) != sum {
			t.ClearSelection()
			return
		}
	}
	s.seen = t.Revision()
	if top := min(t.screenTop(), s.watch+int64(len(s.sums))); top > s.watch {
		s.sums = slices.Delete(s.sums, 0, int(top-s.watch))
		s.watch = top
	}
}

// selectionSum sums what is selected on a line up.
func (t *Terminal) selectionSum(line int64) uint64 {
	l, _ := t.Line(line)
	from, to := t.selectedColumns(line)
	cells := written(l)
	var h maphash.Hash
	h.SetSeed(selectionSeed)
	for i := from; i < min(to, len(cells)); i++ {
		c := cells[i]
		h.WriteByte(byte(c.content))
		h.WriteByte(byte(c.content >> 8))
		h.WriteByte(byte(c.content >> 16))
		h.WriteByte(byte(c.content >> 24))
	}
	return h.Sum64()
}

// SelectedText returns the text that is selected: lines that wrapped are one, blanks at
// the end of a line are left out, and a block's lines each are a line. It is cut at
// MaxSelected.
func (t *Terminal) SelectedText() string {
	from, to, ok := t.Selection()
	if !ok {
		return ""
	}
	var b []byte
	texts := t.tables.texts()
	block := t.selection.kind == SelectBlock
	for n := from.Line; n <= to.Line && len(b) <= MaxSelected; n++ {
		l, ok := t.Line(n)
		if !ok {
			continue
		}
		begin := len(b)
		x, end := t.selectedColumns(n)
		cells := written(l)
		for ; x < min(end, len(cells)); x++ {
			b = texts.Text(b, cells[x])
		}
		if l.Wrapped && !block && n < to.Line {
			continue
		}
		for len(b) > begin && b[len(b)-1] == ' ' {
			b = b[:len(b)-1]
		}
		if n < to.Line {
			b = append(b, '\n')
		}
	}
	if len(b) > MaxSelected {
		b = b[:MaxSelected]
	}
	return strings.ToValidUTF8(string(b), "")
}
