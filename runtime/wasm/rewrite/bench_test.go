package rewrite

import (
	"context"
	"math"
	"testing"
	"time"
)

// BenchmarkCost compares a guest as it came with its rewritten forms, in turns so
// that all see the same machine. The metrics are the best time per iteration as it
// came, and the ratios to it; the time per operation is that of all three.
func BenchmarkCost(b *testing.B) {
	const n = 1 << 20
	for _, m := range []struct {
		module string
		calls  []string
		arg    uint64
		per    float64
	}{
		{"loops", []string{"tight", "while", "bytes", "branches", "calls-seldom", "leaf", "fib", "sum", "dot", "polynomial", "vectors"}, n, n},
		{"kernels", []string{"sieve", "sort", "heat", "mandelbrot", "indirect"}, 50, 1},
		{"libc", []string{"text", "numbers"}, 500, 1},
		{"collections", []string{"maps", "parse"}, 500, 1},
	} {
		wasm := testModule(b, m.module)
		forms := [][]byte{wasm, rewritten(b, wasm, Options{}), rewritten(b, wasm, Options{Durable: true})}
		for _, name := range m.calls {
			b.Run(m.module+"/"+name, func(b *testing.B) {
				arg := m.arg
				if name == "sieve" || name == "indirect" {
					arg = 60000
				}
				compare(b, forms, name, arg, m.per)
			})
		}
	}
	b.Run("go/document", func(b *testing.B) {
		wasm := goGuest(b)
		compare(b, [][]byte{wasm, rewritten(b, wasm, Options{}), rewritten(b, wasm, Options{Durable: true})}, "document", 6, 1)
	})
}

func compare(b *testing.B, forms [][]byte, name string, arg uint64, per float64) {
	ctx := context.Background()
	best := []float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	var gs []*guest
	for _, f := range forms {
		gs = append(gs, startSlice(b, f, 100_000))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, g := range gs {
			f := g.m.ExportedFunction(name)
			t := time.Now()
			if _, err := f.Call(ctx, arg); err != nil {
				b.Fatal(err)
			}
			best[i] = min(best[i], float64(time.Since(t))/per)
		}
	}
	b.ReportMetric(best[0], "ns")
	b.ReportMetric(best[1]/best[0], "fuel/raw")
	b.ReportMetric(best[2]/best[0], "durable/raw")
}

// BenchmarkRewrite is the time of the pass itself.
func BenchmarkRewrite(b *testing.B) {
	for name, wasm := range map[string][]byte{"go": goGuest(b), "rust": testModule(b, "collections"), "c": testModule(b, "kernels")} {
		for _, o := range []Options{{}, {Durable: true}} {
			kind := "transient"
			if o.Durable {
				kind = "durable"
			}
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(wasm)))
				b.ReportAllocs()
				for b.Loop() {
					rewritten(b, wasm, o)
				}
			})
		}
	}
}
