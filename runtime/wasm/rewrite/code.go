package rewrite

// The code of a function is read once. What changes is noted as edits in the order
// of their places; then the function is written: its bytes, with the edits between.
// So what is known only at a loop's end (its cost, whether it calls) can stand at
// its head, and bytes that stay are copied in runs.

// coder rewrites functions. Its buffers are used again from one to the next.
type coder struct {
	m      *module
	o      Options
	ops    *opcodeTable
	out    []byte // the code section, behind the count
	body   []byte // the function being written
	types  typeAdder
	refill uint32 // index of the imported function
	fuel   uint32 // index of the global
	depth  uint32
	// everyNaN makes each NaN canonical where it arises; tests compare with it.
	everyNaN bool
	mutable  uint64 // globals of the module
	work     uint64 // for the engine, so far

	// Of the function being read:
	fn      uint32
	typ     funcType
	params  uint32
	locals  uint32 // parameters included
	header  span   // the declarations of locals
	blocks  uint64 // stretches of code between labels and branches
	calls   uint64
	frames  []frame
	regions []region // 0 is the function, the others its loops
	edits   []edit
	extra   [extraLocals]bool
	st      stack
	bound   frameBound
}

// frame is an open block.
type frame struct {
	op     byte   // opBlock, opLoop, opIf, opElse
	loops  uint32 // wrapped loops from the function to this frame, itself included
	region uint32 // what is charged for the instructions in it
	// For durable modules:
	params, results uint32
	base            uint32 // operands below the frame
	join            join
}

// region is a stretch of code with one charge.
type region struct {
	work   uint32 // instructions, weighted
	calls  bool
	wraps  bool // a loop in the shape of fuel.go
	parent uint32
	bt     span // block type of the loop
}

type editKind uint8

const (
	editFunc     editKind = iota // index of a function: arg instead
	editLabel                    // label: arg instead
	editReturn                   // return: a branch to label arg if the function counts its depth
	editLoop                     // head of the loop of region arg
	editLoopEnd                  // behind the end of the loop of region arg
	editBulk                     // before a bulk instruction; arg is a shift
	editGrow                     // before memory.grow
	editNaN                      // behind an instruction that gives a NaN of class arg
	editFunction                 // the last end
)

// edit replaces len bytes at the offset at.
type edit struct {
	at, arg uint32
	len     uint16
	kind    editKind
	on      bool // of editNaN: the bits are looked at
}

func newCoder(m *module, o Options) *coder {
	c := &coder{m: m, o: o, ops: opcodes(), refill: m.imported,
		fuel: uint32(len(m.globals)), depth: uint32(len(m.globals)) + 1}
	for _, g := range m.globals {
		if g.mutable {
			c.mutable++
		}
	}
	c.types.m = m
	c.types.index(nil) // the type of refill
	c.out = make([]byte, 0, (m.bodies.to-m.bodies.from)*3/2)
	return c
}

// functions rewrites the whole code section into c.out.
func (c *coder) functions() error {
	r := &reader{b: c.m.raw[:c.m.bodies.to], p: c.m.bodies.from, fn: -1}
	for c.fn = c.m.imported; int(c.fn) < len(c.m.funcs); c.fn++ {
		at := r.p
		size := r.u32()
		if size > maxBody {
			r.failAt(at, ErrLimit, "a function of %d bytes, at most %d are taken", size, maxBody)
		}
		from := r.p
		r.take(size)
		if r.err != nil {
			return r.err
		}
		body := &reader{b: c.m.raw[:r.p], p: from, fn: int(c.fn)}
		c.read(body)
		if body.err != nil {
			return body.err
		}
		if err := c.write(); err != nil {
			return err
		}
		c.out = append(appendU32(c.out, uint32(len(c.body))), c.body...)
		if len(c.out) > maxOutput {
			r.fail(ErrLimit, "it would grow to more than %d bytes", maxOutput)
			return r.err
		}
	}
	r.end("code")
	if r.err != nil {
		return r.err
	}
	return nil
}

// read decodes one function and notes the edits.
func (c *coder) read(r *reader) {
	c.typ = c.m.types[c.m.funcs[c.fn]]
	c.params = uint32(len(c.typ.params))
	c.locals = c.params
	c.edits, c.frames, c.regions = c.edits[:0], c.frames[:0], c.regions[:0]
	c.extra = [extraLocals]bool{}
	c.blocks, c.calls = 0, 0
	c.st.reset()
	c.bound.reset(c.typ, uint32(r.p))
	c.readLocals(r)
	c.regions = append(c.regions, region{})
	c.frames = append(c.frames, frame{op: opBlock, results: uint32(len(c.typ.results))})
	from := r.p
	for r.more() {
		c.instruction(r)
		if len(c.frames) == 0 {
			break
		}
	}
	if r.err == nil && (r.more() || len(c.frames) > 0) {
		r.fail(ErrMalformed, "code that does not end with its function")
	}
	c.plan()
	// What the engine does for each local in each block, and for each mutable global
	// behind each call.
	work := c.blocks*uint64(c.locals) + c.calls*c.mutable
	c.work += work
	if work > maxFunctionWork || c.work > maxModuleWork {
		r.failAt(from, ErrLimit, "%d locals in %d blocks, and %d calls over %d mutable globals, take too long to compile",
			c.locals, c.blocks, c.calls, c.mutable)
	}
}

func (c *coder) readLocals(r *reader) {
	c.header.from = r.p
	for range r.count("groups of locals", maxLocals) {
		n := r.u32()
		if n > maxLocals || c.locals+n > maxLocals+maxArity {
			r.fail(ErrLimit, "more than %d locals", maxLocals)
			return
		}
		if r.valType() == V128 {
			c.bound.vectors = true
		}
		c.locals += n
	}
	c.header.to = r.p
}

func (c *coder) top() *frame { return &c.frames[len(c.frames)-1] }

// instruction reads one and notes what it needs.
func (c *coder) instruction(r *reader) {
	at := r.p
	code := r.byte()
	op := &c.ops.plain[code]
	if op.name == "" {
		if op = c.prefixed(r, at, code); op == nil {
			return
		}
	}
	if c.o.Durable && op.undurable != "" {
		r.failAt(at, ErrNotDurable, "%s: %s", op.name, op.undurable)
		return
	}
	c.regions[c.top().region].work++
	c.st.now++
	if op.control {
		c.control(r, at, code, op)
		return
	}
	c.immediate(r, at, op)
	if c.o.Durable {
		c.operands(r, op)
	}
}

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
