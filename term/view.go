package term

// LineSize is how the characters of a line are drawn.
type LineSize uint8

const (
	SingleSize   LineSize = iota
	DoubleWidth           // DECDWL: half as many, twice as wide
	DoubleTop             // DECDHL: the upper half of characters twice as wide and high
	DoubleBottom          // DECDHL: the lower half
)

// Marks are what the shell told about a line by OSC 133.
type Marks uint8

const (
	PromptMark  Marks = 1 << iota // A: a prompt begins
	InputMark                     // B: what the user types begins
	OutputMark                    // C: what the command writes begins
	CommandMark                   // D: a command ended
)

// Line is a row of a View or of the history.
type Line struct {
	Cells    []Cell
	Wrapped  bool  // the text goes on in the next line
	Fill     Color // background of what lies beyond Cells
	Size     LineSize
	Marks    Marks
	Revision uint64 // grows when the line changes
}

func (r *row) line() Line {
	return Line{
		Cells: r.cells[:r.n:r.n], Wrapped: r.flags&rowWrapped != 0, Fill: r.fill,
		Size: r.size(), Marks: Marks(r.flags & rowMarks >> 1), Revision: r.rev,
	}
}

// CursorShape is how the cursor looks.
type CursorShape uint8

const (
	BlockCursor CursorShape = iota
	UnderlineCursor
	BarCursor
)

// Cursor is where the cursor is in a View.
type Cursor struct {
	Column, Row int
	Visible     bool // it is shown, and its row is in the view
	Blink       bool
	Wide        bool // it stands on a wide character
	Shape       CursorShape
}

// View is a copy of the rows that are shown. It belongs to its holder, who may read it
// while the terminal is fed. The zero View is empty.
type View struct {
	Columns, Rows int
	Lines         []Line // each with all Columns cells
	Changed       []bool // which lines differ from the View before
	Cursor        Cursor
	Reverse       bool     // DECSCNM: foreground and background of the screen are exchanged
	Top           int64    // number of the first line
	Screen        int64    // number of the first line of the screen, from Top on or below
	History       int      // how many lines there are above the screen
	Palette       *Palette // what colours mean; must not be changed
	Alternate     bool     // it is of the alternate screen
	texts

	cells  []Cell
	source *Terminal
	rev    uint64
}

// View fills v with what is shown. Only rows that changed since v was filled last are
// written, and Changed tells them. While the program synchronizes its output, v stays
// as it is.
func (t *Terminal) View(v *View) {
	fresh := v.source != t || v.Columns != t.columns || v.Rows != t.rows
	if !fresh && t.modes.has(modeSync) {
		clear(v.Changed)
		return
	}
	if fresh {
		t.fit(v)
	}
	t.CheckSelection()
	all := fresh || v.rev < t.viewRev
	top := t.viewTop()
	shift := top - v.Top
	v.Top, v.Screen, v.History = top, t.screenTop(), t.HistoryLen()
	g := &t.scr.ring
	first := int(top - t.scr.base)
	for i := range v.Lines {
		r := g.at(first + i)
		if !all && shift == 0 && r.rev <= v.rev {
			v.Changed[i] = false
			continue
		}
		v.Changed[i] = true
		l := &v.Lines[i]
		cells := l.Cells
		*l = r.line()
		l.Cells = cells
		n := copy(cells, r.cells[:min(r.n, len(cells))])
		fill := Cell{bg: r.fill}
		for ; n < len(cells); n++ {
			cells[n] = fill
		}
		if t.overlay != nil {
			t.overlay(top+int64(i), cells)
		}
	}
	v.Cursor = t.shownCursor()
	v.Reverse = t.modes.has(modeReverse)
	v.Alternate = t.Alternate()
	v.Palette, t.shared = t.palette, true
	v.texts = t.tables.texts()
	v.rev = t.rev
	t.rev++
}

// fit gives v the size of the terminal.
func (t *Terminal) fit(v *View) {
	*v = View{
		Columns: t.columns, Rows: t.rows, source: t,
		Lines: make([]Line, t.rows), Changed: make([]bool, t.rows),
		cells: make([]Cell, t.columns*t.rows),
	}
	for i := range v.Lines {
		v.Lines[i].Cells = v.cells[i*t.columns : (i+1)*t.columns : (i+1)*t.columns]
	}
}

// shownCursor returns the cursor as it is in the view.
func (t *Terminal) shownCursor() Cursor {
	y := t.y + t.scroll
	c := t.row(t.y).cell(t.x)
	return Cursor{
		Column: t.x, Row: min(y, t.rows-1), Visible: t.modes.has(modeCursor) && y < t.rows,
		Blink: t.blink != t.modes.has(modeBlink), Wide: c.attr&wideHead != 0, Shape: t.cursor,
	}
}

// viewTop returns the number of the first line that is shown.
func (t *Terminal) viewTop() int64 { return t.screenTop() - int64(t.scroll) }

// Scroll moves the view by lines into the history, back with less than 0.
func (t *Terminal) Scroll(lines int) {
	t.scroll = min(max(t.scroll+min(lines, t.HistoryLen()), 0), t.HistoryLen())
}

// ScrollTo moves the view so that it begins at this line, or as near to it as it can.
func (t *Terminal) ScrollTo(line int64) {
	t.scroll = int(min(max(t.screenTop()-line, 0), int64(t.HistoryLen())))
}

// Scrolled returns how many lines the view is above the screen.
func (t *Terminal) Scrolled() int { return t.scroll }
