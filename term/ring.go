package term

// row is one line of the screen or the history.
type row struct {
	cells []Cell // as many as were ever needed, not more than the columns
	n     int    // how many are occupied; all to the right are blank, in fill
	fill  Color
	flags rowFlags
	rev   uint64 // the terminal's revision when the row last changed
}

// rowFlags are what a row is as a whole.
type rowFlags uint8

const (
	rowWrapped rowFlags = 1 << iota // the text goes on in the next row
	rowMarkA                        // a prompt begins here (OSC 133)
	rowMarkB                        // what the user types begins here
	rowMarkC                        // what the command writes begins here
	rowMarkD                        // a command ended here
	// The size of the line, as LineSize.
	rowSizeLow
	rowSizeHigh
	rowGap // the last cell is empty because a wide character did not fit

	rowMarks  = rowMarkA | rowMarkB | rowMarkC | rowMarkD
	rowSizes  = rowSizeLow | rowSizeHigh
	sizeShift = 5
)

func (r *row) size() LineSize { return LineSize(r.flags & rowSizes >> sizeShift) }

func (r *row) setSize(s LineSize) { r.flags = r.flags&^rowSizes | rowFlags(s)<<sizeShift }

// blank makes r empty.
func (r *row) blank(fill Color, rev uint64) { r.n, r.fill, r.flags, r.rev = 0, fill, 0, rev }

// minRow is how many cells a row gets at first: lines of programs are short.
const minRow = 32

// extend occupies the cells of r up to n, those that come new are blank. A row has at
// most columns cells.
func (r *row) extend(n, columns int) {
	if n <= r.n {
		return
	}
	r.reserve(n, columns)
	fill := Cell{bg: r.fill}
	for i := r.n; i < n; i++ {
		r.cells[i] = fill
	}
	r.n = n
}

// reserve makes room for n cells, which are not occupied yet.
func (r *row) reserve(n, columns int) {
	if n > len(r.cells) {
		room := max(n, 2*len(r.cells), minRow)
		if 2*room > columns {
			room = columns // it will be asked for sooner or later, and twice is garbage
		}
		cells := make([]Cell, room)
		copy(cells, r.cells[:r.n])
		r.cells = cells
	}
}

// cell returns the cell x of r, wherever it lies.
func (r *row) cell(x int) Cell {
	if x < r.n {
		return r.cells[x]
	}
	return Cell{bg: r.fill}
}

// trimmed returns how many cells of r are occupied by more than what the rest is.
func (r *row) trimmed() int {
	n := r.n
	for n > 0 && r.cells[n-1] == (Cell{bg: r.fill}) {
		n--
	}
	return n
}

// ring is the history and the screen: the rows 0 to n-1, oldest first. Rows that leave
// at the front come back at the end with their memory.
type ring struct {
	rows []row
	head int // where row 0 lies
	n    int
	max  int // how many there may be
}

func (g *ring) at(i int) *row {
	if i += g.head; i >= len(g.rows) {
		i -= len(g.rows)
	}
	return &g.rows[i]
}

// init makes a ring of n blank rows that holds up to max.
func (g *ring) init(n, max int) {
	*g = ring{rows: make([]row, n), n: n, max: max}
}

// push adds a blank row at the end and tells whether the oldest one was dropped for it.
func (g *ring) push(fill Color, rev uint64) (dropped bool) {
	if g.n == g.max {
		g.at(0).blank(fill, rev)
		if g.head++; g.head == len(g.rows) {
			g.head = 0
		}
		return true
	}
	if g.n == len(g.rows) {
		g.grow()
	}
	g.n++
	g.at(g.n-1).blank(fill, rev)
	return false
}

// grow makes room for more rows.
func (g *ring) grow() {
	rows := make([]row, min(max(2*len(g.rows), 64), g.max))
	k := copy(rows, g.rows[g.head:])
	copy(rows[k:], g.rows[:g.head])
	g.rows, g.head = rows, 0
}

// dropFront drops the n oldest rows.
func (g *ring) dropFront(n int) {
	if g.head += n; g.head >= len(g.rows) {
		g.head -= len(g.rows)
	}
	g.n -= n
}

// rotateUp moves the rows [from, to) up by n: the first n come to the end.
func (g *ring) rotateUp(from, to, n int) {
	g.reverse(from, from+n)
	g.reverse(from+n, to)
	g.reverse(from, to)
}

// rotateDown moves the rows [from, to) down by n: the last n come to the front.
func (g *ring) rotateDown(from, to, n int) { g.rotateUp(from, to, to-from-n) }

func (g *ring) reverse(from, to int) {
	for to--; from < to; from, to = from+1, to-1 {
		a, b := g.at(from), g.at(to)
		*a, *b = *b, *a
	}
}
