package rewrite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// recursion is a way to use much stack in each call: function 0 calls itself with
// all that it holds still needed behind the call.
type recursion struct {
	name string
	unit *unit
}

func repeat(b []byte, n int) []byte { return bytes.Repeat(b, n) }

// holding makes a function with n locals of a type that are computed before the
// call of itself and added up behind it.
func holding(t ValType, n int, zero, add []byte) *unit {
	u := &unit{types: []funcType{{params: []byte{byte(t)}, results: []byte{byte(t)}}}, memory: true, export: true}
	u.locals = slices.Repeat([]ValType{t}, n)
	var b []byte
	for i := range n {
		// Each differs from the one before, so that none is kept once for two.
		b = append(appendU32(append(b, opLocalGet), uint32(i)), add2(zero, i, add)...)
		b = appendU32(append(b, opLocalSet), uint32(i+1))
	}
	b = append(appendU32(append(b, opLocalGet), uint32(n)), opCall, 0)
	for i := range n {
		b = append(appendU32(append(b, opLocalGet), uint32(i+1)), add...)
	}
	u.bodies = [][]byte{b}
	return u
}

func add2(zero []byte, i int, add []byte) []byte {
	if zero == nil {
		zero = appendS64([]byte{opI64Const}, int64(i)*7+3)
	}
	return append(slices.Clone(zero), add...)
}

func recursions() (all []recursion) {
	add := func(name string, u *unit) { all = append(all, recursion{name, u}) }
	void := []funcType{{}}
	one := append([]byte{opF64Const}, binary.LittleEndian.AppendUint64(nil, 0x3ff0000000000000)...)
	vector := append([]byte{opSIMD, simdConst}, repeat([]byte{3}, 16)...)

	add("nothing", &unit{types: void, export: true, bodies: [][]byte{{opCall, 0}}})
	add("indirect", &unit{types: void, export: true, bodies: [][]byte{{opCall, 1}, {opCall, 0, opCall, 1}}})
	add("numbers", holding(I64, 2000, nil, []byte{opI64Add}))
	add("floats", holding(F64, 800, one, []byte{0xa0}))
	add("vectors", holding(V128, 1000, vector, []byte{opSIMD, 110}))
	add("few numbers", holding(I64, 7, nil, []byte{opI64Add}))
	add("few vectors", holding(V128, 9, vector, []byte{opSIMD, 110}))

	many := funcType{params: repeat([]byte{byte(I64)}, maxArity), results: repeat([]byte{byte(I64)}, maxArity)}
	var pass []byte
	for i := range maxArity {
		pass = appendU32(append(pass, opLocalGet), uint32(i))
	}
	add("parameters and results", &unit{types: []funcType{many, {}}, typeOf: []uint32{0, 1}, export: true, bodies: [][]byte{
		append(pass, opCall, 0),
		append(append(repeat([]byte{opI64Const, 1}, maxArity), opCall, 0), repeat([]byte{opDrop}, maxArity)...),
	}})

	// Operands that wait for the call.
	wait := repeat([]byte{opLocalGet, 0, opI64Const, 5, opI64Add, opLocalTee, 0, opI64Const, 9, 0x7e}, 3000)
	wait = append(append(wait, opLocalGet, 0, opCall, 0, opDrop), repeat([]byte{opI64Add}, 2999)...)
	number := []funcType{{params: []byte{byte(I64)}, results: []byte{byte(I64)}}}
	add("operands", &unit{types: number, export: true, bodies: [][]byte{wait}})

	// A few that wait, again and again: each has a slot of its own.
	again := repeat([]byte{opLocalGet, 0, opI64Const, 5, 0x7e, opLocalGet, 0, opI64Const, 3, 0x7e,
		opLocalGet, 0, opCall, 0, opI64Add, opI64Add, opLocalSet, 0}, 500)
	add("operands at many calls", &unit{types: number, export: true, bodies: [][]byte{append(again, opLocalGet, 0)}})

	// Addresses that the engine keeps for the next access.
	var reads []byte
	for i := range 400 {
		reads = append(reads, opLocalGet, 0, opI32Const)
		reads = append(appendS64(reads, int64(i)), opI32Add)
		reads = appendU32(append(reads, opLocalTee), uint32(i+1))
		reads = append(reads, 0x28, 2, 0, opDrop)
	}
	reads = append(reads, opLocalGet, 1, opCall, 0)
	for i := range 400 {
		reads = append(appendU32(append(reads, opLocalGet), uint32(i+1)), 0x28, 2, 4, opDrop)
	}
	add("addresses", &unit{types: []funcType{{params: []byte{byte(I32)}}}, locals: slices.Repeat([]ValType{I32}, 400),
		memory: true, export: true, bodies: [][]byte{reads}})

	// Assignments on one way only, so that each is joined behind it.
	joins := []byte{opLocalGet, 0, 0xa7, opIf, emptyBlock}
	for i := range 1000 {
		joins = append(joins, opLocalGet, 0, opI64Const)
		joins = append(appendS64(joins, int64(i)), opI64Add)
		joins = appendU32(append(joins, opLocalSet), uint32(i+1))
	}
	joins = append(joins, opEnd, opLocalGet, 1, opCall, 0)
	for i := range 1000 {
		joins = append(appendU32(append(joins, opLocalGet), uint32(i+1)), opI64Add)
	}
	add("joins", &unit{types: number, locals: slices.Repeat([]ValType{I64}, 1000), export: true, bodies: [][]byte{joins}})

	// A function that calls nothing is not counted; here is a fat one at the bottom.
	leaf := holding(I64, 6000, nil, []byte{opI64Add})
	body := leaf.bodies[0]
	i := bytes.LastIndex(body, []byte{opCall, 0})
	leaf.bodies[0] = append(slices.Clone(body[:i]), body[i+2:]...)
	leaf.bodies = append(leaf.bodies, []byte{opLocalGet, 0, opCall, 0, opCall, 1})
	add("a leaf", leaf)
	return all
}

