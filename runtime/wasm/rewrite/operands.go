package rewrite

// stack follows the operands of a durable function: which of them may be a NaN
// whose bits nobody has looked at yet, and how many there are.
type stack struct {
	// nan is, for each operand, the edit that would make it canonical, or -1.
	nan []int32
	// settled counts the operands at the bottom that have no such edit open, so that
	// a branch looks only at those that are new since the last one.
	settled int
}

func (s *stack) reset()         { s.nan, s.settled = s.nan[:0], 0 }
func (s *stack) height() uint32 { return uint32(len(s.nan)) }

func (s *stack) cut(n uint32) {
	if int(n) < len(s.nan) {
		s.nan = s.nan[:n]
	}
	s.settled = min(s.settled, len(s.nan))
}

func (s *stack) pushPlain(r *reader, n uint32) {
	if len(s.nan)+int(n) > maxOperands {
		r.fail(ErrLimit, "more than %d operands", maxOperands)
		return
	}
	for range n {
		s.nan = append(s.nan, -1)
	}
}

func (c *coder) push(r *reader, nan int32) {
	s := &c.st
	if len(s.nan) >= maxOperands {
		r.fail(ErrLimit, "more than %d operands", maxOperands)
		return
	}
	if len(s.nan) >= registerOperands {
		c.bound.slots++
	}
	s.nan = append(s.nan, nan)
}

// pop takes an operand of the innermost block; where there is none, code cannot be
// reached or is invalid, and what it does not say does not matter.
func (c *coder) pop() int32 {
	s := &c.st
	if uint32(len(s.nan)) <= c.top().base {
		return -1
	}
	n := s.nan[len(s.nan)-1]
	s.nan = s.nan[:len(s.nan)-1]
	s.settled = min(s.settled, len(s.nan))
	return n
}

// use notes that an instruction which tells nothing of the bits of a NaN of the
// class takes, and of no other, has consumed an operand.
func (c *coder) use(nan int32, takes nanClass) {
	if nan >= 0 && (takes == noNaN || nanClass(c.edits[nan].arg) != takes) {
		c.edits[nan].on = true
	}
}

// settle makes every operand canonical: control flow may carry it elsewhere.
func (c *coder) settle() {
	s := &c.st
	for _, n := range s.nan[s.settled:] {
		c.use(n, noNaN)
	}
	for i := s.settled; i < len(s.nan); i++ {
		s.nan[i] = -1
	}
	s.settled = len(s.nan)
}

// operands does what an ordinary instruction does to the stack.
func (c *coder) operands(r *reader, op *opcode) {
	for range op.pops {
		c.use(c.pop(), op.takes)
	}
	if op.pushes == 0 {
		return
	}
	nan := int32(-1)
	if op.gives != noNaN {
		nan = int32(len(c.edits))
		c.edits = append(c.edits, edit{at: uint32(r.p), kind: editNaN, arg: uint32(op.gives)})
	}
	c.push(r, nan)
}
