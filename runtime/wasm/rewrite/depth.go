package rewrite

// DepthUnit is the stack, in bytes, that one unit of depth stands for.
const DepthUnit = 16

const (
	// MaxMaxDepth is the most that can be asked for: 48 million bytes. wazero lets a
	// stack grow until it is longer than 50,000,000 bytes; the rest is for what is not
	// counted, a function that calls nothing and the engine's own.
	MaxMaxDepth = 3_000_000
	// DefaultDepth is 16 MiB of stack by the bound, some thousands of calls of what
	// compilers make.
	DefaultDepth = 1 << 20
	// maxLeafUnits is the largest frame of a function that is not counted: 1 MiB.
	maxLeafUnits = 1 << 16
)

// The bound of a frame.
//
// wazero keeps each value that does not stay in a register in a slot of its own, so
// a frame is as large as the number of values that may be evicted, not as the number
// of operands and locals. What can be evicted lives longer than the expression that
// makes it, or is crowded out in a high one:
//
//   - parameters, and each value that is assigned to a local;
//   - where control flow joins, each local assigned on one of the ways, and what
//     branches carry;
//   - results of calls, globals that are read, and the address of each access to
//     memory, which the compiler keeps for the next one;
//   - operands that wait for a call or another block to end, or for more than
//     shortLife instructions;
//   - for a division or shift, what was in the registers that it must have.
//
// Slots are 8 bytes, 16 if the function has vectors; frameSlots more are for saved
// registers and the engine's pointers; arguments and results that do not fit
// registers lie in the caller's frame. Against the frames that wazero 1.12 made on
// amd64 of 11,600 functions (Go, C, Rust, binaryen's generator and that of the tests)
// the bound was never below, 1.007 times at the least and ten times at the median.
const (
	frameSlots = 48
	shortLife  = 8
)

type frameBound struct {
	slots   uint64
	passed  uint64 // most slots for the arguments and results of a call
	vectors bool
	last    []uint32 // for each local, the offset behind its last assignment
	from    uint32   // offset of the function: assignments before it are of others
}

// join counts the locals assigned in a block, each once.
type join struct {
	at       uint32 // offset of the block
	assigned int64
}

func (f *frameBound) reset(t funcType, at uint32) {
	f.slots = frameSlots + uint64(len(t.params)+len(t.results))
	f.passed, f.from, f.vectors = 0, at, false
	for _, b := range [][]byte{t.params, t.results} {
		for _, c := range b {
			f.vectors = f.vectors || ValType(c) == V128
		}
	}
}

func (f *frameBound) call(t funcType) {
	f.slots += 1 + uint64(len(t.results))
	f.passed = max(f.passed, uint64(len(t.params)+len(t.results)))
}

func (f *frameBound) open(at int) join { return join{at: uint32(at)} }

// close adds the join at the end of a block, or at the head of a loop. A wrapped
// loop has two heads, and the charge joins at both.
func (f *frameBound) close(b *frame, parent *join, wrapped bool) {
	n := uint64(b.join.assigned) + uint64(b.params+b.results)
	if wrapped {
		n = 2*n + 4
	}
	f.slots += n
	parent.assigned += b.join.assigned
}

// assigned notes an assignment to a local. Blocks that were open at the local's last
// assignment, if still open, have counted it: only those opened since are new.
func (c *coder) assigned(local uint32, at int) {
	f := &c.bound
	f.slots++
	for int(local) >= len(f.last) {
		f.last = append(f.last, 0)
	}
	last := f.last[local]
	f.last[local] = uint32(at) + 1
	// The lowest frame opened after the last assignment; the function itself, frame 0,
	// is no join.
	lo, hi := 1, len(c.frames)
	for lo < hi {
		if mid := (lo + hi) / 2; c.frames[mid].join.at >= last {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(c.frames) {
		return
	}
	// Counted at the innermost, carried outwards as blocks close, stopped below lo.
	c.top().join.assigned++
	c.frames[lo-1].join.assigned--
}

// units returns the bound of the frame in units of depth.
func (f *frameBound) units() uint64 {
	size := uint64(8)
	if f.vectors {
		size = 16
	}
	return ((f.slots+f.passed)*size + DepthUnit - 1) / DepthUnit
}

// enter adds the frame to the depth, and traps beyond the limit.
func (c *coder) enter(b []byte, units uint64) []byte {
	b = appendU32(append(b, opGlobalGet), c.depth)
	b = append(appendS64(append(b, opI32Const), int64(units)), opI32Add)
	b = appendU32(append(b, opGlobalSet), c.depth)
	b = appendU32(append(b, opGlobalGet), c.depth)
	b = appendS64(append(b, opI32Const), int64(c.o.MaxDepth))
	return append(b, opI32GtU, opIf, emptyBlock, opUnreachable, opEnd)
}

// leave takes the frame off the depth.
func (c *coder) leave(b []byte, units uint64) []byte {
	b = appendU32(append(b, opGlobalGet), c.depth)
	b = append(appendS64(append(b, opI32Const), int64(units)), opI32Sub)
	return appendU32(append(b, opGlobalSet), c.depth)
}
