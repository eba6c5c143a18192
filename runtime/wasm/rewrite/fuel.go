package rewrite

// What is charged; the package comment says it in words.
const (
	workPerUnit = 64
	callWork    = 16
	growCost    = 256
	// Bulk instructions by the logarithm of what one unit moves.
	memoryShift = 8 // bytes
	tableShift  = 4 // elements
)

// loopLevels is how many blocks a wrapped loop has around it:
//
//	block $exit (result t)
//	  loop $again (result t)
//	    fuel' = fuel                   only if the loop calls nothing
//	    block $empty
//	      loop $l (result t)           the loop of the module
//	        fuel = fuel' = fuel' - cost
//	        br_if $empty (fuel' < 0)
//	        ...
//	      end
//	      br $exit
//	    end
//	    call refill
//	    fuel = fuel + cost             the header charges again
//	    br $again
//	  end
//	end
//
// The call stands behind the loop, where it costs the loop neither registers nor a
// jump; an `if` at the header made a tight loop two to four times slower. fuel' is
// a local that holds what the global holds, so that the iterations of a loop do not
// wait for each other's store; the store stays, so that the global is exact.
const loopLevels = 3

func (g *region) cost() int64 { return 1 + int64(g.work)/workPerUnit }

func (c *coder) getFuel(b []byte) []byte { return appendU32(append(b, opGlobalGet), c.fuel) }
func (c *coder) setFuel(b []byte) []byte { return appendU32(append(b, opGlobalSet), c.fuel) }

func (c *coder) callRefill(b []byte) []byte { return appendU32(append(b, opCall), c.refill) }

// spend subtracts a constant from the fuel without looking at the result.
func (c *coder) spend(b []byte, cost int64) []byte {
	b = appendS64(append(c.getFuel(b), opI64Const), cost)
	return c.setFuel(append(b, opI64Sub))
}

// isEmpty leaves on the stack whether the fuel is below zero.
func (c *coder) isEmpty(b []byte) []byte {
	return append(c.getFuel(b), opI64Const, 0, opI64LtS)
}

func (c *coder) refillIfEmpty(b []byte) []byte {
	b = append(c.isEmpty(b), opIf, emptyBlock)
	return append(c.callRefill(b), opEnd)
}

// functionHead writes the charge of a function, once it has begun: a loop that is
// left at once, so that the refill flows into nothing else.
//
//	fuel = fuel - cost
//	loop $again
//	  block $enough
//	    br_if $enough (fuel >= 0)
//	    call refill
//	    br $again
//	  end
//	end
func (c *coder) functionHead(b []byte, f *region) []byte {
	b = append(c.spend(b, f.cost()), opLoop, emptyBlock, opBlock, emptyBlock)
	b = append(c.getFuel(b), opI64Const, 0, opI64GeS, opBrIf, 0)
	return append(c.callRefill(b), opBr, 1, opEnd, opEnd)
}

// loopHead writes the head of a loop with its charge.
func (c *coder) loopHead(b []byte, g *region) []byte {
	bt := c.m.raw[g.bt.from:g.bt.to]
	if !g.wraps {
		b = append(append(b, opLoop), bt...)
		return c.refillIfEmpty(c.spend(b, g.cost()))
	}
	b = append(append(b, opBlock), bt...)
	b = append(append(b, opLoop), bt...)
	if g.calls {
		b = append(b, opBlock, emptyBlock, opLoop)
		b = c.isEmpty(c.spend(append(b, bt...), g.cost()))
		return append(b, opBrIf, 1)
	}
	fuel := c.local(localFuel)
	b = appendU32(append(c.getFuel(b), opLocalSet), fuel)
	b = append(b, opBlock, emptyBlock, opLoop)
	b = append(b, bt...)
	b = appendU32(append(b, opLocalGet), fuel)
	b = append(appendS64(append(b, opI64Const), g.cost()), opI64Sub)
	b = appendU32(append(b, opLocalTee), fuel)
	b = c.setFuel(b)
	b = appendU32(append(b, opLocalGet), fuel)
	return append(b, opI64Const, 0, opI64LtS, opBrIf, 1)
}

// loopTail writes what stands behind the end of a loop.
func (c *coder) loopTail(b []byte, g *region) []byte {
	if !g.wraps {
		return b
	}
	b = c.callRefill(append(b, opBr, 2, opEnd))
	b = c.spend(b, -g.cost())
	return append(b, opBr, 0, opEnd, opEnd)
}

// bulk notes the charge of an instruction whose time depends on its last operand.
func (c *coder) bulk(at int, n uint32) {
	shift := uint32(memoryShift)
	switch n {
	case miscMemoryInit, miscMemoryCopy, miscMemoryFill:
	case miscTableInit, miscTableCopy, miscTableGrow, miscTableFill:
		shift = tableShift
	default:
		return
	}
	c.edits = append(c.edits, edit{at: uint32(at), kind: editBulk, arg: shift})
	c.regions[c.top().region].calls = true // it can refill
}

func (c *coder) spendBulk(b []byte, shift uint32) []byte {
	n := c.local(localLength)
	b = appendU32(append(b, opLocalSet), n)
	b = appendU32(append(c.getFuel(b), opLocalGet), n)
	b = append(b, opI64ExtendU, opI64Const, byte(shift), opI64ShrU, opI64Sub)
	b = c.refillIfEmpty(c.setFuel(b))
	return appendU32(append(b, opLocalGet), n)
}
