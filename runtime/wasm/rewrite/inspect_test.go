package rewrite

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; if that is meant, raise Version and run with -update. It is now:\n%s", path, got)
	}
}

var committed = []string{"kernels", "vectors", "libc", "collections", "shapes", "tables", "fuel", "loops"}

// The same bytes give the same bytes, today and on every machine. A difference means
// another Version: old results must not be taken for new ones.
func TestRewritingIsFixed(t *testing.T) {
	var s strings.Builder
	fmt.Fprintf(&s, "version %d\n", Version)
	for _, name := range committed {
		b := testModule(t, name)
		for _, o := range []Options{{}, {Durable: true}, {Durable: true, Image: true, MaxPages: 64, MaxDepth: 5000}} {
			first, err := Rewrite(b, o)
			if err != nil {
				fmt.Fprintf(&s, "%s %+v: %v\n", name, o, err)
				continue
			}
			second, _ := Rewrite(b, o)
			if !reflect.DeepEqual(first, second) {
				t.Fatal("it depends on more than its arguments")
			}
			fmt.Fprintf(&s, "%s %+v: %d -> %d %x\n", name, o, len(b), len(first.Module), sha256.Sum256(first.Module))
		}
	}
	golden(t, "hashes.golden", s.String())
}

func TestInspect(t *testing.T) {
	var s strings.Builder
	for _, name := range committed {
		info, err := Inspect(testModule(t, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&s, "%s %s\n", name, b)
	}
	golden(t, "inspect.golden", s.String())
}

// What Inspect says of a module is what Rewrite says, but for what the options add.
func TestRewriteTellsWhatInspectTells(t *testing.T) {
	for _, name := range committed {
		b := testModule(t, name)
		info, err := Inspect(b)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Rewrite(b, Options{MaxPages: 100})
		if err != nil {
			t.Fatal(err)
		}
		want := *info
		want.MaxPages = min(want.MaxPages, 100)
		if want.HasStart {
			want.StartExport = StartExport
		}
		if !reflect.DeepEqual(r.Info, want) {
			t.Errorf("%s: %+v, want %+v", name, r.Info, want)
		}
	}
}

// Memory grows to the limit and not beyond it, whatever the module declares.
func TestMemoryLimit(t *testing.T) {
	b := testModule(t, "fuel")
	for _, c := range []struct {
		limit, want uint32
	}{{0, 64}, {1, 1}, {10, 10}, {1000, 64}} {
		g := start(t, rewritten(t, b, Options{MaxPages: c.limit}))
		if _, max := g.m.Memory().Definition().Max(); !max {
			t.Fatal("no maximum")
		}
		n := uint32(1)
		for ; n <= 100; n++ {
			if _, ok := g.m.Memory().Grow(1); !ok {
				break
			}
		}
		if n != c.want {
			t.Errorf("limit %d: it grew to %d pages, want %d", c.limit, n, c.want)
		}
	}
}

// Behind an image no segment is copied and nothing starts, and what names a segment
// finds it under its index.
func TestImage(t *testing.T) {
	b := testModule(t, "tables")
	plain, image := start(t, rewritten(t, b, Options{})), start(t, rewritten(t, b, Options{Image: true}))
	if r, err := plain.call("active", 0); err != nil || r[0] != 'a' {
		t.Fatal(r, err)
	}
	if r, err := image.call("active", 0); err != nil || r[0] != 0 {
		t.Fatal(r, err)
	}
	for _, g := range []*guest{plain, image} {
		if r, err := g.call("segment", 13); err != nil || r[0] != 's' {
			t.Fatal(r, err)
		}
	}

	r, err := Rewrite(testModule(t, "shapes"), Options{Image: true})
	if err != nil || !r.Info.HasStart || r.Info.StartExport != "" {
		t.Fatalf("%+v %v", r.Info, err)
	}
	g := start(t, r.Module)
	if g.m.ExportedFunction(StartExport) != nil || g.m.ExportedGlobal(globalExport(0)).Get() != 3 {
		t.Fatal("it started")
	}
	if v, _ := g.m.Memory().ReadByte(16); v != 0 {
		t.Fatal("a segment was copied")
	}
	g = start(t, rewritten(t, testModule(t, "shapes"), Options{}))
	if g.m.ExportedGlobal(globalExport(0)).Get() != 41 {
		t.Fatal("it did not start")
	}
}

// Traces name functions as the module did, and what describes the old code is gone.
func TestNamesAndCustomSections(t *testing.T) {
	b := testModule(t, "shapes")
	b = append(b[:8:8], append(custom("producers", "x"), b[8:]...)...)
	b = append(b, custom(".debug_info", "y")...)
	b = append(b, custom("of the guest", "z")...)
	out := rewritten(t, b, Options{Durable: true})
	g := start(t, out)
	_, err := g.call("trap", 0)
	if err == nil || !strings.Contains(err.Error(), ".trap(") {
		t.Errorf("the trace does not name the function: %v", err)
	}
	if s := string(out); strings.Contains(s, ".debug_info") || !strings.Contains(s, "of the guest") || !strings.Contains(s, "producers") {
		t.Error("custom sections are not what they should be")
	}
	// Names that cannot be read are dropped, and are no reason to refuse.
	bad := append([]byte(magic), custom("name", "\x01\x05\x01\x00\x7f")...)
	if got := string(rewritten(t, bad, Options{})); strings.Contains(got, "name") {
		t.Error("damaged names are kept")
	}
}

func custom(name, body string) []byte {
	e := &emitter{}
	e.put(secCustom, append(appendName(nil, name), body...))
	return e.out
}
