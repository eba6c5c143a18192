package term

import (
	"encoding/binary"
	"math/bits"
)

const (
	// maxParams is how many parameters of a control sequence count, xterm takes 30.
	maxParams = 32
	// maxParam is the greatest value of a parameter. It is beyond every size of a
	// screen, and sums of some of them stay within an int.
	maxParam = 1<<16 - 1
	// maxIntermediates is how many intermediate bytes a sequence has that anybody knows.
	maxIntermediates = 2
)

// state is where in the input the parser is.
type state uint8

const (
	ground     state = iota
	escape           // behind ESC and its intermediate bytes
	csi              // in a control sequence
	str              // in an OSC, DCS, SOS, PM or APC string
	strEscape        // behind an ESC within a string
	vt52Row          // behind ESC Y in VT52 mode
	vt52Column       // behind the row
)

// parser is what is known of a sequence whose end has not come yet. Everything it
// needs to go on at any byte is here, so the cuts of the input cannot matter.
type parser struct {
	state state

	// A character of UTF-8 of which have bytes came; min and max bound the next.
	code     rune
	need     int
	min, max byte

	inter  [maxIntermediates]byte
	inters int

	// A control sequence. Bit i of sub: parameter i follows a colon. Bit i of given: it
	// has digits.
	params  [maxParams]int32
	n       int // the one that is read now
	sub     uint32
	given   uint32
	private byte // one of <=>? or 0
	invalid bool

	kind byte // of a string: the final byte that began it
	text []byte
	lost bool // the string is too long
	bell bool // it ended with BEL, and so does the answer to it
	prev byte // the byte before in a string, if it could begin U+009C
	row  int  // of ESC Y
}

