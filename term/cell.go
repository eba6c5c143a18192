package term

// Cell is one cell of the screen. The zero Cell is blank in the default colours.
type Cell struct {
	content uint32
	fg, bg  Color
	attr    Attr
	extra   uint16
}

// clusterBit marks a content that is the index of a cluster and no code point.
const clusterBit = 1 << 31

// Attr are the attributes of a cell.
type Attr uint16

const (
	Bold Attr = 1 << iota
	Faint
	Italic
	Blink
	Inverse
	Hidden
	Strike
	Overline
	Protected // not to be erased by DECSED, DECSEL and DECSERA
	Selected  // by the person at the screen; only cells of a View have it

	// wideHead and wideTail are the left and the right half of a wide character.
	wideHead
	wideTail

	wideHalves = wideHead | wideTail
	// rendition are the attributes that SGR sets.
	rendition = Bold | Faint | Italic | Blink | Inverse | Hidden | Strike | Overline | underlineMask
)

// underlineShift and underlineMask are where an Attr keeps its Underline.
const (
	underlineShift      = 12
	underlineMask  Attr = 7 << underlineShift
)

// Underline is the style of an underline, in the numbers of SGR 4:n.
type Underline uint8

const (
	NoUnderline Underline = iota
	SingleUnderline
	DoubleUnderline
	CurlyUnderline
	DottedUnderline
	DashedUnderline
)

// Underline returns the style of the underline.
func (a Attr) Underline() Underline { return Underline(a & underlineMask >> underlineShift) }

// withUnderline returns a with the underline u.
func (a Attr) withUnderline(u Underline) Attr {
	return a&^underlineMask | Attr(u)<<underlineShift
}

// Rune returns the character of c: ' ' where nothing was written and in the right half
// of a wide character, -1 for a cluster, whose text a View or the Terminal gives.
func (c Cell) Rune() rune {
	switch {
	case c.content&clusterBit != 0:
		return -1
	case c.content == 0:
		return ' '
	}
	return rune(c.content)
}

// Blank tells whether nothing was written to c since it was erased.
func (c Cell) Blank() bool { return c.content == 0 && c.attr&wideTail == 0 }

// Clustered tells whether c holds more than one code point.
func (c Cell) Clustered() bool { return c.content&clusterBit != 0 }

// Width returns how many columns the character of c takes: 1, 2, or 0 in the right half
// of a wide character.
func (c Cell) Width() int {
	switch c.attr & wideHalves {
	case wideHead:
		return 2
	case wideTail:
		return 0
	}
	return 1
}

// FG returns the colour of the character.
func (c Cell) FG() Color { return c.fg }

// BG returns the colour behind the character.
func (c Cell) BG() Color { return c.bg }

// Attr returns the attributes of c.
func (c Cell) Attr() Attr { return c.attr &^ wideHalves }

// HasExtra tells whether c has a link or a colour of its underline.
func (c Cell) HasExtra() bool { return c.extra != 0 }

// Select sets or clears the attribute Selected.
func (c *Cell) Select(on bool) {
	c.attr &^= Selected
	if on {
		c.attr |= Selected
	}
}

// halve makes a half of a wide character a space, which keeps its attributes.
func (c *Cell) halve() {
	c.content = ' '
	c.attr &^= wideHalves
}

// Point is a place in the text. Lines are counted over the life of the terminal: line 0
// was the first row of the first screen, and a line keeps its number while it goes up
// the screen and into the history. The lines of the alternate screen have numbers of
// their own, from AlternateBase on.
type Point struct {
	Line   int64
	Column int
}

// AlternateBase is the number of the alternate screen's first line.
const AlternateBase int64 = 1 << 40

// Less tells whether p is before q.
func (p Point) Less(q Point) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}
