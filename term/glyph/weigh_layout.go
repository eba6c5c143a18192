package glyph

import "math/bits"

// layout weighs GSUB or GPOS.
func (s *scale) layout(positions bool) {
	scripts, features := s.u16(4), s.u16(6)
	language := func(at int) { s.count(at + 4) }
	for i := range s.u16(scripts) {
		if !s.spend(4) {
			return
		}
		script := scripts + s.u16(scripts+2+6*i+4)
		s.to(script, script, language)
		for k := range s.u16(script + 2) {
			if !s.spend(4) {
				return
			}
			language(script + s.u16(script+4+6*k+4))
		}
	}
	for i := range s.u16(features) {
		if !s.spend(4) {
			return
		}
		s.count(features + s.u16(features+2+6*i+4) + 2)
	}
	if s.u16(2) > 0 {
		s.variations(s.u32(10))
	}
	s.list(s.u16(8), func(lookup int) {
		kind := s.u16(lookup)
		s.each(lookup, lookup+4, func(at int) { s.lookup(positions, kind, at) })
	})
}

// variations weighs which features take the place of others.
func (s *scale) variations(at int) {
	if at == 0 {
		return
	}
	for i := range s.u32(at + 4) {
		if !s.spend(8) {
			return
		}
		s.spend(8 * s.u16(at+s.u32(at+8+8*i)))
		subst := at + s.u32(at+8+8*i+4)
		for k := range s.u16(subst + 4) {
			if !s.spend(4) {
				return
			}
			s.count(subst + s.u32(subst+6+6*k+2) + 2)
		}
	}
}

// lookup weighs a subtable of a kind.
func (s *scale) lookup(positions bool, kind, at int) {
	extension, context := 7, 5
	if positions {
		extension, context = 9, 7
	}
	if kind == extension {
		if kind = s.u16(at + 2); kind == extension {
			return
		}
		at += s.u32(at + 4)
	}
	s.spend(8)
	switch {
	case kind == context:
		s.context(at)
	case kind == context+1:
		s.chain(at)
	case positions:
		s.position(kind, at)
	default:
		s.substitution(kind, at)
	}
}

func (s *scale) coverage(at int) { s.spend(2 + 3*s.u16(at+2)) }

func (s *scale) classes(at int) {
	if s.u16(at) == 1 {
		s.count(at + 4)
	} else {
		s.spend(3 * s.u16(at+2))
	}
}

func (s *scale) substitution(kind, at int) {
	s.to(at, at+2, s.coverage)
	switch kind {
	case 1:
		if s.u16(at) == 2 {
			s.count(at + 4)
		}
	case 2, 3:
		s.each(at, at+4, s.count)
	case 4:
		s.each(at, at+4, func(set int) { s.list(set, func(ligature int) { s.count(ligature + 2) }) })
	case 8:
		before := at + 4
		s.each(at, before, s.coverage)
		after := before + 2 + 2*s.u16(before)
		s.each(at, after, s.coverage)
		s.count(after + 2 + 2*s.u16(after))
	}
}

// context weighs rules of sequences, by glyphs, by classes, or one by coverages.
func (s *scale) context(at int) {
	rules := func(set int) { s.list(set, func(rule int) { s.spend(s.u16(rule) + 2*s.u16(rule+2)) }) }
	switch s.u16(at) {
	case 1:
		s.to(at, at+2, s.coverage)
		s.each(at, at+4, rules)
	case 2:
		s.to(at, at+2, s.coverage)
		s.to(at, at+4, s.classes)
		s.each(at, at+6, rules)
	case 3:
		n := s.u16(at + 2)
		s.spend(2 * s.u16(at+4))
		for i := range n {
			if !s.spend(4) {
				return
			}
			s.to(at, at+6+2*i, s.coverage)
		}
	}
}

