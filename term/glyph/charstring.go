package glyph

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/go-text/typesetting/font/cff/interpreter"
)

// maxOperators bounds what one glyph of a CFF font executes. Subroutines may be nested
// ten deep, and each may call the next thousands of times. The largest glyphs need a few
// thousand.
const maxOperators = 1 << 15

// maxSubroutines bounds those of all font DICTs together, which may be the same ones.
const maxSubroutines = 1 << 18

var (
	errCFF    = errors.New("the table CFF is damaged")
	errCostly = errors.New("the charstring executes too much")
)

// charstrings are the programs of a CFF table (Adobe Technical Note 5176), as far as it
// needs to count what they execute.
//
//	+--------+------------+----------------+--------------+--------------+
//	| header | name INDEX | top DICT INDEX | string INDEX | global subrs |   then by the offsets
//	+--------+------------+----------------+--------------+--------------+   of the top DICT
type charstrings struct {
	glyphs, global [][]byte
	local          [][][]byte // by font DICT
	dict           func(gid uint32) int
}

// Operators of DICTs; those of two bytes are 12<<8 and the second.
const (
	dictCharStrings = 17
	dictPrivate     = 18
	dictSubrs       = 19
	dictFDArray     = 12<<8 | 36
	dictFDSelect    = 12<<8 | 37
)

func readCharstrings(data []byte) (*charstrings, error) {
	if len(data) < 4 || data[0] != 1 {
		return nil, errCFF
	}
	at := int(data[2])
	var tops [][]byte
	c := &charstrings{}
	for i := range 4 {
		entries, next, err := readIndex(data, at)
		if err != nil {
			return nil, err
		}
		at = next
		switch i {
		case 1:
			tops = entries
		case 3:
			c.global = entries
		}
	}
	if len(tops) != 1 {
		return nil, errCFF
	}
	top := readDict(tops[0])
	var err error
	if c.glyphs, err = indexAt(data, top[dictCharStrings]); err != nil {
		return nil, err
	}
	if top[dictFDArray] == nil {
		c.dict = func(uint32) int { return 0 }
		subrs, err := readPrivate(data, top[dictPrivate])
		c.local = [][][]byte{subrs}
		return c, err
	}
	dicts, err := indexAt(data, top[dictFDArray])
	if err != nil || len(dicts) > 256 {
		return nil, errCFF
	}
	total := 0
	for _, d := range dicts {
		subrs, err := readPrivate(data, readDict(d)[dictPrivate])
		if total += len(subrs); err != nil || total > maxSubroutines {
			return nil, errCFF
		}
		c.local = append(c.local, subrs)
	}
	c.dict, err = readSelect(data, top[dictFDSelect], len(c.glyphs))
	return c, err
}

func indexAt(data []byte, operands []int) ([][]byte, error) {
	if len(operands) != 1 {
		return nil, errCFF
	}
	entries, _, err := readIndex(data, operands[0])
	return entries, err
}

// readIndex reads an INDEX, whose offsets count from the byte before its data.
//
//	+-----------+-----------+--------------------------+------+
//	| count u16 | offset u8 | count+1 offsets of so    | data |    nothing behind a count of 0
//	|           |  size     | many bytes, the first 1  |      |
//	+-----------+-----------+--------------------------+------+
func readIndex(data []byte, at int) (entries [][]byte, next int, err error) {
	if at < 0 || at+2 > len(data) {
		return nil, 0, errCFF
	}
	n := int(binary.BigEndian.Uint16(data[at:]))
	if n == 0 {
		return nil, at + 2, nil
	}
	if at+3 > len(data) {
		return nil, 0, errCFF
	}
	size := int(data[at+2])
	base := at + 3 + (n+1)*size - 1
	if size < 1 || size > 4 || base+1 > len(data) {
		return nil, 0, errCFF
	}
	offset := func(i int) int {
		v := 0
		for _, b := range data[at+3+i*size : at+3+(i+1)*size] {
			v = v<<8 | int(b)
		}
		return base + v
	}
	entries = make([][]byte, n)
	from := offset(0)
	for i := range entries {
		to := offset(i + 1)
		if from <= base || to < from || to > len(data) {
			return nil, 0, errCFF
		}
		entries[i], from = data[from:to], to
	}
	return entries, from, nil
}

