package rewrite

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// program makes valid random modules from a seed: every ordinary instruction of the
// table, nested control flow with values, direct and indirect calls. Each loop and
// each function takes a step off global 0 and ends at zero, so that a program ends.
type program struct {
	*rand.Rand
	b       []byte
	types   []funcType
	funcs   []uint32 // type of each function
	byRes   map[byte][]*coded
	locals  []ValType
	labels  [][]ValType // what a branch to each open block carries, innermost last
	results []ValType
	budget  int // instructions that the function may still get
	self    int
}

type coded struct {
	op     *opcode
	prefix byte
	code   uint32
}

var numbers = []ValType{I32, I64, F32, F64, V128}

const letters = "ilfdv"

func letterType(c byte) ValType { return numbers[strings.IndexByte(letters, c)] }

func randomModule(seed uint64) []byte {
	p := &program{Rand: rand.New(rand.NewPCG(seed, 1)), byRes: make(map[byte][]*coded)}
	t := opcodes()
	for _, s := range []struct {
		prefix byte
		ops    []opcode
	}{{0, t.plain[:]}, {opMisc, t.misc[:]}, {opSIMD, t.simd[:]}} {
		for i := range s.ops {
			op := &s.ops[i]
			in, out, ok := strings.Cut(op.sig, ":")
			if op.name == "" || !ok || len(out) != 1 || in == "" || strings.Contains(op.sig, "r") || op.imm == immMemory {
				continue
			}
			p.byRes[out[0]] = append(p.byRes[out[0]], &coded{op, s.prefix, uint32(i)})
		}
	}
	return p.module()
}

func (p *program) signature(max int) []byte {
	t := make([]byte, p.IntN(max+1))
	for i := range t {
		t[i] = byte(numbers[p.IntN(len(numbers))])
	}
	return t
}

func (p *program) module() []byte {
	p.types = []funcType{{}, {params: []byte{byte(I32)}, results: []byte{byte(F64)}}}
	for range 2 + p.IntN(6) {
		p.types = append(p.types, funcType{p.signature(4), p.signature(3)})
	}
	for range 3 + p.IntN(5) {
		p.funcs = append(p.funcs, uint32(p.IntN(len(p.types))))
	}
	e := &emitter{}
	e.out = []byte("\x00asm\x01\x00\x00\x00")
	b := appendU32(nil, uint32(len(p.types)))
	for _, t := range p.types {
		b = appendU32(append(b, 0x60), uint32(len(t.params)))
		b = appendU32(append(b, t.params...), uint32(len(t.results)))
		b = append(b, t.results...)
	}
	e.put(secType, b)
	b = appendU32(nil, uint32(len(p.funcs)))
	for _, t := range p.funcs {
		b = appendU32(b, t)
	}
	e.put(secFunction, b)
	n := uint32(len(p.funcs))
	e.put(secTable, appendU32([]byte{1, byte(FuncRef), 0}, n))
	e.put(secMemory, []byte{1, 1, 1, 3})
	b = []byte{5, byte(I32), 1, opI32Const, 0, opEnd}
	for _, t := range numbers[:4] {
		b = append(p.constant(append(b, byte(t), 1), t), opEnd)
	}
	e.put(secGlobal, b)
	b = appendU32(nil, n+1)
	b = append(appendName(b, "memory"), byte(MemoryKind), 0)
	for i := range p.funcs {
		b = appendU32(append(appendName(b, fmt.Sprint("f", i)), byte(FuncKind)), uint32(i))
	}
	e.put(secExport, b)
	b = appendU32([]byte{1, 0, opI32Const, 0, opEnd}, n)
	for i := range p.funcs {
		b = appendU32(b, uint32(i))
	}
	e.put(secElement, b)
	code := appendU32(nil, n)
	for i := range p.funcs {
		body := p.function(i)
		code = append(appendU32(code, uint32(len(body))), body...)
	}
	e.put(secCode, code)
	data := make([]byte, 200)
	for i := range data {
		data[i] = byte(p.Uint32())
	}
	e.put(secData, append(appendU32([]byte{1, 0, opI32Const, 16, opEnd}, uint32(len(data))), data...))
	return e.out
}

func (p *program) function(i int) []byte {
	t := p.types[p.funcs[i]]
	p.self = i
	p.locals, p.results = valTypes(t.params), valTypes(t.results)
	p.b = nil
	n := p.IntN(12)
	if p.IntN(4) == 0 {
		n += 60
	}
	p.b = appendU32(p.b, uint32(n))
	for range n {
		x := numbers[p.IntN(len(numbers))]
		p.locals = append(p.locals, x)
		p.b = append(p.b, 1, byte(x))
	}
	p.labels = [][]ValType{p.results}
	p.budget = 20 + p.IntN(400)
	p.b = append(p.b, opGlobalGet, 0, 0x45, opIf, emptyBlock)
	for _, r := range p.results {
		p.b = p.constant(p.b, r)
	}
	p.b = append(p.b, opReturn, opEnd)
	p.step()
	for range 1 + p.IntN(6) {
		p.statement(0)
	}
	for _, r := range p.results {
		p.value(r, 0)
	}
	return append(p.b, opEnd)
}

