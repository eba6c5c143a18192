package rewrite

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func exportName(i int) string { return fmt.Sprint("f", i) }

// ordinary returns the instructions that take and give numbers.
func ordinary() (all []*coded) {
	t := opcodes()
	for _, s := range []struct {
		prefix byte
		ops    []opcode
	}{{0, t.plain[:]}, {opMisc, t.misc[:]}, {opSIMD, t.simd[:]}} {
		for i := range s.ops {
			op := &s.ops[i]
			in, out, ok := strings.Cut(op.sig, ":")
			if op.name != "" && ok && len(out) == 1 && in != "" && !strings.Contains(op.sig, "r") && op.imm != immMemory {
				all = append(all, &coded{op, s.prefix, uint32(i)})
			}
		}
	}
	return all
}

// arithmetic says, by its name alone, that an instruction gives a NaN whose bits
// WebAssembly leaves open, and the width of its lanes.
func arithmetic(name string) int {
	shape, verb, _ := strings.Cut(name, ".")
	width := map[string]int{"f32": 4, "f32x4": 4, "f64": 8, "f64x2": 8}[shape]
	switch verb {
	case "add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest",
		"demote_f64", "promote_f32", "demote_f64x2_zero", "promote_low_f32x4":
		return width
	}
	return 0
}

func isNaN(lane []byte) bool {
	if len(lane) == 4 {
		f := math.Float32frombits(binary.LittleEndian.Uint32(lane))
		return f != f
	}
	return math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(lane)))
}

// Cells of 16 bytes, at cellAt: what instructions are fed.
const (
	cellAt   = 4096
	resultAt = 64
)

func cells() (c [][]byte) {
	f32 := []uint32{0x7fc00000, 0xffc00000, 0x7f800001, 0xffbfffff, 0x7f800000, 0xff800000, 0, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x7f7fffff, 0x4f000000}
	f64 := []uint64{0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001, 0xfff7ffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0, 1 << 63, 0x3ff0000000000000, 0xbff8000000000000, 1, 0x7fefffffffffffff}
	for i := range f32 {
		var b []byte
		for k := range 4 {
			b = binary.LittleEndian.AppendUint32(b, f32[(i+k*3)%len(f32)])
		}
		c = append(c, b)
	}
	for i := range f64 {
		c = append(c, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, f64[i]), f64[(i+5)%len(f64)]))
	}
	return c
}

// loadCell appends a load of a cell, whose address is in local i.
func loadCell(b []byte, i int, t ValType) []byte {
	b = append(b, opLocalGet, byte(i))
	switch t {
	case V128:
		return append(b, opSIMD, 0, 0, 0)
	default:
		return append(b, 0x28+byte(slices.Index(numbers, t)), 0, 0)
	}
}

func storeResult(b []byte, t ValType) []byte {
	switch t {
	case V128:
		return append(append(b, opSIMD, 11, 0), resultAt)
	default:
		return append(append(b, 0x36+byte(slices.Index(numbers, t)), 0), resultAt)
	}
}

// evaluate runs function i on cells and returns the 16 bytes it stored, or nil for a
// trap.
func (g *guest) evaluate(i int, at ...uint64) []byte {
	m := g.m.Memory()
	m.Write(resultAt, make([]byte, 16))
	for len(at) < 3 {
		at = append(at, cellAt)
	}
	if _, err := g.call(exportName(i), at...); err != nil {
		return nil
	}
	b, _ := m.Read(resultAt, 16)
	return slices.Clone(b)
}

func (g *guest) feed(c [][]byte) {
	for i, b := range c {
		g.m.Memory().Write(cellAt+uint32(16*i), b)
	}
}

var threeAddresses = funcType{params: []byte{byte(I32), byte(I32), byte(I32)}}

