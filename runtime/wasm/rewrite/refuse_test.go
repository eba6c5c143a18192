package rewrite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

const magic = "\x00asm\x01\x00\x00\x00"

// sections joins id, body, id, body...
func sections(parts ...any) []byte {
	e := &emitter{out: []byte(magic)}
	for i := 0; i < len(parts); i += 2 {
		switch b := parts[i+1].(type) {
		case string:
			e.put(byte(parts[i].(int)), []byte(b))
		case []byte:
			e.put(byte(parts[i].(int)), b)
		}
	}
	return e.out
}

// What is refused, why, and that the sentence names the construct.
func TestRefusals(t *testing.T) {
	code := func(body ...byte) []byte {
		return (&unit{types: []funcType{{}}, memory: true, bodies: [][]byte{body}, locals: []ValType{I32},
			nglobals: 1, globals: []byte{byte(I32), 1, opI32Const, 0, opEnd}}).bytes()
	}
	const void = "\x01\x60\x00\x00" // one type, ()->()
	durable := Options{Durable: true}
	cases := []struct {
		name   string
		module []byte
		o      Options
		kind   error
		says   string
	}{
		{"nothing", nil, Options{}, ErrMalformed, "begin"},
		{"text", []byte("(module)"), Options{}, ErrMalformed, "begin"},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00"), Options{}, ErrUnsupported, "component"},
		{"a cut section", []byte(magic + "\x01\x05\x01"), Options{}, ErrMalformed, "ends too early"},
		{"an unknown section", sections(14, ""), Options{}, ErrMalformed, "section 14"},
		{"a section twice", sections(1, void, 1, void), Options{}, ErrMalformed, "order"},
		{"sections out of order", sections(3, "\x00", 1, void), Options{}, ErrMalformed, "order"},
		{"exceptions", sections(1, void, 13, "\x01\x00\x00"), Options{}, ErrUnsupported, "exceptions"},
		{"a struct type", sections(1, "\x01\x5f\x00"), Options{}, ErrUnsupported, "garbage collection"},
		{"too many types", sections(1, "\xff\xff\xff\xff\x0f"), Options{}, ErrLimit, "types"},
		{"a count beyond the section", sections(1, "\x05\x60\x00\x00"), Options{}, ErrMalformed, "types"},
		{"a long number", sections(1, "\xff\xff\xff\xff\x1f"), Options{}, ErrMalformed, "32 bits"},
		{"bytes behind a section", sections(1, void+"\x00"), Options{}, ErrMalformed, "behind"},
		{"a function of no type", sections(1, void, 3, "\x01\x01"), Options{}, ErrMalformed, "type 1 of 1"},
		{"a function without code", sections(1, void, 3, "\x01\x00"), Options{}, ErrMalformed, "without code"},
		{"a 64-bit memory", sections(5, "\x01\x04\x01"), Options{}, ErrUnsupported, "64-bit"},
		{"a shared memory", sections(5, "\x01\x03\x01\x02"), Options{}, ErrUnsupported, "shared"},
		{"two memories", sections(5, "\x02\x00\x01\x00\x01"), Options{}, ErrLimit, "memories"},
		{"a memory over the limit", sections(5, "\x01\x00\x10"), Options{MaxPages: 15}, ErrLimit, "16 pages"},
		{"a huge table", sections(4, "\x01\x70\x00\xff\xff\xff\x7f"), Options{}, ErrLimit, "table"},
		{"a start that takes something", sections(1, "\x01\x60\x01\x7f\x00", 3, "\x01\x00", 8, "\x00", 10, "\x01\x02\x00\x0b"), Options{}, ErrMalformed, "start"},
		{"an import of the host's", sections(1, void, 2, "\x01\x0chearth::fuel\x06refill\x00\x00"), Options{}, ErrReserved, "hearth::fuel"},
		{"an export of the host's", sections(5, "\x01\x00\x01", 7, "\x01\x0d__hearth_fuel\x02\x00"), Options{}, ErrReserved, "__hearth_fuel"},
		{"an imported mutable global", sections(2, "\x01\x01m\x01g\x03\x7f\x01"), Options{}, ErrUnsupported, "mutable global"},
		{"an imported memory", sections(2, "\x01\x01m\x01g\x02\x00\x01"), durable, ErrNotDurable, "memory"},
		{"an imported table", sections(2, "\x01\x01m\x01g\x01\x70\x00\x01"), durable, ErrNotDurable, "table"},
		{"a mutable vector", sections(6, "\x01\x7b\x01\xfd\x0c"+strings.Repeat("\x00", 16)+"\x0b"), durable, ErrNotDurable, "global 0 of v128"},
		{"a mutable reference", sections(6, "\x01\x70\x01\xd0\x70\x0b"), durable, ErrNotDurable, "global 0 of funcref"},
		{"tables that change", testModule(t, "tables"), durable, ErrNotDurable, "table.fill"},
		{"data.drop", sections(1, void, 3, "\x01\x00", 12, "\x01", 10, "\x01\x05\x00\xfc\x09\x00\x0b", 11, "\x01\x01\x00"), durable, ErrNotDurable, "data.drop"},
		{"table.set", code(opI32Const, 0, opRefNull, byte(FuncRef), opTableSet, 0), durable, ErrNotDurable, "table.set"},
		{"table.grow", code(opRefNull, byte(FuncRef), opI32Const, 0, opMisc, miscTableGrow, 0, opDrop), durable, ErrNotDurable, "table.grow"},
		{"a tail call", code(0x12, 0), Options{}, ErrUnsupported, "tail calls"},
		{"atomics", code(0xfe, 3, 0), Options{}, ErrUnsupported, "threads"},
		{"relaxed vectors", code(0xfd, 0x80, 2), Options{}, ErrUnsupported, "relaxed"},
		{"a try", code(0x06, 0x40), Options{}, ErrUnsupported, "exceptions"},
		{"an opcode of none", code(0xff), Options{}, ErrUnsupported, "0xff"},
		{"a hole among vectors", code(0xfd, 154, 1), Options{}, ErrUnsupported, "0xfd 154"},
		{"the host's own global", code(opI64Const, 9, opGlobalSet, 1), Options{}, ErrMalformed, "global 1 of 1"},
		{"the host's own local", code(opI64Const, 9, opLocalSet, 1), Options{}, ErrMalformed, "local 1 of 1"},
		{"the host's own function", code(opCall, 1), Options{}, ErrMalformed, "function 1 of 1"},
		{"a label of the host's", code(opBr, 1), Options{}, ErrMalformed, "label 1 of 1"},
		{"an end too many", code(opEnd), Options{}, ErrMalformed, "end with its function"},
		{"an end too few", code(opBlock, emptyBlock), Options{}, ErrMalformed, "end with its function"},
		{"an else alone", code(opElse), Options{}, ErrMalformed, "else"},
		{"a segment uncounted", code(opMisc, miscDataDrop, 0), Options{}, ErrMalformed, "data segment"},
		{"deep blocks", code(slices.Repeat([]byte{opBlock, emptyBlock}, maxNesting+1)...), Options{}, ErrLimit, "deep"},
		{"many operands", code(slices.Repeat([]byte{opI32Const, 0}, maxOperands+1)...), durable, ErrLimit, "operands"},
		{"many locals", sections(1, void, 3, "\x01\x00", 10, "\x01\x07\x01\xd1\x86\x03\x7f\x0b\x00"), Options{}, ErrLimit, "locals"},
		{"code that compiles for minutes", compilesLong(), Options{}, ErrLimit, "compile"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Rewrite(c.module, c.o)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %q with %q", err, c.kind, c.says)
			}
			if c.kind == ErrNotDurable {
				if _, err := Rewrite(c.module, Options{}); err != nil {
					t.Fatalf("refused for a transient process too: %v", err)
				}
			}
			if strings.Count(err.Error(), "\n") > 0 || len(err.Error()) > 300 {
				t.Errorf("no sentence: %v", err)
			}
		})
	}
}