// step takes one off global 0, if there is one.
func (p *program) step() {
	p.b = append(p.b, opGlobalGet, 0, opGlobalGet, 0, opI32Const, 0, 0x47, opI32Sub, opGlobalSet, 0)
}

// again branches to the loop while there are steps.
func (p *program) again(depth int) {
	p.value(I32, depth+1)
	p.b = append(p.b, opGlobalGet, 0, opI32Const, 0, 0x47, 0x71, opBrIf, 0)
}

func (p *program) pick(t ValType) (uint32, bool) {
	start := p.IntN(len(p.locals) + 1)
	for k := range p.locals {
		if i := (start + k) % len(p.locals); p.locals[i] == t {
			return uint32(i), true
		}
	}
	return 0, false
}

var special = []uint64{0, 1, math.MaxUint64, math.Float64bits(math.NaN()), 0xfff8000000000001, 0x7ff0000000000001,
	0x7ff0000000000000, 0xfff0000000000000, 1 << 63, math.Float64bits(1.5), 0x7fc00000ffc00001, 0x7f800001ff800000, 0x3fc0000080000000}

func (p *program) bits() uint64 {
	if p.IntN(2) == 0 {
		return special[p.IntN(len(special))]
	}
	return p.Uint64() >> p.IntN(64)
}

func (p *program) constant(b []byte, t ValType) []byte {
	switch t {
	case I32:
		return appendS64(append(b, opI32Const), int64(int32(p.bits())))
	case I64:
		return appendS64(append(b, opI64Const), int64(p.bits()))
	case F32:
		return binary.LittleEndian.AppendUint32(append(b, opF32Const), uint32(p.bits()))
	case F64:
		return binary.LittleEndian.AppendUint64(append(b, opF64Const), p.bits())
	}
	b = binary.LittleEndian.AppendUint64(append(b, opSIMD, simdConst), p.bits())
	return binary.LittleEndian.AppendUint64(b, p.bits())
}

// value appends code that leaves one value of the type.
func (p *program) value(t ValType, depth int) {
	p.budget--
	if depth > 8 || p.budget < 0 {
		p.leaf(t)
		return
	}
	switch k := p.IntN(20); {
	case k < 4:
		p.leaf(t)
	case k < 13:
		ops := p.byRes[letters[slices.Index(numbers, t)]]
		c := ops[p.IntN(len(ops))]
		for mayTrap(c.op) && p.IntN(20) > 0 {
			c = ops[p.IntN(len(ops))]
		}
		p.operation(c, depth)
	case k == 13: // a block that ends in several ways
		p.open(opBlock, t)
		p.value(t, depth+1)
		p.value(I32, depth+1)
		p.b = append(p.b, opBrIf, 0, opDrop)
		p.statement(depth + 1)
		p.value(t, depth+1)
		p.end()
	case k == 14:
		p.value(I32, depth+1)
		p.open(opIf, t)
		p.value(t, depth+1)
		p.b = append(p.b, opElse)
		p.value(t, depth+1)
		p.end()
	case k == 15:
		p.open(opLoop, t)
		p.labels[len(p.labels)-1] = nil
		p.step()
		p.statement(depth + 1)
		p.again(depth)
		p.value(t, depth+1)
		p.end()
	case k == 16:
		p.value(t, depth+1)
		p.value(t, depth+1)
		p.value(I32, depth+1)
		if t == V128 || p.IntN(2) == 0 {
			p.b = append(p.b, opSelectT, 1, byte(t))
		} else {
			p.b = append(p.b, opSelect)
		}
	case k == 17:
		p.value(t, depth+1)
		if i, ok := p.pick(t); ok {
			p.b = appendU32(append(p.b, opLocalTee), i)
		}
	case k == 18 && t != V128:
		p.b = append(p.b, opGlobalGet, byte(1+slices.Index(numbers, t)))
	default:
		p.callFor(t, depth)
	}
}

// mayTrap says that random operands are likely to trap.
func mayTrap(op *opcode) bool {
	_, verb, _ := strings.Cut(op.name, ".")
	return strings.HasPrefix(verb, "trunc_f") || strings.HasPrefix(verb, "div_") || strings.HasPrefix(verb, "rem_")
}

