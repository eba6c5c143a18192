package rewrite

import (
	"context"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// guest is an instance and the host's half of the fuel account.
type guest struct {
	t       testing.TB
	r       wazero.Runtime
	m       api.Module
	slice   int64 // what a refill grants
	granted int64
	budget  int64 // what refills may grant in all; 0: no end
	refills int
	fuel    api.MutableGlobal
	depth   api.MutableGlobal
}

// outOfFuel is what refill panics with when the budget is spent.
type outOfFuel struct{}

func (outOfFuel) Error() string { return "out of fuel" }

const testSlice = 1000

// compiled keeps the machine code of modules that several instances run.
var compiled = wazero.NewCompilationCache()

func testModule(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rewritten(t testing.TB, b []byte, o Options) []byte {
	t.Helper()
	r, err := Rewrite(b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r.Module
}

// start instantiates a module, rewritten or not, and initialises it.
func start(t testing.TB, wasm []byte) *guest { return startSlice(t, wasm, testSlice) }

func startSlice(t testing.TB, wasm []byte, slice int64) *guest {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled))
	t.Cleanup(func() { r.Close(ctx) })
	g := &guest{t: t, r: r, slice: slice}
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	_, err := r.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(g.refill), nil, nil).Export(FuelRefill).Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	g.m, err = r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatalf("the engine refuses the module: %v", err)
	}
	g.fuel, _ = g.m.ExportedGlobal(FuelGlobal).(api.MutableGlobal)
	g.depth, _ = g.m.ExportedGlobal(DepthGlobal).(api.MutableGlobal)
	for _, name := range []string{StartExport, "_initialize"} {
		if f := g.m.ExportedFunction(name); f != nil {
			if _, err := f.Call(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	return g
}

func (g *guest) refill(context.Context, api.Module, []uint64) {
	left := int64(g.fuel.Get())
	if left >= 0 {
		panic("refill with fuel left")
	}
	g.refills++
	if g.budget > 0 && g.granted+g.slice-left > g.budget {
		panic(outOfFuel{})
	}
	g.granted += g.slice - left
	g.fuel.Set(uint64(g.slice))
}

// used is the fuel that was consumed since the start.
func (g *guest) used() int64 {
	if g.fuel == nil {
		return 0
	}
	return g.granted - int64(g.fuel.Get())
}

func (g *guest) call(name string, args ...uint64) ([]uint64, error) {
	f := g.m.ExportedFunction(name)
	if f == nil {
		g.t.Fatalf("no export %s", name)
	}
	return f.Call(context.Background(), args...)
}

// callStack calls with arguments and results in one slice, vectors as two numbers.
func (g *guest) callStack(name string, stack []uint64) error {
	return g.m.ExportedFunction(name).CallWithStack(context.Background(), slices.Clone(stack))
}

// state is what a snapshot would hold: the hash of memory and the mutable globals
// that can be reached.
func (g *guest) state(info *Info) (s []uint64) {
	if mem := g.m.Memory(); mem != nil {
		b, _ := mem.Read(0, mem.Size())
		h := fnv.New64a()
		h.Write(b)
		s = append(s, uint64(len(b)), h.Sum64())
	}
	for _, x := range info.Globals {
		if e := g.m.ExportedGlobal(x.Export); e != nil {
			s = append(s, e.Get())
		}
	}
	return s
}

// exposed returns the module with its mutable globals exported as the rewriting does
// it, and nothing else changed, so that both sides can be compared.
func exposed(t testing.TB, b []byte) []byte {
	t.Helper()
	m, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	var items []byte
	n := uint32(0)
	for _, x := range m.exports {
		items = appendU32(append(appendName(items, x.name), byte(x.kind)), x.index)
		n++
	}
	for i, g := range m.globals {
		if g.mutable && g.typ.number() {
			items = appendU32(append(appendName(items, globalExport(i)), byte(GlobalKind)), uint32(i))
			n++
		}
	}
	if m.start >= 0 {
		items = appendU32(append(appendName(items, StartExport), byte(FuncKind)), uint32(m.start))
		n++
	}
	e := emitter{m: m}
	e.out = append(e.out, b[:8]...)
	for i := range m.sections {
		switch s := &m.sections[i]; s.id {
		case secExport:
			e.put(secExport, append(appendU32(nil, n), items...))
		case secStart:
		default:
			e.put(s.id, b[s.from:s.to])
		}
	}
	return e.out
}

// same runs one call on several instances and demands the same end of it.
// It returns whether they all returned.
func same(t *testing.T, info *Info, name string, args []uint64, gs ...*guest) bool {
	t.Helper()
	var want []uint64
	var wantErr bool
	for i, g := range gs {
		got, err := g.call(name, args...)
		if g.depth != nil {
			if err == nil && g.depth.Get() != 0 {
				t.Fatalf("%s(%v): depth %d after it", name, args, g.depth.Get())
			}
			g.depth.Set(0)
		}
		got = append(slices.Clone(got), g.state(info)...)
		if i == 0 {
			want, wantErr = got, err != nil
		} else if !slices.Equal(got, want) || (err != nil) != wantErr {
			t.Errorf("%s(%x) on instance %d: %x %v, the first had %x, error %v", name, args, i, got, err, want, wantErr)
		}
	}
	return !wantErr
}

// close frees the machine code too.
func (g *guest) close() {
	if err := g.r.Close(context.Background()); err != nil {
		g.t.Error(err)
	}
}

// long says that the long form of the tests was asked for.
func long() bool { return os.Getenv("HEARTH_SOAK") != "" }
