package glyph

import "encoding/binary"

// maxWeight is how many values may be read of a font, and so many more for each of its
// bytes. Offsets may lead many times to the same place: eight thousand bytes of rules
// become gigabytes when they are read. Honest fonts share little.
const (
	maxWeight     = 1 << 22
	weightPerByte = 2
)

// scale weighs the tables of a font: it goes where its readers will go, by the same
// offsets, and counts what they would make of it until that is too much. What is cut off
// counts as zeros; it is refused by who reads it.
type scale struct {
	data []byte // of the table
	left int
}

// weigh counts a font, and reports whether there may be more.
func (s *scale) weigh(data []byte, tables map[string]table) bool {
	of := func(tag string) []byte {
		t := tables[tag]
		return data[t.at : t.at+t.size]
	}
	maxp := scale{data: of("maxp")}
	glyphs := maxp.u16(4)
	for tag, weigh := range map[string]func(){
		"cmap": s.cmap, "GSUB": func() { s.layout(false) }, "GPOS": func() { s.layout(true) }, "GDEF": s.gdef,
		"CBLC": s.bitmaps, "CPAL": func() { s.spend(s.u16(2) * s.u16(4)) },
		"sbix": func() { s.spend(5 * min(s.u32(4), len(s.data)) * glyphs) },
	} {
		if s.data = of(tag); len(s.data) > 0 {
			weigh()
		}
	}
	if s.data = of("glyf"); len(s.data) > 0 {
		head := scale{data: of("head")}
		s.outlines(work{glyf: s.data, loca: of("loca"), long: head.u16(50) != 0}, glyphs)
	}
	return s.left >= 0
}

// spend counts values, and reports whether there may be more.
func (s *scale) spend(n int) bool {
	s.left -= max(n, 0)
	return s.left >= 0
}

func (s *scale) u16(at int) int {
	if at < 0 || at+2 > len(s.data) {
		return 0
	}
	return int(binary.BigEndian.Uint16(s.data[at:]))
}

func (s *scale) u32(at int) int { return s.u16(at)<<16 | s.u16(at+2) }

// to goes to what an offset at a place names, from base, if it names something.
func (s *scale) to(base, at int, visit func(at int)) {
	if o := s.u16(at); o != 0 {
		visit(base + o)
	}
}

// each goes to what a count and as many offsets of two bytes at a place name, from base.
func (s *scale) each(base, at int, visit func(at int)) {
	for i := range s.u16(at) {
		if !s.spend(4) {
			return
		}
		s.to(base, at+2+2*i, visit)
	}
}

// list is each where offsets are from where the list is.
func (s *scale) list(at int, visit func(at int)) { s.each(at, at, visit) }

// count spends what a count at the beginning of a list says.
func (s *scale) count(at int) { s.spend(s.u16(at)) }

func (s *scale) cmap() {
	for i := range s.u16(2) {
		if !s.spend(4) {
			return
		}
		at := s.u32(4 + 8*i + 4)
		switch s.u16(at) {
		case 4:
			n := s.u16(at+6) / 2
			for k := range n {
				s.spend(8)
				if start := s.u16(at + 16 + 2*n + 2*k); start != 0xFFFF && s.u16(at+16+6*n+2*k) != 0 {
					s.spend(int(uint16(s.u16(at+14+2*k) - start + 1)))
				}
			}
		case 6:
			s.spend(s.u16(at + 8))
		case 10:
			s.spend(min(s.u32(at+16), len(s.data)))
		case 12, 13:
			s.spend(3 * min(s.u32(at+12), len(s.data)))
		case 14:
			for k := range s.u32(at + 6) {
				if !s.spend(8) {
					return
				}
				for _, o := range []int{3, 7} {
					if list := s.u32(at + 10 + 11*k + o); list != 0 {
						s.spend(2 * min(s.u32(at+list), len(s.data)))
					}
				}
			}
		}
	}
}

// outlines weighs what all glyphs have of points, which may be the same bytes.
func (s *scale) outlines(w work, glyphs int) {
	for g := range glyphs {
		from, to, ok := w.extent(uint32(g))
		if !ok || !s.spend(2) {
			return
		}
		switch n := int(int16(s.u16(from))); {
		case from == to:
		case n > 0:
			s.spend(n + 2 + s.u16(from+10+2*(n-1)))
		case n < 0:
			s.spend((to - from) / 4)
		}
	}
}

// bitmaps weighs where the bitmaps of CBLC lie.
func (s *scale) bitmaps() {
	for i := range s.u32(4) {
		at, n := s.u32(8+48*i), s.u32(8+48*i+8)
		if !s.spend(8) {
			return
		}
		for k := range n {
			if !s.spend(8) {
				return
			}
			entry := at + 8*k
			switch sub := at + s.u32(entry+4); s.u16(sub) {
			case 1, 3:
				s.spend(4 * (s.u16(entry+2) - s.u16(entry) + 2))
			case 4:
				s.spend(4 * min(s.u32(sub+8), len(s.data)))
			case 5:
				s.spend(4 * min(s.u32(sub+20), len(s.data)))
			}
		}
	}
}
