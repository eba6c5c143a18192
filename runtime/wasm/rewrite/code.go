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
