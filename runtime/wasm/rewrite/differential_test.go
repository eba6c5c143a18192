package rewrite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A rewritten guest gives the results, the memory, the globals and the traps that
// the guest gives as it came, whatever the options and the slices of fuel.
func TestRewrittenGuestsDoTheSame(t *testing.T) {
	type run struct {
		module string
		calls  map[string][]uint64 // export: arguments
		nan    map[string]bool     // looks at NaNs: only the durable instances must agree
	}
	runs := []run{
		{"kernels", map[string][]uint64{
			"sieve": {0, 1, 100, 65536}, "sort": {1, 2, 1000, 4096}, "heat": {0, 3}, "mandelbrot": {20},
			"fib": {15}, "indirect": {5000}, "machine": {0, 7, 2000}, "blocks": {50}, "grow": {3}, "ackermann": {9},
			"nans": {50},
		}, map[string]bool{"nans": true}},
		{"vectors", map[string][]uint64{"integers": {1000}, "floats": {300}, "doubles": {300}},
			map[string]bool{"integers": true, "floats": true, "doubles": true}},
		{"libc", map[string][]uint64{"text": {1, 200}, "trees": {500}, "numbers": {50}}, nil},
		{"collections", map[string][]uint64{"maps": {0, 700}, "queue": {100}, "parse": {100}, "index": {3, 9, 10, 3}}, nil},
		{"shapes", map[string][]uint64{
			"even": {0, 1, 30, 31}, "several": {0, 1, 2, 3}, "euclid": {1, 40}, "escape": {0, 1, 5, 30, 500, 2000},
			"dead": {1, 9}, "table": {0, 1, 2, 7}, "globals": {1, 2, 3}, "trap": {0, 65000},
		}, nil},
	}
	for _, r := range runs {
		t.Run(r.module, func(t *testing.T) {
			b := testModule(t, r.module)
			info, err := Inspect(b)
			if err != nil {
				t.Fatal(err)
			}
			durable := rewritten(t, b, Options{Durable: true})
			gs := []*guest{
				start(t, exposed(t, b)),
				startSlice(t, durable, 1),
				startSlice(t, durable, 1<<40),
				start(t, rewritten(t, b, Options{})),
			}
			for name, args := range r.calls {
				if r.nan[name] {
					continue
				}
				for _, a := range args {
					same(t, info, name, []uint64{a}, gs...)
				}
				if a, b := gs[1].used(), gs[2].used(); a != b {
					t.Fatalf("%s used %d fuel in slices of 1 and %d in one", name, a, b)
				}
			}
			if gs[1].refills == 0 && len(r.nan) < len(r.calls) {
				t.Fatal("nothing was ever refilled")
			}
			for name := range r.nan {
				for _, a := range r.calls[name] {
					same(t, info, name, []uint64{a}, gs[1:3]...)
				}
			}
		})
	}
}

// The same for a guest of Go's compiler, with its scheduler.
func TestRewrittenGoGuestDoesTheSame(t *testing.T) {
	b := goGuest(t)
	info, err := Inspect(b)
	if err != nil {
		t.Fatal(err)
	}
	durable := rewritten(t, b, Options{Durable: true})
	gs := []*guest{start(t, exposed(t, b)), startSlice(t, durable, 5), start(t, durable)}
	for name, args := range map[string][]uint64{"document": {1, 4}, "workers": {20}, "recovered": {2, 7}} {
		for _, a := range args {
			want, err := gs[0].call(name, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range gs[1:] {
				// Go's memory holds times and random seeds: only results are compared.
				if got, err := g.call(name, a); err != nil || got[0] != want[0] {
					t.Fatalf("%s(%d) = %x, %v; as it came %x", name, a, got, err, want)
				}
			}
		}
	}
	if len(info.Globals) == 0 || gs[1].refills == 0 {
		t.Fatalf("%d globals, %d refills", len(info.Globals), gs[1].refills)
	}
}

var goGuestBytes []byte

func goGuest(t testing.TB) []byte {
	t.Helper()
	if goGuestBytes != nil {
		return goGuestBytes
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-trimpath", "-o", out, "./testdata/go/main.go")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, strings.TrimSpace(string(msg)))
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	goGuestBytes = b
	return b
}
