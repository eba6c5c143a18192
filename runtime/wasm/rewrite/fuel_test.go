package rewrite

import (
	"errors"
	"testing"
)

// The account is what the package comment says, whatever the slices: every loop
// iteration, call and bulk instruction, to the unit, after a trap too.
func TestFuelIsExact(t *testing.T) {
	cases := []struct {
		name string
		arg  uint64
		want int64
	}{
		{"leaf", 5, 1}, // its own entry; the leaf is free
		{"loop", 1000, 1 + 1000},
		{"nested", 20, 1 + 20 + 20*10},
		{"calls", 50, 1 + 50},
		{"heavy", 10, 1 + 10*2}, // 127 instructions: 1 + 127/64
		{"recurse", 40, 41},
		{"params", 30, 1 + 30},
		{"mixed", 10, 1 + 10 + 10*4},
		{"fill", 65536, 1 + 256},
		{"fill", 255, 1},
		{"copy", 6, 1 + 6 + 6*10},
		{"grow", 3, 1 + 3 + 3*256},
		{"table", 64, 1 + 4},
		{"trap", 7, 1 + 7},
	}
	wasm := rewritten(t, testModule(t, "fuel"), Options{})
	for _, slice := range []int64{1, 7, 1 << 40} {
		g := startSlice(t, wasm, slice)
		for _, c := range cases {
			before := g.used()
			_, err := g.call(c.name, c.arg)
			if trapped := err != nil; trapped != (c.name == "trap") {
				t.Fatalf("%s(%d): %v", c.name, c.arg, err)
			}
			if got := g.used() - before; got != c.want {
				t.Errorf("%s(%d) used %d fuel, want %d, in slices of %d", c.name, c.arg, got, c.want, slice)
			}
		}
	}
}

// Nothing runs on when the fuel is spent, and what was spent is the budget to within
// one charge.
func TestNothingOutrunsItsFuel(t *testing.T) {
	wasm := rewritten(t, testModule(t, "fuel"), Options{Durable: false})
	for _, name := range []string{"forever", "down", "loop", "grow", "copy"} {
		g := startSlice(t, wasm, 10)
		g.budget = 5000
		if _, err := g.call(name, 1<<31); !errors.Is(err, outOfFuel{}) {
			t.Fatalf("%s: %v", name, err)
		}
		if g.used() < g.budget-10 || g.used() > g.budget+300 {
			t.Errorf("%s used %d fuel of %d", name, g.used(), g.budget)
		}
	}
}
