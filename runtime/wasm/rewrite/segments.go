package rewrite

// constant reads a constant expression and appends it to out, with the indices of
// functions as they will be.
func (m *module) constant(r *reader, out []byte) []byte {
	for r.err == nil {
		from := r.p
		switch op := r.byte(); op {
		case opEnd:
			return append(out, opEnd)
		case opI32Const:
			r.skipLEB(5)
		case opI64Const:
			r.skipLEB(10)
		case opF32Const:
			r.take(4)
		case opF64Const:
			r.take(8)
		case opGlobalGet:
			r.index("global", uint32(len(m.globals)))
		case opRefNull:
			if t := ValType(r.byte()); !t.reference() {
				r.failAt(from, ErrUnsupported, "a null of %s", t)
			}
		case opRefFunc:
			f := r.index("function", uint32(len(m.funcs)))
			out = appendU32(append(out, opRefFunc), m.shift(f))
			continue
		case opSIMD:
			if op := r.u32(); op != simdConst {
				r.failAt(from, ErrMalformed, "a vector instruction in a constant")
			}
			r.take(16)
		default:
			r.failAt(from, ErrUnsupported, "the instruction %#x in a constant", op)
		}
		if r.err == nil {
			out = append(out, r.b[from:r.p]...)
		}
	}
	return out
}

// shift returns the index of function f in the rewritten module.
func (m *module) shift(f uint32) uint32 {
	if f >= m.imported {
		return f + 1
	}
	return f
}

// elementSegments reads m.elements segments and appends them to out as they will
// be.
//
//	flags: 1 passive or declared, 2 with a table (passive: declared), 4 expressions
func (m *module) elementSegments(r *reader, out []byte) []byte {
	for range m.elements {
		at := r.p
		flags := r.u32()
		if flags > 7 {
			r.failAt(at, ErrMalformed, "an element segment of the form %d", flags)
		}
		out = appendU32(out, flags)
		if flags&1 == 0 {
			if flags&2 != 0 {
				out = appendU32(out, r.index("table", uint32(len(m.tables))))
			}
			out = m.constant(r, out)
		}
		if flags&3 != 0 { // a kind, or the type of a reference
			out = append(out, r.byte())
		}
		n := r.count("elements", maxTableElements)
		out = appendU32(out, n)
		for range n {
			if flags&4 != 0 {
				out = m.constant(r, out)
			} else {
				out = appendU32(out, m.shift(r.index("function", uint32(len(m.funcs)))))
			}
		}
		if r.err != nil {
			return out
		}
	}
	return out
}

// dataSegments passes over m.segments segments.
func (m *module) dataSegments(r *reader) {
	for range m.segments {
		m.dataHead(r)
		r.take(r.u32())
		if r.err != nil {
			return
		}
	}
}

// dataHead reads what stands before the bytes of a segment.
func (m *module) dataHead(r *reader) (active bool) {
	at := r.p
	switch flags := r.u32(); flags {
	case 1:
		return false
	case 2:
		r.index("memory", 1)
	case 0:
	default:
		r.failAt(at, ErrMalformed, "a data segment of the form %d", flags)
	}
	m.scratch = m.constant(r, m.scratch[:0])
	return true
}

// imageSegments appends the data segments as they are behind an image: the active
// ones empty and passive.
func (m *module) imageSegments(r *reader, out []byte) []byte {
	for range m.segments {
		active := m.dataHead(r)
		bytes := r.take(r.u32())
		out = append(out, 1)
		if active {
			out = append(out, 0)
		} else {
			out = append(appendU32(out, uint32(len(bytes))), bytes...)
		}
	}
	return out
}