// Feed takes what the program wrote. It may be cut anywhere.
func (t *Terminal) Feed(p []byte) {
	for len(p) > 0 {
		switch t.parser.state {
		case ground:
			p = t.feedGround(p)
		case escape:
			p = t.feedEscape(p)
		case csi:
			p = t.feedCSI(p)
		case str, strEscape:
			p = t.feedString(p)
		default:
			p = t.feedVT52(p)
		}
	}
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// asciiRun returns how many bytes from the beginning of p are printable ASCII. It looks
// at eight at once: a byte below 0x20 borrows, 0x7f carries and others have bit 7, and
// only the first such byte matters, below which nothing was borrowed or carried.
func asciiRun(p []byte) int {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		x := binary.LittleEndian.Uint64(p[i:])
		if m := (x | (x - 0x20*lows) | (x + lows)) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(p) && p[i]-0x20 < 0x5f; i++ {
	}
	return i
}

// feedGround takes text and control characters until a sequence begins.
func (t *Terminal) feedGround(p []byte) []byte {
	s := &t.parser
	for len(p) > 0 {
		if s.need > 0 {
			if p = t.feedContinuation(p); s.state != ground {
				return p
			}
			continue
		}
		b := p[0]
		switch {
		case b-0x20 < 0x5f:
			n := asciiRun(p)
			t.printASCII(p[:n])
			p = p[n:]
		case b == 0x1b:
			if len(p) > 1 && p[1] == '[' && !t.modes.has(modeVT52) {
				t.beginCSI()
				return p[2:]
			}
			s.state, s.inters = escape, 0
			return p[1:]
		case b < 0x20:
			t.control(b)
			p = p[1:]
		case b == 0x7f:
			p = p[1:]
		case t.utf8:
			p = t.feedUTF8(p)
			if s.state != ground {
				return p
			}
		default:
			p = p[1:]
			if b < 0xa0 {
				t.c1(b)
				if s.state != ground {
					return p
				}
			} else {
				if c := t.charsets.right(b); c != 0x7f {
					t.print(c) // else it is DEL in a set of 94 characters
				}
			}
		}
	}
	return p
}

// feedUTF8 takes characters beyond ASCII, as long as they are whole and others do not
// come in between. What is broken is left to feedContinuation, a byte at a time.
func (t *Terminal) feedUTF8(p []byte) []byte {
	for len(p) > 0 {
		b := p[0]
		if b < 0x80 {
			return p
		}
		switch {
		case b-0xe1 < 0x0e && b != 0xed && len(p) >= 3 && p[1]&0xc0 == 0x80 && p[2]&0xc0 == 0x80:
			if b >= 0xe3 && b < 0xee { // where wide characters are
				if n := t.printWide(p); n > 0 {
					p = p[n:]
					continue
				}
			}
			t.print(rune(b&0x0f)<<12 | rune(p[1]&0x3f)<<6 | rune(p[2]&0x3f))
			p = p[3:]
		case b-0xc3 < 0x1d && len(p) >= 2 && p[1]&0xc0 == 0x80:
			t.print(rune(b&0x1f)<<6 | rune(p[1]&0x3f))
			p = p[2:]
		case b-0xf1 < 3 && len(p) >= 4 && p[1]&0xc0 == 0x80 && p[2]&0xc0 == 0x80 && p[3]&0xc0 == 0x80:
			t.print(rune(b&7)<<18 | rune(p[1]&0x3f)<<12 | rune(p[2]&0x3f)<<6 | rune(p[3]&0x3f))
			p = p[4:]
		default:
			t.lead(b)
			return p[1:]
		}
	}
	return p
}

// lead begins a character with b, which is 0x80 or more, by table 3-7 of the Unicode
// standard.
func (t *Terminal) lead(b byte) {
	s := &t.parser
	s.min, s.max = 0x80, 0xbf
	switch {
	case b >= 0xc2 && b <= 0xdf:
		s.code, s.need = rune(b&0x1f), 1
	case b >= 0xe0 && b <= 0xef:
		s.code, s.need = rune(b&0x0f), 2
		switch b {
		case 0xe0:
			s.min = 0xa0
		case 0xed:
			s.max = 0x9f
		}
	case b >= 0xf0 && b <= 0xf4:
		s.code, s.need = rune(b&7), 3
		switch b {
		case 0xf0:
			s.min = 0x90
		case 0xf4:
			s.max = 0x8f
		}
	default:
		t.print(replacement)
	}
}

// replacement stands for the longest beginning of a character that did not go on, or
// for a byte that begins none.
const replacement = '\uFFFD'

// feedContinuation takes the next byte of a character that lead began.
func (t *Terminal) feedContinuation(p []byte) []byte {
	s := &t.parser
	b := p[0]
	if b < s.min || b > s.max {
		s.need = 0
		t.print(replacement)
		return p
	}
	s.code = s.code<<6 | rune(b&0x3f)
	s.min, s.max = 0x80, 0xbf
	if s.need--; s.need > 0 {
		return p[1:]
	}
	if s.code < 0xa0 {
		t.c1(byte(s.code))
	} else {
		t.print(s.code)
	}
	return p[1:]
}

// control does what a C0 control character says.
func (t *Terminal) control(b byte) {
	t.last.content = 0
	switch b {
	case 0x05: // ENQ: the answerback is empty
	case 0x07:
		t.tell(Event{Kind: Bell})
	case 0x08:
		t.backspace()
	case 0x09:
		t.tab(1)
	case 0x0a, 0x0b, 0x0c:
		t.lineFeed()
	case 0x0d:
		t.carriageReturn()
	case 0x0e:
		t.charsets.gl = 1
	case 0x0f:
		t.charsets.gl = 0
	case 0x18:
		t.parser.state = ground
	case 0x1a:
		t.parser.state = ground
	}
}

// c1 does what a C1 control character says.
func (t *Terminal) c1(b byte) {
	s := &t.parser
	s.state = ground
	switch b - 0x40 {
	case '[':
		t.beginCSI()
	case ']', 'P', 'X', '^', '_':
		t.beginString(b - 0x40)
	default:
		s.inters = 0
		t.escape(b - 0x40)
	}
}

// feedEscape takes what follows ESC.
func (t *Terminal) feedEscape(p []byte) []byte {
	s := &t.parser
	for i, b := range p {
		switch {
		case b < 0x20:
			if b == 0x1b {
				s.inters = 0
				continue
			}
			t.control(b)
			if s.state != escape {
				return p[i+1:]
			}
		case t.modes.has(modeVT52):
			s.state = ground
			t.escapeVT52(b)
			return p[i+1:]
		case b < 0x30:
			if s.inters < maxIntermediates {
				s.inter[s.inters] = b
			}
			s.inters++
		case b < 0x7f:
			s.state = ground
			if s.inters == 0 {
				switch b {
				case '[':
					t.beginCSI()
					return p[i+1:]
				case ']', 'P', 'X', '^', '_':
					t.beginString(b)
					return p[i+1:]
				}
			}
			t.escape(b)
			return p[i+1:]
		case b == 0x7f:
		default:
			s.state = ground
			return p[i:]
		}
	}
	return nil
}

func (t *Terminal) beginCSI() {
	s := &t.parser
	s.state, s.inters, s.private, s.invalid = csi, 0, 0, false
	s.n, s.sub, s.given, s.params[0] = 0, 0, 0, 0
}

// feedCSI takes a control sequence.
func (t *Terminal) feedCSI(p []byte) []byte {
	s := &t.parser
	for i := 0; i < len(p); i++ {
		b := p[i]
		switch {
		case b-'0' < 10:
			if s.inters > 0 {
				s.invalid = true
			}
			v := int32(b - '0')
			if s.n < maxParams {
				v += 10 * s.params[s.n]
				s.given |= 1 << s.n
				for i+1 < len(p) && p[i+1]-'0' < 10 {
					i++
					v = min(v*10+int32(p[i]-'0'), maxParam)
				}
				s.params[s.n] = min(v, maxParam)
			}
		case b == ';' || b == ':':
			if s.inters > 0 {
				s.invalid = true
			}
			if s.n++; s.n < maxParams {
				s.params[s.n] = 0
				if b == ':' {
					s.sub |= 1 << s.n
				}
			} else {
				s.n = maxParams
			}
		case b-'@' < 0x3f:
			s.state = ground
			if s.n < maxParams {
				s.n++
			}
			if s.invalid {
				t.last.content = 0
			} else {
				t.dispatchCSI(b)
			}
			return p[i+1:]
		case b-'<' < 4:
			if s.private == 0 && s.n == 0 && s.given == 0 && s.inters == 0 {
				s.private = b
			} else {
				s.invalid = true
			}
		case b == 0x1b:
			s.state, s.inters = escape, 0
			return p[i+1:]
		case b < 0x20:
			t.control(b)
			if s.state != csi {
				return p[i+1:]
			}
		case b < 0x30:
			if s.inters < maxIntermediates {
				s.inter[s.inters] = b
			} else {
				s.invalid = true
			}
			s.inters = min(s.inters+1, maxIntermediates)
		case b == 0x7f:
		default:
			s.state = ground
			return p[i:]
		}
	}
	return nil
}

// arg returns parameter i of a control sequence, d if it is missing or 0.
func (s *parser) arg(i, d int) int {
	if i < s.n && s.params[i] != 0 {
		return int(s.params[i])
	}
	return d
}