// Each limit is crossed by one, and a module at the limit passes.
func TestLimits(t *testing.T) {
	const void = "\x01\x60\x00\x00"
	counted := func(id int, n int, item string) []byte {
		return sections(id, append(appendU32(nil, uint32(n)), strings.Repeat(item, n)...))
	}
	arity := func(n int) []byte {
		b := append(appendU32([]byte{1, 0x60}, uint32(n)), strings.Repeat("\x7f", n)...)
		return sections(1, append(b, 0))
	}
	body := func(n int) []byte {
		return (&unit{types: []funcType{{}}, bodies: [][]byte{slices.Repeat([]byte{0x01}, n-2)}}).bytes()
	}
	named := func(n int) []byte {
		return append([]byte(magic), custom(strings.Repeat("n", n), "")...)
	}
	imports := func(n int) []byte {
		b := appendU32(nil, uint32(n))
		return sections(1, void, 2, append(b, strings.Repeat("\x01m\x01f\x00\x00", n)...))
	}
	for _, c := range []struct {
		name string
		make func(n int) []byte
		most int
	}{
		{"types", func(n int) []byte { return counted(1, n, "\x60\x00\x00") }, maxTypes},
		{"imports", imports, maxImports},
		{"tables", func(n int) []byte { return counted(4, n, "\x70\x00\x01") }, maxTables},
		{"globals", func(n int) []byte { return counted(6, n, "\x7f\x00\x41\x00\x0b") }, maxGlobals},
		{"parameters", arity, maxArity},
		{"a body", body, maxBody},
		{"a name", named, maxName},
		{"elements", func(n int) []byte { return counted(9, n, "\x01\x00\x00") }, maxElements},
		{"data", func(n int) []byte { return counted(11, n, "\x01\x00") }, maxData},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Rewrite(c.make(c.most), Options{}); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := Rewrite(c.make(c.most+1), Options{}); !errors.Is(err, ErrLimit) {
				t.Errorf("beyond the limit: %v", err)
			}
		})
	}
	if _, err := Rewrite(make([]byte, maxModule+1), Options{}); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	if long() { // a gigabyte of memory
		u := &unit{types: []funcType{{}}}
		for range 10 { // f32.sqrt and f32.neg: two bytes become 18
			u.bodies = append(u.bodies, slices.Repeat([]byte{0x91, 0x8c}, maxBody/2-1))
		}
		if _, err := Rewrite(u.bytes(), Options{Durable: true}); !errors.Is(err, ErrLimit) {
			t.Error(err)
		}
	}
}