func (p *program) leaf(t ValType) {
	if i, ok := p.pick(t); ok && p.IntN(3) > 0 {
		p.b = appendU32(append(p.b, opLocalGet), i)
		return
	}
	p.b = p.constant(p.b, t)
}

func (p *program) open(op byte, t ValType) {
	p.b = append(p.b, op, byte(t))
	p.labels = append(p.labels, []ValType{t})
}

func (p *program) end() {
	p.b = append(p.b, opEnd)
	p.labels = p.labels[:len(p.labels)-1]
}

func (p *program) operation(c *coded, depth int) {
	in, _, _ := strings.Cut(c.op.sig, ":")
	memory := c.op.imm == immMem || c.op.imm == immMemLane
	for i := range len(in) {
		p.value(letterType(in[i]), depth+1)
		if memory && i == 0 { // mostly inside
			p.b = append(append(p.b, opI32Const), appendS64(nil, 0x7fff)...)
			p.b = append(p.b, 0x71)
		}
	}
	p.emit(c)
}

// emit appends an instruction with immediates.
func (p *program) emit(c *coded) {
	if c.prefix != 0 {
		p.b = appendU32(append(p.b, c.prefix), c.code)
	} else {
		p.b = append(p.b, byte(c.code))
	}
	lane := func() byte {
		// The lanes of a shape such as i16x8, or of a load of 16 bits.
		for _, s := range []struct {
			name string
			n    int
		}{{"8x16", 16}, {"16x8", 8}, {"32x4", 4}, {"64x2", 2}, {"8_lane", 16}, {"16_lane", 8}, {"32_lane", 4}, {"64_lane", 2}} {
			if strings.Contains(c.op.name, s.name) && (strings.Contains(s.name, "x") || !strings.Contains(c.op.name, "1"+s.name)) {
				return byte(p.IntN(s.n))
			}
		}
		panic(c.op.name)
	}
	switch c.op.imm {
	case immMem:
		p.b = appendU32(append(p.b, 0), uint32(p.IntN(40)))
	case immMemLane:
		p.b = append(appendU32(append(p.b, 0), uint32(p.IntN(40))), lane())
	case immLane:
		p.b = append(p.b, lane())
	case immLanes:
		for range 16 {
			p.b = append(p.b, byte(p.IntN(32)))
		}
	case immNone:
	default:
		panic(c.op.name)
	}
}

// callFor calls a function and keeps its result of the type, or has none.
func (p *program) callFor(t ValType, depth int) {
	for range 5 {
		f := p.IntN(len(p.funcs))
		ft := p.types[p.funcs[f]]
		i := slices.Index(ft.results, byte(t))
		if i < 0 {
			continue
		}
		p.call(f, depth)
		for range len(ft.results) - 1 - i {
			p.b = append(p.b, opDrop)
		}
		if i > 0 { // the others lie below
			x := uint32(len(p.locals))
			if j, ok := p.pick(t); ok {
				x = j
			}
			if x == uint32(len(p.locals)) {
				for range i + 1 {
					p.b = append(p.b, opDrop)
				}
				p.leaf(t)
				return
			}
			p.b = appendU32(append(p.b, opLocalSet), x)
			for range i {
				p.b = append(p.b, opDrop)
			}
			p.b = appendU32(append(p.b, opLocalGet), x)
		}
		return
	}
	p.leaf(t)
}

func (p *program) call(f, depth int) {
	t := p.types[p.funcs[f]]
	for _, x := range t.params {
		p.value(ValType(x), depth+1)
	}
	if p.IntN(3) == 0 {
		p.b = append(p.b, opI32Const, byte(f), opCallIndirect)
		p.b = append(appendU32(p.b, p.funcs[f]), 0)
	} else {
		p.b = appendU32(append(p.b, opCall), uint32(f))
	}
}

