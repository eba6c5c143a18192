package rewrite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The test suite of WebAssembly 2.0 comes with the engine. Every module in it is
// rewritten before it runs.

type specCommand struct {
	Type       string
	Line       int
	Name       string
	Filename   string
	As, Text   string
	ModuleType string `json:"module_type"`
	Action     struct {
		Type, Module, Field string
		Args                []specValue
	}
	Expected []specValue
}

type specValue struct {
	Type     string
	LaneType string `json:"lane_type"`
	Value    any
}

// specRun is one file of the suite in progress.
type specRun struct {
	t       *testing.T
	dir     string
	durable bool
	r       wazero.Runtime
	modules map[string]api.Module // by name; "" is the last one
	refused bool                  // some module was, so others may miss it
	count   map[string]int
}

func specSuite(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
}

// shortSpec is what runs under the race detector, which makes the engine ten times
// slower: the files about what the rewriting touches.
var shortSpec = strings.Fields(`block br br_if br_table bulk call call_indirect data elem endianness exports f32 fac
	float_exprs float_misc forward func func_ptrs global if imports labels left-to-right linking loop local_tee
	memory_copy memory_fill memory_grow names nop ref_func return select simd_f32x4_arith simd_f64x2_rounding
	simd_lane simd_select stack start switch table_grow traps unreachable unreached-valid unwind
	skip-stack-guard-page`)