// readDict reads the whole numbers of a DICT, by operator.
func readDict(d []byte) map[int][]int {
	found := map[int][]int{}
	var operands []int
	for i := 0; i < len(d); i++ {
		b, rest := int(d[i]), d[i+1:]
		switch {
		case b == 12 && len(rest) >= 1:
			found[12<<8|int(rest[0])] = operands
			operands = nil
			i++
		case b <= 21:
			found[b] = operands
			operands = nil
		case b == 28 && len(rest) >= 2:
			operands = append(operands, int(int16(binary.BigEndian.Uint16(rest))))
			i += 2
		case b == 29 && len(rest) >= 4:
			operands = append(operands, int(int32(binary.BigEndian.Uint32(rest))))
			i += 4
		case b == 30: // a real number, to its last half byte
			for i++; i < len(d) && d[i]&15 != 15 && d[i]>>4 != 15; i++ {
			}
			operands = append(operands, 0)
		case b >= 32 && b <= 246:
			operands = append(operands, b-139)
		case b >= 247 && b <= 250 && len(rest) >= 1:
			operands = append(operands, (b-247)*256+int(rest[0])+108)
			i++
		case b >= 251 && b <= 254 && len(rest) >= 1:
			operands = append(operands, -(b-251)*256-int(rest[0])-108)
			i++
		}
	}
	return found
}

// readPrivate reads the subroutines of a private DICT: its size and its offset are given,
// and within it that of the subroutines from there.
func readPrivate(data []byte, place []int) ([][]byte, error) {
	if len(place) != 2 {
		return nil, nil
	}
	size, at := place[0], place[1]
	if size < 0 || at < 0 || at > len(data) || size > len(data)-at {
		return nil, errCFF
	}
	subrs := readDict(data[at : at+size])[dictSubrs]
	if len(subrs) != 1 {
		return nil, nil
	}
	entries, _, err := readIndex(data, at+subrs[0])
	return entries, err
}

// readSelect reads which font DICT a glyph is of.
//
//	0: +------+----------------+    3: +------+-----------+----------------------+--------------+
//	   | 0 u8 | u8 for a glyph |       | 3 u8 | count u16 | first u16, DICT u8.. | sentinel u16 |
//	   +------+----------------+       +------+-----------+----------------------+--------------+
func readSelect(data []byte, place []int, glyphs int) (func(uint32) int, error) {
	if len(place) != 1 || place[0] < 0 || place[0]+3 > len(data) {
		return nil, errCFF
	}
	d := data[place[0]:]
	switch d[0] {
	case 0:
		if len(d) < 1+glyphs {
			return nil, errCFF
		}
		return func(gid uint32) int { return int(d[1+gid]) }, nil
	case 3:
		n := int(binary.BigEndian.Uint16(d[1:]))
		if n == 0 || len(d) < 3+3*n+2 {
			return nil, errCFF
		}
		first := make([]uint16, n)
		for i := range first {
			first[i] = binary.BigEndian.Uint16(d[3+3*i:])
		}
		return func(gid uint32) int {
			i, ok := slices.BinarySearch(first, uint16(gid))
			if !ok {
				i--
			}
			return int(d[3+3*max(i, 0)+2])
		}, nil
	}
	return nil, errCFF
}

// costly reports whether a glyph executes more than it may.
func (c *charstrings) costly(gid uint32) bool {
	if int(gid) >= len(c.glyphs) {
		return false
	}
	dict := c.dict(gid)
	if dict >= len(c.local) {
		return true
	}
	var m psinterpreter.Machine
	counter := counter{left: maxOperators}
	err := m.Run(c.glyphs[gid], c.local[dict], c.global, &counter)
	return errors.Is(err, errCostly)
}

// counter executes a charstring without drawing.
type counter struct {
	stems psinterpreter.CharstringReader // knows how long the masks are
	left  int
}

func (*counter) Context() psinterpreter.Context { return psinterpreter.Type2Charstring }

func (c *counter) Apply(m *psinterpreter.Machine, op psinterpreter.Operator) error {
	if c.left--; c.left < 0 {
		return errCostly
	}
	if !op.IsEscaped {
		switch op.Operator {
		case 10: // callsubr
			return psinterpreter.LocalSubr(m)
		case 29: // callgsubr
			return psinterpreter.GlobalSubr(m)
		case 11: // return
			return m.Return()
		case 14: // endchar
			return psinterpreter.ErrInterrupt
		case 1, 18: // hstem, hstemhm
			c.stems.Hstem(m)
		case 3, 23: // vstem, vstemhm
			c.stems.Vstem(m)
		case 19, 20: // hintmask, cntrmask
			c.stems.Hintmask(m)
			return nil
		}
	}
	m.ArgStack.Clear()
	return nil
}