// chain weighs rules of sequences with what is before and after them.
func (s *scale) chain(at int) {
	rules := func(set int) {
		s.list(set, func(rule int) {
			before := s.u16(rule)
			rule += 2 + 2*before
			input := s.u16(rule)
			rule += 2 + 2*max(input-1, 0)
			after := s.u16(rule)
			s.spend(before + input + after + 2*s.u16(rule+2+2*after))
		})
	}
	switch s.u16(at) {
	case 1:
		s.to(at, at+2, s.coverage)
		s.each(at, at+4, rules)
	case 2:
		s.to(at, at+2, s.coverage)
		for _, o := range []int{4, 6, 8} {
			s.to(at, at+o, s.classes)
		}
		s.each(at, at+10, rules)
	case 3:
		p := at + 2
		for range 3 {
			s.each(at, p, s.coverage)
			p += 2 + 2*s.u16(p)
		}
		s.spend(2 * s.u16(p))
	}
}

func (s *scale) position(kind, at int) {
	s.to(at, at+2, s.coverage)
	switch kind {
	case 1:
		format, n := s.u16(at+4), 1
		records := at + 6
		if s.u16(at) == 2 {
			n, records = s.u16(at+6), at+8
		}
		size := 2 * bits.OnesCount8(uint8(format))
		for i := range n {
			if !s.spend(16) {
				return
			}
			// Offsets of device tables are the last of a record.
			for k := range bits.OnesCount8(uint8(format & 0xF0)) {
				s.device(at, records+(i+1)*size-2*(k+1))
			}
		}
	case 2:
		if s.u16(at) == 1 {
			s.each(at, at+8, func(int) { s.spend(8) })
		} else {
			s.to(at, at+8, s.classes)
			s.to(at, at+10, s.classes)
		}
	case 3:
		for i := range s.u16(at + 4) {
			if !s.spend(8) {
				return
			}
			s.to(at, at+6+4*i, s.anchor)
			s.to(at, at+6+4*i+2, s.anchor)
		}
	case 4, 5, 6:
		s.to(at, at+4, s.coverage)
		classes, marks, bases := s.u16(at+6), at+s.u16(at+8), at+s.u16(at+10)
		for i := range s.u16(marks) {
			if !s.spend(8) {
				return
			}
			s.to(marks, marks+2+4*i+2, s.anchor)
		}
		if kind == 5 {
			s.list(bases, func(ligature int) { s.spend((classes + 3) * s.u16(ligature)) })
		} else {
			s.spend((classes + 3) * s.u16(bases))
		}
	}
}

func (s *scale) anchor(at int) {
	if s.spend(4) && s.u16(at) == 3 {
		s.device(at, at+6)
		s.device(at, at+8)
	}
}

// device weighs what an offset at a place names: corrections for sizes of pixels.
func (s *scale) device(base, at int) {
	s.to(base, at, func(at int) { s.spend(4 + max(s.u16(at+2)-s.u16(at), 0)/4) })
}

// gdef weighs the classes of glyphs, and where carets stand in them.
func (s *scale) gdef() {
	s.to(0, 4, s.classes)
	s.to(0, 10, s.classes)
	s.to(0, 6, func(at int) {
		s.to(at, at, s.coverage)
		s.each(at, at+2, s.count)
	})
	s.to(0, 8, func(at int) {
		s.to(at, at, s.coverage)
		s.each(at, at+2, func(glyph int) {
			s.list(glyph, func(caret int) {
				if s.spend(4) && s.u16(caret) == 3 {
					s.device(caret, caret+4)
				}
			})
		})
	})
	if s.u16(2) >= 2 && s.u16(12) != 0 {
		sets := s.u16(12)
		for i := range s.u16(sets + 2) {
			if !s.spend(4) {
				return
			}
			s.coverage(sets + s.u32(sets+4+4*i))
		}
	}
	if s.u16(2) >= 3 && s.u32(14) != 0 {
		store := s.u32(14)
		regions := store + s.u32(store+2)
		s.spend(8 * s.u16(regions) * s.u16(regions+2))
		for i := range s.u16(store + 6) {
			if !s.spend(4) {
				return
			}
			sub := store + s.u32(store+8+4*i)
			s.spend(s.u16(sub+4) * (1 + s.u16(sub)))
		}
	}
}
