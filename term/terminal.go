package term

import (
	"time"

	"hearth/term/input"
)

const (
	// MaxColumns and MaxRows bound the size of a screen: more than a wall of displays
	// shows in the smallest font.
	MaxColumns = 10_000
	MaxRows    = 10_000
	// MaxCells bounds columns times rows: 64 MiB for the two screens.
	MaxCells = 2 << 20

	// DefaultHistory is how many rows are kept above the screen.
	DefaultHistory = 10_000

	// SyncTimeout is how long a program may hold the view back by synchronized output.
	// It is what other terminals grant; a program that needs longer has hung.
	SyncTimeout = 150 * time.Millisecond
)

// Limits bound what a program can make a terminal keep. Zero means the default.
type Limits struct {
	Strings      int // bytes of an OSC or DCS; a longer one is dropped; default 1 MiB
	Title        int // bytes of a title; default 1024
	Titles       int // of CSI 22 t; default 16
	Clusters     int // different texts of several code points; default 32768
	Links        int // different links; default 8192
	Extras       int // different pairs of link and underline colour; default 16384, at most 65535
	LinkBytes    int // bytes of a link's address; default 2048
	Replies      int // bytes of answers not yet taken; more are dropped; default 64 KiB
	Events       int // events not yet taken; more are dropped, but for the last title and the like; default 256
	EventBytes   int // bytes of the texts of those events; default 4 MiB
	HistoryCells int // history rows times columns; default 4 Mi, which is 64 MiB
}

func or(v *int, d int) {
	if *v <= 0 {
		*v = d
	}
}

func (l *Limits) defaults() {
	or(&l.Strings, 1<<20)
	or(&l.Title, 1024)
	or(&l.Titles, 16)
	or(&l.Clusters, 1<<15)
	or(&l.Links, 1<<13)
	or(&l.Extras, 1<<14)
	or(&l.LinkBytes, 2048)
	or(&l.Replies, 64<<10)
	or(&l.Events, 256)
	or(&l.EventBytes, 4<<20)
	or(&l.HistoryCells, 4<<20)
	l.Extras = min(l.Extras, 1<<16-1)
	l.Links = min(l.Links, 1<<16-1)
	l.Clusters = min(l.Clusters, 1<<20)
}

// Options say what terminal to make. The zero Options make one of 80x24.
type Options struct {
	// Columns and Rows are the size of the screen, 1 to MaxColumns and MaxRows; rows
	// are cut so that there are at most MaxCells cells. Default 80x24.
	Columns, Rows int
	// History is how many rows are kept above the screen, as far as
	// Limits.HistoryCells allows. Default DefaultHistory, -1 for none.
	History int
	// CellWidth and CellHeight are the size of a cell in pixels, for programs that
	// ask. Default 8x16.
	CellWidth, CellHeight int
	// Palette is what colours mean until the program changes it, nil for
	// DefaultPalette. It is copied.
	Palette *Palette
	Limits  Limits
}

// Terminal is the emulator. No two of its methods may run at the same time.
type Terminal struct {
	columns, rows         int
	history               int // rows asked for
	cellWidth, cellHeight int
	limits                Limits

	main, alt screen
	scr       *screen // the one that is shown

	// The cursor: 0 <= x < columns, 0 <= y < rows. wrap tells that the last column was
	// written and that the next character goes to the next line.
	x, y int
	wrap bool
	pen  Cell // what is written: its colours and attributes
	ul   Color
	url  uint16 // index of the link that is written
	last Cell   // what REP repeats: content and width

	// Margins, the ends exclusive. left and right are 0 and columns without DECLRMM.
	top, bottom, left, right int
	tabs                     []uint64

	modes     modes
	saved     modes // XTSAVE
	savedMask modes
	keys      input.Modes
	charsets  charsets
	protect   protection
	extent    int  // DECSACE: attributes change in a rectangle with 2, else in a stream
	level     int  // 61 to 65, of DECSCL
	eightBit  bool // answers begin with C1
	cursor    CursorShape
	blink     bool // of the cursor, by DECSCUSR

	parser parser
	utf8   bool // input is UTF-8, not ISO 2022

	tables  tables
	pens    []keptPen // pushed by XTPUSHSGR
	palette *Palette  // replaced, never changed, once a View has it
	first   *Palette  // what it was at the beginning
	shared  bool      // a View has palette
	pushed  []*Palette

	title, icon string
	titles      [][2]string
	directory   string
	replies     []byte
	taken       []byte // what Replies handed out last
	events      []Event
	told        []Event
	eventBytes  int

	rev      uint64 // of rows that change now
	viewRev  uint64 // when all rows of the view were last to be drawn anew
	scroll   int    // how many rows the view is above the screen
	syncFrom time.Duration
	syncSeen bool // syncFrom is set

	// anchors are places that follow the text when it is reflowed.
	anchors []*Point
	// overlay, if not nil, marks what is selected in a copy of the cells of a line.
	overlay   func(line int64, cells []Cell)
	selection selection
}

// screen is the main or the alternate screen.
type screen struct {
	ring  ring
	base  int64 // number of the first row of the ring
	saved savedCursor
	kitty kittyStack
}

