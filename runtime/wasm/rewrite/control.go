package rewrite

// control reads the immediates of an instruction whose operands depend on more than
// its opcode.
func (c *coder) control(r *reader, at int, code byte, op *opcode) {
	f := c.top()
	durable := c.o.Durable
	switch code {
	case opUnreachable:
		c.unreachable()
	case opBlock, opLoop, opIf:
		c.open(r, at, code)
	case opElse:
		if f.op != opIf {
			r.failAt(at, ErrMalformed, "an else without its if")
			return
		}
		f.op = opElse
		if durable {
			c.settle()
			c.st.cut(f.base)
			c.st.pushPlain(r, f.params)
		}
	case opEnd:
		c.close(r, at)
	case opBr, opBrIf:
		c.blocks++
		if durable && code == opBrIf {
			c.pop()
		}
		c.label(r)
		if durable {
			c.settle()
		}
		if code == opBr {
			c.unreachable()
		}
	case opBrTable:
		if durable {
			c.pop()
		}
		n := r.count("labels", maxBody)
		c.blocks += uint64(n)
		for range n {
			c.label(r)
		}
		c.label(r)
		c.unreachable()
	case opReturn:
		c.edits = append(c.edits, edit{at: uint32(at), len: 1, kind: editReturn,
			arg: uint32(len(c.frames)) - 1 + loopLevels*f.loops})
		c.unreachable()
	case opCall:
		c.call(r, c.m.types[c.m.funcs[c.funcIndex(r)]])
	case opCallIndirect:
		t := r.index("type", uint32(len(c.m.types)))
		r.index("table", uint32(len(c.m.tables)))
		if r.err != nil {
			return
		}
		if durable {
			c.pop()
		}
		c.call(r, c.m.types[t])
	case opDrop:
		if durable {
			c.pop() // the bits of what is dropped are not looked at
		}
	case opSelect, opSelectT:
		if code == opSelectT {
			r.valTypes("types")
		}
		if durable {
			c.pop()
			c.use(c.pop(), noNaN)
			c.use(c.pop(), noNaN)
			c.st.push(r, operand{nan: -1, born: c.st.now})
		}
	default: // local and global
		c.variable(r, at, code, op)
	}
}

func (c *coder) variable(r *reader, at int, code byte, op *opcode) {
	var i uint32
	if op.imm == immLocal {
		i = r.index("local", c.locals)
	} else {
		// The globals of the rewriter lie behind those of the module: code that could
		// name them could give itself fuel.
		i = r.index("global", uint32(len(c.m.globals)))
	}
	if !c.o.Durable || r.err != nil {
		return
	}
	switch code {
	case opLocalGet:
		c.st.pushPlain(r, 1)
	case opGlobalGet:
		c.bound.slots++
		c.st.pushPlain(r, 1)
	case opLocalSet:
		c.use(c.pop(), noNaN)
		c.assigned(i, at)
	case opLocalTee:
		c.use(c.pop(), noNaN)
		c.st.pushPlain(r, 1)
		c.assigned(i, at)
	case opGlobalSet:
		c.use(c.pop(), noNaN)
	}
}

func (c *coder) call(r *reader, t funcType) {
	c.calls++
	g := &c.regions[c.top().region]
	g.calls = true
	g.work += callWork - 1
	if !c.o.Durable {
		return
	}
	for range t.params {
		c.use(c.pop(), noNaN)
	}
	c.keep()
	c.st.pushPlain(r, uint32(len(t.results)))
	c.bound.call(t)
}

// open reads the head of a block.
func (c *coder) open(r *reader, at int, code byte) {
	if len(c.frames) >= maxNesting {
		r.failAt(at, ErrLimit, "blocks more than %d deep", maxNesting)
		return
	}
	bt := r.p
	params, results := c.blockType(r)
	if r.err != nil {
		return
	}
	if c.o.Durable && code == opIf {
		c.pop()
	}
	c.blocks++
	parent := c.top()
	f := frame{op: code, loops: parent.loops, region: parent.region, params: params, results: results}
	if code == opLoop {
		f.region = uint32(len(c.regions))
		// A loop with parameters would need types of its own for the blocks around it;
		// compilers hardly make them.
		wraps := params == 0
		c.regions = append(c.regions, region{work: 0, parent: parent.region, wraps: wraps, bt: span{bt, r.p}})
		c.edits = append(c.edits, edit{at: uint32(at), len: uint16(r.p - at), kind: editLoop, arg: f.region})
		if wraps {
			f.loops++
		}
	}
	if c.o.Durable {
		c.settle()
		for range params {
			c.pop()
		}
		f.base = c.st.height()
		f.join = c.bound.open(at)
		c.st.pushPlain(r, params)
	}
	c.frames = append(c.frames, f)
}

// close reads the end of a block.
func (c *coder) close(r *reader, at int) {
	f := *c.top()
	c.frames = c.frames[:len(c.frames)-1]
	if c.o.Durable {
		c.settle()
		c.st.cut(f.base)
		if len(c.frames) > 0 {
			c.st.pushPlain(r, f.results)
			c.bound.close(&f, &c.top().join, c.regions[f.region].wraps && f.op == opLoop)
		}
	}
	switch {
	case len(c.frames) == 0:
		c.edits = append(c.edits, edit{at: uint32(at), len: 1, kind: editFunction})
	case f.op == opLoop:
		g := &c.regions[f.region]
		// A loop that is not wrapped changes the fuel without telling an outer loop.
		if g.calls || !g.wraps {
			c.regions[g.parent].calls = true
		}
		c.edits = append(c.edits, edit{at: uint32(r.p), kind: editLoopEnd, arg: f.region})
	}
}

// blockType returns the counts of parameters and results.
func (c *coder) blockType(r *reader) (params, results uint32) {
	at := r.p
	t := r.s33()
	switch {
	case r.err != nil || t == -0x40:
		return 0, 0
	case t < 0:
		if r.p != at+1 || !ValType(t&0x7f).valid() {
			r.failAt(at, ErrUnsupported, "a block of the type %#x", t&0x7f)
		}
		return 0, 1
	case t >= int64(len(c.m.types)):
		r.failAt(at, ErrMalformed, "type %d of %d", t, len(c.m.types))
		return 0, 0
	}
	ft := c.m.types[t]
	return uint32(len(ft.params)), uint32(len(ft.results))
}

// label reads the target of a branch and notes what it becomes: each wrapped loop
// that the branch leaves has loopLevels more blocks around it.
func (c *coder) label(r *reader) {
	at := r.p
	k := r.index("label", uint32(len(c.frames)))
	if r.err != nil {
		return
	}
	target := &c.frames[len(c.frames)-1-int(k)]
	to := k + loopLevels*(c.top().loops-target.loops)
	if to != k {
		c.edits = append(c.edits, edit{at: uint32(at), len: uint16(r.p - at), kind: editLabel, arg: to})
	}
}

func (c *coder) funcIndex(r *reader) uint32 {
	at := r.p
	f := r.index("function", uint32(len(c.m.funcs)))
	if r.err == nil && f >= c.m.imported {
		c.edits = append(c.edits, edit{at: uint32(at), len: uint16(r.p - at), kind: editFunc, arg: f + 1})
	}
	return f
}

// unreachable notes that control does not pass here.
func (c *coder) unreachable() {
	if c.o.Durable {
		c.settle()
		c.st.cut(c.top().base)
	}
}