// statement appends code that leaves nothing.
func (p *program) statement(depth int) {
	p.budget--
	if depth > 6 || p.budget < 0 {
		p.b = append(p.b, 0x01)
		return
	}
	t := numbers[p.IntN(len(numbers))]
	switch p.IntN(14) {
	case 0, 1, 2, 3:
		p.value(t, depth+1)
		if i, ok := p.pick(t); ok {
			p.b = appendU32(append(p.b, opLocalSet), i)
		} else {
			p.b = append(p.b, opDrop)
		}
	case 4:
		t = numbers[p.IntN(4)]
		p.value(t, depth+1)
		p.b = append(p.b, opGlobalSet, byte(1+slices.Index(numbers, t)))
	case 5:
		p.value(I32, depth+1)
		p.b = append(append(append(p.b, opI32Const), appendS64(nil, 0x7ff0)...), 0x71)
		p.value(t, depth+1)
		switch t {
		case V128:
			p.b = append(p.b, opSIMD, 11, 0, 8)
		default:
			p.b = append(p.b, 0x36+byte(slices.Index(numbers, t)), 0, 8)
		}
	case 6, 7:
		p.b = append(p.b, opLoop, emptyBlock)
		p.labels = append(p.labels, nil)
		p.step()
		p.statement(depth + 1)
		p.statement(depth + 1)
		p.again(depth)
		p.end()
	case 8: // out of some block, with what it carries
		p.value(I32, depth+1)
		p.b = append(p.b, opGlobalGet, 0, opI32Const, 0, 0x47, 0x71, opIf, emptyBlock)
		p.labels = append(p.labels, nil)
		p.jump(depth)
		p.end()
	case 9:
		f := p.IntN(len(p.funcs))
		p.call(f, depth)
		for range p.types[p.funcs[f]].results {
			p.b = append(p.b, opDrop)
		}
	case 10:
		for range 3 {
			p.value(I32, depth+1)
			p.b = append(append(append(p.b, opI32Const), appendS64(nil, 0x1fff)...), 0x71)
		}
		if p.IntN(2) == 0 {
			p.b = append(p.b, opMisc, miscMemoryFill, 0)
		} else {
			p.b = append(p.b, opMisc, miscMemoryCopy, 0, 0)
		}
	case 11:
		p.b = append(p.b, opI32Const, byte(p.IntN(2)), opMemoryGrow, 0, opDrop)
	case 12: // many values wait for the others
		n := 1 + p.IntN(12)
		for range n {
			p.value(t, depth+3)
		}
		for range n {
			p.b = append(p.b, opDrop)
		}
	default:
		p.b = append(p.b, opBlock, emptyBlock)
		p.labels = append(p.labels, nil)
		for range 1 + p.IntN(4) {
			p.statement(depth + 1)
		}
		p.end()
	}
}

// jump leaves some block for good.
func (p *program) jump(depth int) {
	k := p.IntN(len(p.labels))
	carried := p.labels[len(p.labels)-1-k]
	for _, t := range carried {
		p.value(t, depth+1)
	}
	switch {
	case k == len(p.labels)-1 && p.IntN(2) == 0:
		p.b = append(p.b, opReturn)
	case p.IntN(3) == 0:
		p.value(I32, depth+1)
		p.b = appendU32(appendU32(append(p.b, opBrTable, 1), uint32(k)), uint32(k))
	default:
		p.b = appendU32(append(p.b, opBr), uint32(k))
	}
}

const randomSteps = 200

// Programs that nobody would write do the same after the rewriting, and a NaN that
// is made canonical late is as if each had been made so where it arose.
func TestRandomProgramsDoTheSame(t *testing.T) {
	n := uint64(60)
	if long() {
		n = 3000
	}
	var calls, traps int
	for seed := range n {
		b := randomModule(seed)
		info, err := Inspect(b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		raw := start(t, exposed(t, b))
		plain := start(t, rewritten(t, b, Options{}))
		lazy := startSlice(t, rewritten(t, b, Options{Durable: true, MaxDepth: MaxMaxDepth}), 1)
		eager := start(t, eagerly(t, b))
		for i, e := range info.Exports[1:] {
			if i > 5 || slices.Contains(append(e.Params, e.Results...), V128) {
				continue
			}
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for range 3 {
				args := make([]uint64, len(e.Params))
				for k, p := range e.Params {
					if args[k] = special[r.IntN(len(special))]; p == I32 || p == F32 {
						args[k] &= math.MaxUint32
					}
				}
				for _, g := range []*guest{raw, plain, lazy, eager} {
					g.m.ExportedGlobal(globalExport(0)).(interface{ Set(uint64) }).Set(randomSteps)
				}
				calls++
				if !same(t, info, e.Name, args, raw, plain) {
					traps++
				}
				same(t, info, e.Name, args, lazy, eager)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		}
		for _, g := range []*guest{raw, plain, lazy, eager} {
			g.close()
		}
	}
	t.Logf("%d calls, %d traps", calls, traps)
	if traps == 0 || traps > calls*9/10 {
		t.Fatalf("%d of %d calls trap: the programs show little", traps, calls)
	}
}

// eagerly rewrites as Durable does, with each NaN made canonical where it arises.
func eagerly(t testing.TB, b []byte) []byte {
	t.Helper()
	m, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Durable: true, MaxDepth: MaxMaxDepth}
	c := newCoder(m, o)
	c.everyNaN = true
	if err := c.functions(); err != nil {
		t.Fatal(err)
	}
	out, err := (&emitter{m: m, o: o, code: c}).module()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
