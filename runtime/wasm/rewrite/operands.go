package rewrite

// operand is one value on the stack of a durable function.
type operand struct {
	// nan is the edit that would make the value canonical, -1 if its bits are settled.
	nan int32
	// born is the instruction that made it, ageless for a value that has its slot in
	// the frame already or needs none.
	born uint32
}

const ageless = ^uint32(0)

// stack follows the operands of a durable function.
type stack struct {
	ops []operand
	// settled and kept count the operands at the bottom of which the bits are settled,
	// and which have their slot: a branch or call looks only at those that are new.
	settled, kept int
	now           uint32 // instructions so far
}

func (s *stack) reset()         { s.ops, s.settled, s.kept, s.now = s.ops[:0], 0, 0, 0 }
func (s *stack) height() uint32 { return uint32(len(s.ops)) }

func (s *stack) cut(n uint32) {
	if int(n) < len(s.ops) {
		s.ops = s.ops[:n]
	}
	s.settled = min(s.settled, len(s.ops))
	s.kept = min(s.kept, len(s.ops))
}

func (s *stack) push(r *reader, o operand) {
	if len(s.ops) >= maxOperands {
		r.fail(ErrLimit, "more than %d operands", maxOperands)
		return
	}
	s.ops = append(s.ops, o)
}

// pushPlain pushes values that are settled and have their slots.
func (s *stack) pushPlain(r *reader, n uint32) {
	for range n {
		s.push(r, operand{nan: -1, born: ageless})
		if r.err != nil {
			return
		}
	}
}

// pop takes an operand of the innermost block; where there is none, code cannot be
// reached or is invalid, and what it does not say does not matter.
func (c *coder) pop() int32 {
	s := &c.st
	n := len(s.ops)
	if uint32(n) <= c.top().base {
		return -1
	}
	o := s.ops[n-1]
	s.cut(uint32(n - 1))
	if o.born != ageless && s.now-o.born > shortLife && s.kept < n {
		c.bound.slots++
	}
	return o.nan
}

// keep gives every operand a slot in the frame: a call or the end of a block comes
// before its use.
func (c *coder) keep() {
	s := &c.st
	for _, o := range s.ops[s.kept:] {
		if o.born != ageless {
			c.bound.slots++
		}
	}
	for i := s.kept; i < len(s.ops); i++ {
		s.ops[i].born = ageless
	}
	s.kept = len(s.ops)
}

// use notes that an instruction which tells nothing of the bits of a NaN of the
// class takes, and of no other, has consumed an operand.
func (c *coder) use(nan int32, takes nanClass) {
	if nan >= 0 && (takes == noNaN || nanClass(c.edits[nan].arg) != takes) {
		c.edits[nan].on = true
	}
}

// settle makes every operand canonical and keeps it: control flow may carry it
// elsewhere.
func (c *coder) settle() {
	s := &c.st
	for i := s.settled; i < len(s.ops); i++ {
		c.use(s.ops[i].nan, noNaN)
		s.ops[i].nan = -1
	}
	s.settled = len(s.ops)
	c.keep()
}

// operands does what an ordinary instruction does to the stack.
func (c *coder) operands(r *reader, op *opcode) {
	for range op.pops {
		c.use(c.pop(), op.takes)
	}
	if op.calls {
		c.keep()
	}
	c.bound.slots += uint64(op.evicts)
	if op.pushes == 0 {
		return
	}
	o := operand{nan: -1, born: c.st.now}
	if op.pops == 0 {
		o.born = ageless // a constant is made again where it is used
	}
	if op.gives != noNaN {
		c.keep() // what makes it canonical is a block of its own
		o.nan = int32(len(c.edits))
		c.edits = append(c.edits, edit{at: uint32(r.p), kind: editNaN, arg: uint32(op.gives), on: c.everyNaN})
	}
	c.st.push(r, o)
}
