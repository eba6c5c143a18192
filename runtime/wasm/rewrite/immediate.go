package rewrite

// prefixed finds an instruction of several bytes, and says which proposal one
// belongs to that is not taken.
func (c *coder) prefixed(r *reader, at int, code byte) *opcode {
	switch code {
	case opMisc:
		n := r.u32()
		if n < uint32(len(c.ops.misc)) {
			op := &c.ops.misc[n]
			c.bulk(at, n)
			return op
		}
		r.failAt(at, ErrUnsupported, "the instruction 0xfc %d", n)
	case opSIMD:
		c.bound.vectors = true
		n := r.u32()
		if n < uint32(len(c.ops.simd)) && c.ops.simd[n].name != "" {
			return &c.ops.simd[n]
		}
		if n >= 256 && n < 276 {
			r.failAt(at, ErrUnsupported, "relaxed vectors (the instruction 0xfd %d), whose results differ between machines", n)
		}
		r.failAt(at, ErrUnsupported, "the instruction 0xfd %d", n)
	case opAtomic:
		r.failAt(at, ErrUnsupported, "threads (an atomic instruction)")
	case 0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f:
		r.failAt(at, ErrUnsupported, "exceptions (the instruction %#x)", code)
	case 0x12, 0x13:
		r.failAt(at, ErrUnsupported, "tail calls (the instruction %#x)", code)
	case 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6, 0xfb:
		r.failAt(at, ErrUnsupported, "typed references or garbage collection (the instruction %#x)", code)
	default:
		r.failAt(at, ErrUnsupported, "the instruction %#x", code)
	}
	return nil
}

// immediate passes over what follows an opcode.
func (c *coder) immediate(r *reader, at int, op *opcode) {
	m := c.m
	switch op.imm {
	case immNone:
	case immFunc:
		c.funcIndex(r)
	case immTable:
		r.index("table", uint32(len(m.tables)))
	case immMem, immMemLane:
		c.memory(r, at)
		if align := r.u32(); align > 4 {
			r.failAt(at, ErrMalformed, "an alignment of 2^%d", align)
		}
		r.u32()
		c.bound.slots++
		if op.imm == immMemLane {
			r.byte()
		}
	case immMemory:
		c.memoryIndex(r, at)
		if op == &c.ops.plain[opMemoryGrow] {
			c.edits = append(c.edits, edit{at: uint32(at), kind: editGrow})
			c.regions[c.top().region].calls = true
		}
	case immI32:
		r.skipLEB(5)
	case immI64:
		r.skipLEB(10)
	case immF32:
		r.take(4)
	case immF64:
		r.take(8)
	case immRefType:
		if t := ValType(r.byte()); r.err == nil && !t.reference() {
			r.failAt(at, ErrUnsupported, "a null of %s", t)
		}
	case immDataMemory:
		c.dataIndex(r, at)
		c.memoryIndex(r, at)
	case immData:
		c.dataIndex(r, at)
	case immMemoryMemory:
		c.memoryIndex(r, at)
		c.memoryIndex(r, at)
	case immElemTable:
		r.index("element segment", m.elements)
		r.index("table", uint32(len(m.tables)))
	case immElem:
		r.index("element segment", m.elements)
	case immTableTable:
		r.index("table", uint32(len(m.tables)))
		r.index("table", uint32(len(m.tables)))
	case immV128, immLanes:
		r.take(16)
	case immLane:
		r.byte()
	}
}

func (c *coder) memory(r *reader, at int) {
	if c.m.anyMemory() == nil {
		r.failAt(at, ErrMalformed, "an access to memory in a module without one")
	}
}

func (c *coder) memoryIndex(r *reader, at int) {
	c.memory(r, at)
	if r.byte() != 0 {
		r.failAt(at, ErrUnsupported, "more than one memory")
	}
}

func (c *coder) dataIndex(r *reader, at int) {
	if !c.m.dataCount {
		r.failAt(at, ErrMalformed, "a data segment in code, without a section that counts them")
	}
	r.index("data segment", c.m.segments)
}
