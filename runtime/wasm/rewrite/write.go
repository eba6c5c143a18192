package rewrite

// Locals that the rewriter adds to a function, where it needs them, behind those of
// the module.
type extraLocal int

const (
	localFuel extraLocal = iota
	localLength
	localF32
	localF64
	localV128
	extraLocals
)

var extraTypes = [extraLocals]ValType{localFuel: I64, localLength: I32, localF32: F32, localF64: F64, localV128: V128}

func localOf(c nanClass) extraLocal {
	switch c {
	case nanF32:
		return localF32
	case nanF64:
		return localF64
	}
	return localV128
}

// local returns the index of a local that was found to be needed.
func (c *coder) local(x extraLocal) uint32 {
	i := c.locals
	for _, need := range c.extra[:x] {
		if need {
			i++
		}
	}
	return i
}

// write makes c.body of the function that was read.
func (c *coder) write() error {
	f := &c.regions[0]
	calls := len(c.regions) > 1 || f.calls
	charged := calls || f.work > workPerUnit || c.locals > workPerUnit
	units := c.bound.units()
	counted := c.o.Durable && (f.calls || units > maxLeafUnits)
	if counted && units > uint64(c.o.MaxDepth) {
		return &Error{Kind: ErrLimit, Offset: c.header.from, Func: int(c.fn),
			What: "a frame that can take more stack than the whole depth allowed"}
	}
	charged = charged || counted

	b := c.declare(c.body[:0])
	if charged {
		b = c.functionHead(b, f)
	}
	if counted {
		b = c.enter(b, units)
		b = append(append(b, opBlock), c.types.block(c.typ.results)...)
	}
	raw := c.m.raw
	p := c.header.to
	for i := range c.edits {
		e := &c.edits[i]
		b = append(b, raw[p:e.at]...)
		p = int(e.at) + int(e.len)
		switch e.kind {
		case editFunc, editLabel:
			b = appendU32(b, e.arg)
		case editReturn:
			if counted {
				b = appendU32(append(b, opBr), e.arg)
			} else {
				b = append(b, opReturn)
			}
		case editLoop:
			b = c.loopHead(b, &c.regions[e.arg])
		case editLoopEnd:
			b = c.loopTail(b, &c.regions[e.arg])
		case editBulk:
			b = c.spendBulk(b, e.arg)
		case editGrow:
			b = c.refillIfEmpty(c.spend(b, growCost))
		case editNaN:
			if e.on {
				b = c.canonical(b, nanClass(e.arg))
			}
		case editFunction:
			b = append(b, opEnd)
			if counted {
				b = append(c.leave(b, units), opEnd)
			}
		}
	}
	c.body = b
	return nil
}

// plan finds which locals are needed and what the edits add to the frame.
func (c *coder) plan() {
	for i := range c.edits {
		switch e := &c.edits[i]; {
		case e.kind == editLoop:
			if g := &c.regions[e.arg]; g.wraps && !g.calls {
				c.extra[localFuel] = true
			}
		case e.kind == editBulk:
			c.extra[localLength] = true
			c.bound.slots++
		case e.kind == editNaN && e.on:
			c.extra[localOf(nanClass(e.arg))] = true
			c.blocks++
			c.bound.slots += 2
		}
	}
}

// declare writes the declarations of locals.
func (c *coder) declare(b []byte) []byte {
	r := &reader{b: c.m.raw[:c.header.to], p: c.header.from}
	groups := r.u32()
	for _, need := range c.extra {
		if need {
			groups++
		}
	}
	b = append(appendU32(b, groups), c.m.raw[r.p:c.header.to]...)
	for x, need := range c.extra {
		if need {
			b = append(b, 1, byte(extraTypes[x]))
		}
	}
	return b
}
