package term

// charset is a set of graphic characters.
type charset uint8

const (
	ascii          charset = iota
	british                // ESC ( A
	graphics               // ESC ( 0: DEC special characters and line drawing
	supplemental           // ESC ( < and ESC ( % 5: DEC supplemental graphics
	latin1                 // ESC - A: the right half of ISO 8859-1
	charsetUnknown         // what is not known is shown as ASCII
)

// charsets are the four sets and which of them the two halves of the code table show.
type charsets struct {
	g      [4]charset
	gl, gr uint8
	single uint8 // SS2 or SS3: the set of the next character alone, 0 for none
}

// initialCharsets are those after a reset.
var initialCharsets = charsets{gr: 2}

// plain tells whether ASCII is shown as it is.
func (c *charsets) plain() bool { return c.g[c.gl] == ascii && c.single == 0 }

// left returns what the byte b, 0x20 to 0x7e, is in the left half.
func (c *charsets) left(b byte) rune {
	g := c.gl
	if c.single != 0 {
		g, c.single = c.single, 0
	}
	return c.g[g].lookup(b)
}

// right returns what the byte b, 0xa0 or more, is in the right half.
func (c *charsets) right(b byte) rune {
	g := c.gr
	if c.single != 0 {
		g, c.single = c.single, 0
	}
	if s := c.g[g]; s != ascii {
		return s.lookup(b & 0x7f)
	}
	return rune(b)
}

// lookup returns the character at b, 0x20 to 0x7f, of the set.
func (c charset) lookup(b byte) rune {
	switch c {
	case british:
		if b == '#' {
			return '£'
		}
	case graphics:
		if b >= 0x5f && b < 0x7f {
			return lineDrawing[b-0x5f]
		}
	case supplemental:
		if r, ok := decSupplemental[b]; ok {
			return r
		}
		return rune(b) | 0x80
	case latin1:
		return rune(b) | 0x80
	}
	return rune(b)
}

// lineDrawing are the characters 0x5f to 0x7e of DEC's special graphics.
var lineDrawing = [...]rune{
	' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼',
	'⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}

// decSupplemental is where DEC's supplemental graphics differ from ISO 8859-1.
var decSupplemental = map[byte]rune{
	0x24: replacement, 0x26: replacement, 0x28: '¤', 0x2c: replacement, 0x2d: replacement,
	0x2e: replacement, 0x2f: replacement, 0x34: replacement, 0x38: replacement,
	0x3e: replacement, 0x50: replacement, 0x57: 'Œ', 0x5d: 'Ÿ', 0x5e: replacement,
	0x70: replacement, 0x77: 'œ', 0x7d: 'ÿ', 0x7e: replacement,
}

// designate does ESC and its intermediate bytes that choose a set, false if they are
// none of those.
func (t *Terminal) designate(inter []byte, final byte) bool {
	var g int
	switch inter[0] {
	case '(', ')', '*', '+':
		g = int(inter[0] - '(')
		set := charsetUnknown
		switch {
		case len(inter) == 1:
			switch final {
			case 'B':
				set = ascii
			case 'A':
				set = british
			case '0', '2':
				set = graphics
			case '<':
				set = supplemental
			}
		case inter[1] == '%' && final == '5':
			set = supplemental
		}
		if set == charsetUnknown {
			return true
		}
		t.charsets.g[g] = set
	case '-', '.', '/':
		if len(inter) == 1 && final == 'A' {
			t.charsets.g[inter[0]-','] = latin1
		}
	default:
		return false
	}
	return true
}

// designation returns the final bytes that designate c, as DECRQSS and DECCIR tell it.
func (c charset) designation() string {
	switch c {
	case british, latin1:
		return "A"
	case graphics:
		return "0"
	case supplemental:
		return "%5"
	}
	return "B"
}