// New makes a terminal.
func New(o Options) *Terminal {
	o.Limits.defaults()
	or(&o.Columns, 80)
	or(&o.Rows, 24)
	or(&o.CellWidth, 8)
	or(&o.CellHeight, 16)
	switch {
	case o.History == 0:
		o.History = DefaultHistory
	case o.History < 0:
		o.History = 0
	}
	if o.Palette == nil {
		o.Palette = DefaultPalette()
	}
	p := *o.Palette
	t := &Terminal{
		history: o.History, limits: o.Limits,
		cellWidth: o.CellWidth, cellHeight: o.CellHeight,
		first: &p, rev: 1,
	}
	t.columns, t.rows = fit(o.Columns, o.Rows)
	t.alt.base = AlternateBase
	t.hardReset()
	return t
}

// fit returns a size that a terminal can have.
func fit(columns, rows int) (int, int) {
	columns = min(max(columns, 1), MaxColumns)
	rows = min(max(rows, 1), MaxRows, MaxCells/columns)
	return columns, rows
}

// historyMax returns how many rows of history the main screen keeps.
func (t *Terminal) historyMax() int { return min(t.history, t.limits.HistoryCells/t.columns) }

// Size returns the size of the screen in cells.
func (t *Terminal) Size() (columns, rows int) { return t.columns, t.rows }

// SetCellSize tells the size of a cell in pixels, for programs that ask.
func (t *Terminal) SetCellSize(width, height int) {
	or(&width, 1)
	or(&height, 1)
	if width == t.cellWidth && height == t.cellHeight {
		return
	}
	t.cellWidth, t.cellHeight = width, height
	t.reportSize()
}

// Write feeds p; it never fails.
func (t *Terminal) Write(p []byte) (int, error) {
	t.Feed(p)
	return len(p), nil
}

// Tick tells the time, by any clock that only goes forward. It ends synchronized output
// that lasts longer than SyncTimeout.
func (t *Terminal) Tick(now time.Duration) {
	switch {
	case !t.modes.has(modeSync):
	case !t.syncSeen:
		t.syncFrom, t.syncSeen = now, true
	case now-t.syncFrom >= SyncTimeout:
		t.modes.set(modeSync, false)
		t.syncSeen = false
	}
}

// Synchronized tells whether the program holds the view back.
func (t *Terminal) Synchronized() bool { return t.modes.has(modeSync) }

// Replies takes what the terminal answers to the program. It is valid until the next
// call.
func (t *Terminal) Replies() []byte {
	t.replies, t.taken = t.taken[:0], t.replies
	return t.taken
}

// Title returns the window's title, without control characters.
func (t *Terminal) Title() string { return t.title }

// IconName returns the icon's name, without control characters.
func (t *Terminal) IconName() string { return t.icon }

// Directory returns the working directory as the shell told it by OSC 7, a file URL.
func (t *Terminal) Directory() string { return t.directory }

// Modes returns what the encoding of input depends on.
func (t *Terminal) Modes() input.Modes { return t.keys }

// Alternate tells whether the alternate screen is shown.
func (t *Terminal) Alternate() bool { return t.scr == &t.alt }

// Palette returns what colours mean now. It must not be changed.
func (t *Terminal) Palette() *Palette { return t.palette }

// SetPalette replaces the palette, also what a reset goes back to. The program is told
// if the colour scheme changed and it asked for that.
func (t *Terminal) SetPalette(p *Palette) {
	dark := t.palette.Dark()
	a, b := *p, *p
	t.first, t.palette, t.shared = &a, &b, false
	t.redraw()
	if t.modes.has(modeScheme) && t.palette.Dark() != dark {
		t.reportScheme()
	}
}

// HistoryLen returns how many rows are kept above the screen that is shown.
func (t *Terminal) HistoryLen() int { return t.scr.ring.n - t.rows }

// Cursor returns the cell of the cursor.
func (t *Terminal) Cursor() Point {
	return Point{Line: t.screenTop() + int64(t.y), Column: t.x}
}

// row returns the row y of the screen.
func (t *Terminal) row(y int) *row {
	g := &t.scr.ring
	return g.at(g.n - t.rows + y)
}

// edit returns the row y of the screen, which is about to change.
func (t *Terminal) edit(y int) *row {
	r := t.row(y)
	r.rev = t.rev
	return r
}

// screenTop returns the number of the first line of the screen.
func (t *Terminal) screenTop() int64 { return t.scr.base + int64(t.scr.ring.n-t.rows) }

// redraw makes every View take over all rows.
func (t *Terminal) redraw() { t.viewRev = t.rev }

// Lines returns the numbers of the lines that are kept, of the screen that is shown:
// first is the oldest, end is one beyond the last.
func (t *Terminal) Lines() (first, end int64) {
	return t.scr.base, t.scr.base + int64(t.scr.ring.n)
}

// Line returns line n of the screen that is shown, false if it is not kept. Its cells
// are only those that are occupied; all beyond them are blank. They are valid until the
// terminal is fed and must not be changed.
func (t *Terminal) Line(n int64) (Line, bool) {
	if n < t.scr.base || n >= t.scr.base+int64(t.scr.ring.n) {
		return Line{}, false
	}
	r := t.scr.ring.at(int(n - t.scr.base))
	return r.line(), true
}

// Revision returns a number that Line.Revision is never less than where a line changes
// from now on.
func (t *Terminal) Revision() uint64 {
	t.rev++
	return t.rev
}

// Text appends the text of a cell of Line to b.
func (t *Terminal) Text(b []byte, c Cell) []byte { return t.tables.texts().Text(b, c) }

// Link returns the address and the id of the link of a cell of Line.
func (t *Terminal) Link(c Cell) (uri, id string) { return t.tables.texts().Link(c) }
