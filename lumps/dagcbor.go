package lumps

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// Major types of CBOR (RFC 8949).
const (
	majUint = iota
	majNegative
	majBytes
	majText
	majList
	majMap
	majTag
	majSimple
)

const linkTag = 42

// infinite has the exponents that only infinities and NaNs have, by the width of
// the float.
var infinite = [...]uint64{2: 0x7c00, 4: 0x7f80_0000, 8: 0x7ff0_0000_0000_0000}

// cborScanner walks one dag-cbor item without building it. It refuses what
// dag-cbor has no form for: indefinite lengths, tags but 42, keys that are not
// text or do not ascend (shorter ones first), simple values but false, true and
// null, floats that are no numbers, integers beyond 64 bits, and lengths in more
// bytes than they need. Narrow floats pass: old writers made them, and they
// cannot hide a link.
type cborScanner struct {
	cid   CID
	b     []byte
	at    int
	links []CID
}

func cborLinks(c CID, block []byte) ([]CID, error) {
	s := cborScanner{cid: c, b: block}
	if err := s.item(0); err != nil {
		return nil, err
	}
	if s.at != len(block) {
		return nil, s.bad(s.at, "bytes follow the end of the data")
	}
	return s.links, nil
}

func (s *cborScanner) bad(at int, reason string) error {
	return &FormatError{s.cid, at, errors.New(reason)}
}

func (s *cborScanner) item(depth int) error {
	if depth > maxNesting {
		return s.bad(s.at, "it is nested too deep")
	}
	start := s.at
	major, arg, err := s.head()
	if err != nil {
		return err
	}
	switch major {
	case majNegative:
		if arg > math.MaxInt64 {
			return s.bad(start, "a number that no integer holds")
		}
	case majBytes, majText:
		_, err := s.text(start, major, arg)
		return err
	case majList:
		// Every element takes a byte at least, so a false count ends with the block.
		for ; arg > 0; arg-- {
			if err := s.item(depth + 1); err != nil {
				return err
			}
		}
	case majMap:
		var last []byte
		for i := uint64(0); i < arg; i++ {
			at := s.at
			major, n, err := s.head()
			if err != nil {
				return err
			}
			if major != majText {
				return s.bad(at, "the key of a map is not text")
			}
			key, err := s.text(at, major, n)
			if err != nil {
				return err
			}
			if i > 0 && cmp.Or(cmp.Compare(len(key), len(last)), bytes.Compare(key, last)) <= 0 {
				return s.bad(at, "the keys of a map are doubled or out of order")
			}
			last = key
			if err := s.item(depth + 1); err != nil {
				return err
			}
		}
	case majTag:
		if arg != linkTag {
			return s.bad(start, fmt.Sprintf("tag %d is not a link", arg))
		}
		return s.link(start)
	}
	return nil
}

// head reads the first byte of an item and its argument.
func (s *cborScanner) head() (major byte, arg uint64, err error) {
	start := s.at
	if start >= len(s.b) {
		return 0, 0, s.bad(start, "it ends early")
	}
	first := s.b[start]
	major, info := first>>5, first&31
	s.at++
	if major == majSimple && (info < 20 || info == 23 || info == 24) {
		return 0, 0, s.bad(start, "a simple value other than false, true and null")
	}
	if info < 24 {
		return major, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, s.bad(start, "a length that is reserved or indefinite")
	}
	width := 1 << (info - 24)
	rest := s.b[s.at:]
	if len(rest) < width {
		return 0, 0, s.bad(start, "it ends early")
	}
	var least uint64
	switch width {
	case 1:
		arg, least = uint64(rest[0]), 24
	case 2:
		arg, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 4:
		arg, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	default:
		arg, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	if major != majSimple && arg < least {
		return 0, 0, s.bad(start, "a number in more bytes than it needs")
	}
	if major == majSimple && arg&infinite[width] == infinite[width] {
		return 0, 0, s.bad(start, "a number that is infinite or none")
	}
	s.at += width
	return major, arg, nil
}

func (s *cborScanner) text(start int, major byte, n uint64) ([]byte, error) {
	if n > uint64(len(s.b)-s.at) {
		return nil, s.bad(start, "a string reaches beyond the end")
	}
	b := s.b[s.at : s.at+int(n)]
	if major == majText && !utf8.Valid(b) {
		return nil, s.bad(start, "text is not UTF-8")
	}
	s.at += int(n)
	return b, nil
}

func (s *cborScanner) link(start int) error {
	major, n, err := s.head()
	if err != nil {
		return err
	}
	if major != majBytes {
		return s.bad(start, "a link is not a byte string")
	}
	b, err := s.text(start, major, n)
	if err != nil {
		return err
	}
	if len(b) == 0 || b[0] != 0 {
		return s.bad(start, "a link is not in the identity multibase")
	}
	c, err := FromBytes(b[1:])
	if err != nil {
		return &FormatError{s.cid, start, err}
	}
	s.links = append(s.links, c)
	return nil
}