// Every instruction gives what the engine gives, with the NaNs that WebAssembly
// leaves open made canonical, and all other bits as they are.
func TestEveryInstruction(t *testing.T) {
	ops := ordinary()
	u := &unit{types: []funcType{threeAddresses}, memory: true, export: true}
	for _, c := range ops {
		in, out, _ := strings.Cut(c.op.sig, ":")
		p := &program{b: []byte{opI32Const, 0}}
		for i := range in {
			p.b = loadCell(p.b, i, letterType(in[i]))
		}
		c.zero(p)
		u.bodies = append(u.bodies, storeResult(p.b, letterType(out[0])))
	}
	raw := start(t, u.bytes())
	durable := start(t, rewritten(t, u.bytes(), Options{Durable: true}))
	all := cells()
	raw.feed(all)
	durable.feed(all)
	changed := 0
	for i, c := range ops {
		width := arithmetic(c.op.name)
		in, _, _ := strings.Cut(c.op.sig, ":")
		for x := range all {
			for y := range all {
				if len(in) == 1 && y > 0 {
					break
				}
				at := []uint64{cellAt + uint64(16*x), cellAt + uint64(16*y), cellAt}
				want, got := raw.evaluate(i, at...), durable.evaluate(i, at...)
				if width > 0 {
					canonicalNaN := nan64
					if width == 4 {
						canonicalNaN = nan32
					}
					for k := 0; k < len(want); k += width {
						if lane := want[k : k+width]; isNaN(lane) && !slices.Equal(lane, canonicalNaN) {
							copy(lane, canonicalNaN)
							changed++
						}
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s of %x, %x = %x, want %x", c.op.name, all[x], all[y], got, want)
				}
			}
		}
	}
	if changed < 100 {
		t.Fatalf("the machine gave %d other NaNs: the test shows little", changed)
	}
}

// zero appends the instruction with immediates of zero.
func (c *coded) zero(p *program) {
	if c.prefix != 0 {
		p.b = appendU32(append(p.b, c.prefix), c.code)
	} else {
		p.b = append(p.b, byte(c.code))
	}
	n := map[immediate]int{immNone: 0, immMem: 2, immMemLane: 3, immLane: 1, immLanes: 16}[c.op.imm]
	p.b = append(p.b, make([]byte, n)...)
}

// However the result of an arithmetic instruction is used next, its NaN is the
// canonical one where that can be seen: every pair of instructions, and every other
// way in which a value can go, does as if each NaN were made canonical at once.
func TestNaNsAreCanonicalWhereTheyAreSeen(t *testing.T) {
	ops := ordinary()
	var producers []*coded
	for _, c := range ops {
		if arithmetic(c.op.name) == 0 {
			continue
		}
		_, verb, _ := strings.Cut(c.op.name, ".")
		if long() || slices.Contains([]string{"sub", "sqrt", "demote_f64", "promote_f32", "demote_f64x2_zero", "promote_low_f32x4"}, verb) {
			producers = append(producers, c)
		}
	}
	u := &unit{memory: true, export: true, locals: slices.Clone(numbers)}
	u.types = []funcType{threeAddresses}
	for _, t := range numbers {
		u.types = append(u.types, funcType{params: []byte{byte(t)}, results: []byte{byte(t)}})
	}
	u.nglobals = 4
	for _, t := range numbers[:4] {
		u.globals = append(u.globals, byte(t), 1)
		switch t {
		case I32:
			u.globals = append(u.globals, opI32Const, 0, opEnd)
		case I64:
			u.globals = append(u.globals, opI64Const, 0, opEnd)
		case F32:
			u.globals = append(append(append(u.globals, opF32Const), nan32...), opEnd)
		case F64:
			u.globals = append(append(append(u.globals, opF64Const), nan64...), opEnd)
		}
	}
	var names []string
	add := func(name string, b []byte) {
		u.bodies = append(u.bodies, b)
		u.typeOf = append(u.typeOf, 0)
		names = append(names, name)
	}
	// The first functions hand a value on.
	for i, x := range numbers {
		u.bodies = append(u.bodies, []byte{opLocalGet, 0})
		u.typeOf = append(u.typeOf, uint32(i+1))
		names = append(names, "identity of "+x.String())
	}
	for _, c := range producers {
		in, out, _ := strings.Cut(c.op.sig, ":")
		x := letterType(out[0])
		produce := func(b []byte) []byte {
			p := &program{b: b}
			for i := range in {
				p.b = loadCell(p.b, i, letterType(in[i]))
			}
			c.zero(p)
			return p.b
		}
		for _, d := range ops {
			dIn, dOut, _ := strings.Cut(d.op.sig, ":")
			for pos := range dIn {
				if letterType(dIn[pos]) != x {
					continue
				}
				p := &program{b: []byte{opI32Const, 0}}
				for k := range dIn {
					if k == pos {
						p.b = produce(p.b)
					} else {
						p.b = loadCell(p.b, 2, letterType(dIn[k]))
					}
				}
				d.zero(p)
				add(fmt.Sprintf("%s as operand %d of %s", c.op.name, pos, d.op.name), storeResult(p.b, letterType(dOut[0])))
			}
		}
		local := byte(3 + slices.Index(numbers, x))
		address := []byte{opI32Const, 0}
		way := func(name string, before, after []byte) {
			b := produce(append(slices.Clone(address), before...))
			add(c.op.name+" "+name, storeResult(append(b, after...), x))
		}
		way("set", nil, []byte{opLocalSet, local, opLocalGet, local})
		way("tee", nil, []byte{opLocalTee, local})
		way("tee and drop", nil, []byte{opLocalTee, local, opDrop, opLocalGet, local})
		way("block", []byte{opBlock, byte(x)}, []byte{opEnd})
		way("br", []byte{opBlock, byte(x)}, []byte{opBr, 0, opEnd})
		way("br_if", []byte{opBlock, byte(x)}, []byte{opI32Const, 1, opBrIf, 0, opDrop, opUnreachable, opEnd})
		way("br_table", []byte{opBlock, byte(x)}, []byte{opI32Const, 1, opBrTable, 1, 0, 0, opEnd})
		way("below a block", nil, []byte{opBlock, emptyBlock, opEnd})
		way("call", nil, []byte{opCall, local - 3})
		way("select", nil, []byte{opLocalGet, local, opI32Const, 1, opSelectT, 1, byte(x)})
		way("loop", []byte{opLoop, byte(x)}, []byte{opEnd})
		way("if", []byte{opI32Const, 1, opIf, byte(x)}, append([]byte{opElse, opLocalGet, local}, opEnd))
		way("parameter of a block", nil, []byte{opBlock, local - 3 + 1, opEnd})
		if x != V128 {
			way("global", nil, []byte{opGlobalSet, local - 3, opGlobalGet, local - 3})
		}
	}
	b := u.bytes()
	lazy, eager := start(t, rewritten(t, b, Options{Durable: true})), start(t, eagerly(t, b))
	all := cells()
	lazy.feed(all)
	eager.feed(all)
	for i := len(numbers); i < len(u.bodies); i++ {
		for _, x := range []int{0, 3, 4, 5, 9, 16, 18, 22} { // NaNs, infinities, a negative number
			at := []uint64{cellAt + uint64(16*x), cellAt + 16*4, cellAt + 16*8}
			if got, want := lazy.evaluate(i, at...), eager.evaluate(i, at...); !slices.Equal(got, want) {
				t.Errorf("%s on %x gives %x, want %x", names[i], all[x], got, want)
				break
			}
		}
	}
	l, e := len(rewritten(t, b, Options{Durable: true})), len(eagerly(t, b))
	t.Logf("%d functions; %d bytes, %d if every NaN is made canonical", len(u.bodies), l, e)
}