// However a recursion uses the stack, it ends at the counted limit and not at the
// engine's, which depends on the machine.
func TestDepthEndsBeforeTheStack(t *testing.T) {
	for _, r := range recursions() {
		t.Run(r.name, func(t *testing.T) {
			b := r.unit.bytes()
			g := start(t, rewritten(t, b, Options{Durable: true, MaxDepth: MaxMaxDepth}))
			defer g.close()
			name := exportName(len(r.unit.bodies) - 1)
			types := r.unit.types
			if len(r.unit.typeOf) > 0 {
				types = types[len(types)-1:]
			}
			args := make([]uint64, max(len(types[0].params), len(types[0].results)))
			if len(args) > 0 && ValType(types[0].params[0]) == V128 {
				args = make([]uint64, 2)
			}
			for range 2 { // the second time on the stack as it grew
				g.depth.Set(0)
				err := g.callStack(name, args)
				if err == nil {
					t.Fatal("it returned")
				}
				if d := g.depth.Get(); d <= MaxMaxDepth || d > 2*MaxMaxDepth {
					t.Fatalf("depth %d of %d: %v", d, MaxMaxDepth, err)
				}
			}
		})
	}
}

// The limit cuts at the same call whatever the engine, and at fewer calls for a
// function that can take more.
func TestDepthIsCounted(t *testing.T) {
	calls := func(u *unit, limit uint32) uint64 {
		// The function counts its calls in memory.
		u.memory = true
		u.bodies[0] = append([]byte{opI32Const, 0, opI32Const, 0, 0x29, 3, 0, opI64Const, 1, opI64Add, 0x37, 3, 0}, u.bodies[0]...)
		g := start(t, rewritten(t, u.bytes(), Options{Durable: true, MaxDepth: limit}))
		defer g.close()
		if err := g.callStack(exportName(0), make([]uint64, 2)); err == nil {
			t.Fatal("it returned")
		}
		n, _ := g.m.Memory().ReadUint64Le(0)
		return n
	}
	small := func() *unit { return &unit{types: []funcType{{}}, export: true, bodies: [][]byte{{opCall, 0}}} }
	few, many := calls(small(), 10_000), calls(small(), 100_000)
	if few == 0 || many < 9*few || many > 11*few {
		t.Errorf("%d calls in 10,000 units, %d in 100,000", few, many)
	}
	wide := calls(holding(I64, 500, nil, []byte{opI64Add}), 100_000)
	if wide == 0 || wide > many/5 {
		t.Errorf("%d calls of a function of 500 locals, %d of one without", wide, many)
	}
}

// A function that could take the whole stack at once is refused.
func TestFrameOverTheLimitIsRefused(t *testing.T) {
	b := holding(I64, 3000, nil, []byte{opI64Add}).bytes()
	_, err := Rewrite(b, Options{Durable: true, MaxDepth: 1000})
	if !errors.Is(err, ErrLimit) {
		t.Fatal(err)
	}
	if _, err = Rewrite(b, Options{MaxDepth: 1000}); err != nil {
		t.Fatal(err)
	}
	if _, err = Rewrite(b, Options{Durable: true, MaxDepth: MaxMaxDepth + 1}); !errors.Is(err, ErrLimit) {
		t.Fatal(err)
	}
}
