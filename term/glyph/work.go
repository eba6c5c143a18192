package glyph

import (
	"encoding/binary"
	"errors"

	"github.com/go-text/typesetting/font/opentype"
)

// maxParts bounds how many glyphs one is composed of, with theirs. A few parts that each
// have a few are enough to keep a machine busy for years.
const maxParts = 512

// work tells how much a glyph costs before it is drawn.
type work struct {
	glyf, loca  []byte
	long        bool // offsets have 4 bytes
	charstrings *charstrings
}

func newWork(l *opentype.Loader) (*work, error) {
	w := &work{}
	if l.HasTable(opentype.MustNewTag("CFF ")) {
		data, err := l.RawTable(opentype.MustNewTag("CFF "))
		if err != nil {
			return nil, err
		}
		if w.charstrings, err = readCharstrings(data); err != nil {
			return nil, err
		}
	}
	if !l.HasTable(opentype.MustNewTag("glyf")) {
		if l.HasTable(opentype.MustNewTag("CFF2")) {
			return nil, errors.New("its outlines are of CFF2, which is not read; take its TrueType or CFF form")
		}
		return w, nil
	}
	head, err := l.RawTable(opentype.MustNewTag("head"))
	if err != nil {
		return nil, err
	}
	if w.glyf, err = l.RawTable(opentype.MustNewTag("glyf")); err != nil {
		return nil, err
	}
	if w.loca, err = l.RawTable(opentype.MustNewTag("loca")); err != nil {
		return nil, err
	}
	w.long = len(head) >= 52 && binary.BigEndian.Uint16(head[50:]) != 0
	return w, nil
}

// costly reports whether a glyph takes more work than an honest one.
func (w *work) costly(gid uint32) bool {
	if w.charstrings != nil && w.charstrings.costly(gid) {
		return true
	}
	return w.parts(gid, 0, map[uint32]int{}) > maxParts
}

// parts counts the glyphs that one is composed of.
func (w *work) parts(gid uint32, depth int, known map[uint32]int) int {
	if n, ok := known[gid]; ok {
		return n
	}
	known[gid] = 1 // and in a circle, which is not followed either when it is drawn
	n := 1
	if depth > 20 {
		return maxParts + 1
	}
	for _, c := range w.components(gid) {
		if n += w.parts(c, depth+1, known); n > maxParts {
			n = maxParts + 1
			break
		}
	}
	known[gid] = n
	return n
}

// Flags of a component that say what follows it.
const (
	argWords       = 1 << 0
	haveScale      = 1 << 3
	moreComponents = 1 << 5
	haveXYScale    = 1 << 6
	haveTwoByTwo   = 1 << 7
)

// components are the glyphs that one names.
//
//	+--------------+--------+-----------+-----------+------------+------------------+
//	| contours i16 | box 8  | flags u16 | glyph u16 | 2 args 2/4 | transform 0,2,4,8 | ...
//	+--------------+--------+-----------+-----------+------------+------------------+
//	  -1: composed            while flags say that there are more
func (w *work) components(gid uint32) (found []uint32) {
	from, to, ok := w.extent(gid)
	if !ok || to-from < 10 || int16(binary.BigEndian.Uint16(w.glyf[from:])) >= 0 {
		return nil
	}
	for p := from + 10; p+4 <= to; {
		flags := binary.BigEndian.Uint16(w.glyf[p:])
		found = append(found, uint32(binary.BigEndian.Uint16(w.glyf[p+2:])))
		if flags&moreComponents == 0 || len(found) > maxParts {
			break
		}
		p += 6
		if flags&argWords != 0 {
			p += 2
		}
		switch {
		case flags&haveScale != 0:
			p += 2
		case flags&haveXYScale != 0:
			p += 4
		case flags&haveTwoByTwo != 0:
			p += 8
		}
	}
	return found
}

// extent is where a glyph lies in glyf.
func (w *work) extent(gid uint32) (from, to int, ok bool) {
	at := int(gid)
	if w.long {
		if at *= 4; at+8 > len(w.loca) {
			return 0, 0, false
		}
		from, to = int(binary.BigEndian.Uint32(w.loca[at:])), int(binary.BigEndian.Uint32(w.loca[at+4:]))
	} else {
		if at *= 2; at+4 > len(w.loca) {
			return 0, 0, false
		}
		from, to = 2*int(binary.BigEndian.Uint16(w.loca[at:])), 2*int(binary.BigEndian.Uint16(w.loca[at+2:]))
	}
	return from, to, from <= to && to <= len(w.glyf)
}