func compilesLong() []byte {
	u := &unit{types: []funcType{{}}, locals: slices.Repeat([]ValType{I64}, 4000)}
	u.bodies = [][]byte{slices.Repeat([]byte{opI32Const, 0, opIf, emptyBlock, opEnd}, 4000)}
	return u.bytes()
}

// The sentence that a person reads.
func TestErrorIsOneSentence(t *testing.T) {
	_, err := Rewrite(testModule(t, "tables"), Options{Durable: true})
	const want = "the module cannot be durable: table.fill: it changes a table, which a snapshot does not hold (byte 125, function 3); build it without, or spawn it as transient"
	if err == nil || err.Error() != want {
		t.Fatal(err)
	}
}

// A guest that was built against the rewritten module's names gains nothing: the
// rewriting of a rewritten module is refused.
func TestRewrittenModulesAreRefused(t *testing.T) {
	b := rewritten(t, testModule(t, "kernels"), Options{})
	if _, err := Rewrite(b, Options{}); !errors.Is(err, ErrReserved) {
		t.Fatal(err)
	}
}

// A module without any section becomes one with what the host needs.
func TestEmptyModule(t *testing.T) {
	for _, o := range []Options{{}, {Durable: true, Image: true, MaxPages: 3}} {
		g := start(t, rewritten(t, []byte(magic), o))
		if g.fuel == nil || (g.depth != nil) != o.Durable {
			t.Fatal("the exports are missing")
		}
	}
}

func compile(t testing.TB, r wazero.Runtime, b []byte) error {
	t.Helper()
	m, err := r.CompileModule(context.Background(), b)
	if err == nil {
		m.Close(context.Background())
	}
	return err
}