func TestSpecification(t *testing.T) {
	suite := specSuite(t)
	files, err := filepath.Glob(filepath.Join(suite, "v2", "testdata", "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	host, err := os.ReadFile(filepath.Join(suite, "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	for _, durable := range []bool{false, true} {
		count := make(map[string]int)
		for _, f := range files {
			name := strings.TrimSuffix(filepath.Base(f), ".json")
			if raceDetector && !long() && (!slices.Contains(shortSpec, name) || durable != (len(name)%2 == 0)) {
				continue
			}
			t.Run(fmt.Sprintf("%s durable=%v", name, durable), func(t *testing.T) {
				runSpec(t, f, host, durable, count)
			})
		}
		t.Logf("durable=%v: %v", durable, count)
	}
}

func runSpec(t *testing.T, file string, host []byte, durable bool, count map[string]int) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var suite struct{ Commands []specCommand }
	if err := json.Unmarshal(b, &suite); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s := &specRun{t: t, dir: filepath.Dir(file), durable: durable, r: wazero.NewRuntime(ctx),
		modules: make(map[string]api.Module), count: count}
	defer s.r.Close(ctx)
	if _, err := s.r.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().WithGoModuleFunction(
		api.GoModuleFunc(func(_ context.Context, m api.Module, _ []uint64) {
			m.ExportedGlobal(FuelGlobal).(api.MutableGlobal).Set(100)
		}), nil, nil).Export(FuelRefill).Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.r.InstantiateWithConfig(ctx, host, wazero.NewModuleConfig()); err != nil {
		t.Fatal(err)
	}
	for i := range suite.Commands {
		c := &suite.Commands[i]
		if strings.HasSuffix(c.Filename, ".wat") {
			continue // text is none of ours
		}
		as := ""
		if c.Type == "module" && i+1 < len(suite.Commands) && suite.Commands[i+1].Type == "register" {
			as = suite.Commands[i+1].As
		}
		s.command(c, as)
	}
}

func (s *specRun) command(c *specCommand, as string) {
	switch c.Type {
	case "module":
		m, err := s.load(c.Filename, as)
		s.modules[""], s.modules[c.Name] = m, m
		if errors.Is(err, ErrUnsupported) || err != nil && s.refused {
			s.refused = true
			s.count["module refused"]++
			return
		}
		if err != nil {
			s.t.Errorf("line %d: %v", c.Line, err)
			return
		}
	case "register": // done with the module before it
	case "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_uninstantiable":
		// The engine lets a module live whose elements do not fit its table; and the
		// export of a start function declares it for ref.func, which harms nobody.
		known := c.Text == "out of bounds table access" || c.Text == "undeclared function reference"
		if _, err := s.load(c.Filename, ""); err == nil && !known {
			s.t.Errorf("line %d: %s: taken", c.Line, c.Type)
			return
		}
	case "action", "assert_return", "assert_trap", "assert_exhaustion":
		m := s.modules[c.Action.Module]
		if m == nil {
			s.count["skipped"]++
			return
		}
		s.act(m, c)
	default:
		s.t.Errorf("line %d: command %s", c.Line, c.Type)
	}
	s.count[c.Type]++
}

// load rewrites and instantiates, as durable where it can be.
func (s *specRun) load(file, as string) (api.Module, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		s.t.Fatal(err)
	}
	o := Options{Durable: s.durable}
	r, err := Rewrite(b, o)
	if errors.Is(err, ErrNotDurable) {
		s.count["not durable"]++
		o.Durable = false
		r, err = Rewrite(b, o)
	}
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	m, err := s.r.InstantiateWithConfig(ctx, r.Module, wazero.NewModuleConfig().WithName(as).WithStartFunctions())
	if err != nil {
		return nil, err
	}
	if f := m.ExportedFunction(StartExport); f != nil {
		if _, err := f.Call(ctx); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// act runs an action and looks at its end.
func (s *specRun) act(m api.Module, c *specCommand) {
	if c.Action.Type == "get" {
		if got := m.ExportedGlobal(c.Action.Field).Get(); !c.Expected[0].is([]uint64{got}) {
			s.t.Errorf("line %d: %s is %x", c.Line, c.Action.Field, got)
		}
		return
	}
	f := m.ExportedFunction(c.Action.Field)
	var stack []uint64
	for _, a := range c.Action.Args {
		stack = append(stack, a.words()...)
	}
	results := 0
	for _, t := range f.Definition().ResultTypes() {
		if results++; ValType(t) == V128 {
			results++
		}
	}
	stack = append(stack, make([]uint64, max(0, results-len(stack)))...)
	err := f.CallWithStack(context.Background(), stack)
	if d, ok := m.ExportedGlobal(DepthGlobal).(api.MutableGlobal); ok {
		if over := d.Get() > DefaultDepth; c.Type == "assert_exhaustion" && !over {
			s.t.Errorf("line %d: the depth is %d: %v", c.Line, d.Get(), err)
		}
		if err == nil && d.Get() != 0 {
			s.t.Errorf("line %d: the depth is %d", c.Line, d.Get())
		}
	}
	for _, x := range s.modules { // a trap may come from another module's call
		if x != nil {
			if d, ok := x.ExportedGlobal(DepthGlobal).(api.MutableGlobal); ok {
				d.Set(0)
			}
		}
	}
	if c.Type == "assert_trap" || c.Type == "assert_exhaustion" {
		if err == nil {
			s.t.Errorf("line %d: no trap", c.Line)
		}
		return
	}
	if err != nil {
		s.t.Errorf("line %d: %v", c.Line, err)
		return
	}
	for _, e := range c.Expected {
		n := 1
		if e.Type == "v128" {
			n = 2
		}
		if !e.is(stack[:n]) {
			s.t.Errorf("line %d: %s(%v) gives %x, want %v", c.Line, c.Action.Field, c.Action.Args, stack[:n], e)
		}
		stack = stack[n:]
	}
}

var laneBits = map[string]int{"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": 32, "f64": 64}

// lanes gives the texts of a value and the width of each in bits.
func (v specValue) lanes() ([]string, int) {
	switch x := v.Value.(type) {
	case string:
		if n, ok := laneBits[v.Type]; ok {
			return []string{x}, n
		}
		return []string{x}, 64
	case []any:
		var s []string
		for _, e := range x {
			s = append(s, e.(string))
		}
		return s, laneBits[v.LaneType]
	}
	return nil, 0
}

// words encodes a value as the engine's stack has it.
func (v specValue) words() []uint64 {
	texts, bits := v.lanes()
	words := make([]uint64, max(1, len(texts)*bits/64))
	for i, s := range texts {
		var x uint64
		if s != "null" {
			var err error
			if x, err = strconv.ParseUint(s, 10, 64); err != nil {
				y, _ := strconv.ParseInt(s, 10, 64)
				x = uint64(y)
			}
			if v.Type == "externref" {
				x++ // zero is null
			}
		}
		if bits < 64 {
			x &= 1<<bits - 1
		}
		words[i*bits/64] |= x << (i * bits % 64)
	}
	return words
}

// is compares a result; the suite says of some NaNs only that they are.
func (v specValue) is(got []uint64) bool {
	texts, bits := v.lanes()
	if texts == nil {
		return true // a reference of which only the type is said
	}
	for i, s := range texts {
		x := got[i*bits/64] >> (i * bits % 64)
		if bits < 64 {
			x &= 1<<bits - 1
		}
		if strings.HasPrefix(s, "nan:") {
			quiet := uint64(0x7fc00000)
			if bits == 64 {
				quiet = math.Float64bits(math.NaN()) &^ 1
			}
			if x&quiet != quiet || s == "nan:canonical" && x&^(1<<(bits-1)) != quiet {
				return false
			}
			continue
		}
		one := specValue{Type: v.Type, LaneType: v.LaneType, Value: s}
		if v.Type == "v128" {
			one.Type = v.LaneType
		}
		if w := one.words()[0]; w != x {
			return false
		}
	}
	return true
}
