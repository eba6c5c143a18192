package rewrite

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
)

// maxFuzzed bounds what the engine is asked about, in bytes: it is the slow half.
const maxFuzzed = 1 << 13

// Whatever the bytes, Rewrite ends with a module or a typed error; and if the engine
// takes the bytes, it takes what Rewrite makes of them.
func FuzzRewrite(f *testing.F) {
	for _, name := range []string{"kernels", "vectors", "shapes", "tables", "fuel"} {
		f.Add(testModule(f, name), uint8(0))
		f.Add(testModule(f, name), uint8(3))
	}
	for seed := range uint64(4) {
		f.Add(randomModule(seed), uint8(1))
	}
	f.Add([]byte(magic), uint8(7))
	f.Add(sections(1, "\x01\x60\x00\x00", 3, "\x01\x00", 10, "\x01\x04\x00\x03\x40\x0b\x0b"), uint8(1))
	ctx := context.Background()
	// The interpreter's front is the compiler's, and it is the front that refuses.
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { r.Close(ctx) })
	f.Fuzz(func(t *testing.T, b []byte, bits uint8) {
		o := Options{Durable: bits&1 != 0, Image: bits&2 != 0, MaxPages: uint32(bits >> 2)}
		out, err := Rewrite(b, o)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Kind == nil || e.Error() == "" {
				t.Fatalf("no typed error: %v", err)
			}
			return
		}
		if len(b) > maxFuzzed || compile(t, r, b) != nil {
			return
		}
		if err := compile(t, r, out.Module); err != nil {
			t.Fatalf("the engine takes the module and not what became of it: %v", err)
		}
		again, err := Rewrite(b, o)
		if err != nil || string(again.Module) != string(out.Module) {
			t.Fatal("the second time it gives something else")
		}
	})
}

func FuzzInspect(f *testing.F) {
	for _, name := range committed {
		f.Add(testModule(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := Inspect(b)
		if _, rerr := Rewrite(b, Options{}); rerr == nil && (err != nil || info == nil) {
			t.Fatalf("Rewrite takes what Inspect refuses: %v", err)
		}
	})
}
