package layering

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "hearth/"

// rules say what a package, and what is below it without a rule of its own, may
// import of Hearth: packages, or trees that end with "/...". Its own tree is
// always allowed.
var rules = map[string][]string{
	"lumps":                  {},
	"lumps/want":             {"lumps", "store"},
	"lumps/reconcile":        {"lumps"},
	"lumps/car":              {"lumps", "store"},
	"store":                  {"lumps"},
	"journal":                {"lumps"},
	"journal/space":          {"lumps", "lumps/car", "store", "journal"},
	"runtime":                {"lumps", "store", "store/asset", "journal", "journal/space", "runtime/caps"},
	"runtime/caps":           {},
	"runtime/wasm":           {"lumps", "store", "store/asset", "journal/space", "runtime", "runtime/caps"},
	"runtime/peer":           {"lumps", "lumps/want", "store", "journal/space", "runtime", "runtime/caps", "runtime/peer/..."},
	"runtime/peer/secure":    {},
	"runtime/peer/mux":       {},
	"runtime/peer/trust":     {},
	"runtime/peer/transport": {"runtime/peer/trust"},
	"runtime/peer/mirror":    {"lumps", "lumps/want", "lumps/reconcile", "store", "journal", "journal/space"},
	"runtime/ipc":            {"lumps", "lumps/car", "lumps/want", "store", "journal", "journal/space", "runtime", "runtime/caps", "runtime/peer/..."},
	"runtime/native":         {"lumps", "store", "store/asset", "journal/space", "runtime", "runtime/caps", "runtime/serde"},
	"runtime/serde":          {"lumps"},
	"runtime/guest":          {},
	"vk":                     {"lumps", "store", "store/asset", "vk/model", "vk/scene"},
	"vk/model":               {"lumps", "store", "store/asset"},
	"vk/scene":               {"lumps"},
	"vk/service":             {"lumps", "store", "store/asset", "vk/model", "vk/scene", "runtime", "runtime/caps", "runtime/serde"},
	"term":                   {"term/input"},
	"term/input":             {},
	"term/pty":               {},
	"term/msdf":              {},
	"term/glyph":             {"lumps", "store", "store/asset", "term/msdf", "fixtures/fonts"},
	"term/atlas":             {"lumps", "store", "store/asset", "term/msdf", "term/glyph"},
	"term/service":           {"lumps", "store", "store/asset", "term/...", "vk/scene", "runtime", "runtime/caps", "runtime/serde"},
	"cmd":                    {"lumps/...", "store/...", "journal/...", "runtime/...", "vk/...", "term/...", "fixtures/..."},
	"fixtures":               {"lumps"},
}

// support are packages that only tests import. They may use everything but cmd,
// and only their like and tests may use them.
var support = []string{
	"store/storetest", "journal/journaltest", "journal/crashtest", "journal/peerbench", "runtime/runtimetest", "runtime/peer/peertest", "runtime/peer/peerbench", "vk/vktest", "vk/window/windowtest", "term/termtest", "fixtures/guests",
}

// standardOnly are packages that import nothing but the standard library.
var standardOnly = []string{"runtime/caps"}

// pure are trees that build without C: neither they nor what they import may hold any.
var pure = []string{"term", "runtime", "store", "lumps", "journal"}

// foreign are the packages that hold C, or call it.
var foreign = []string{"vk/raw", "vk/window"}

type listed struct {
	ImportPath   string
	Standard     bool
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,CgoFiles,Imports,TestImports,XTestImports", module+"...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

// within reports whether a package is a tree's root or below it.
func within(pkg, tree string) bool { return pkg == tree || strings.HasPrefix(pkg, tree+"/") }

// ruleOf finds the rule for a package: its own, or that of the nearest one above.
func ruleOf(pkg string) (tree string, ok bool) {
	for tree = pkg; ; {
		if _, ok := rules[tree]; ok {
			return tree, true
		}
		i := strings.LastIndexByte(tree, '/')
		if i < 0 {
			return "", false
		}
		tree = tree[:i]
	}
}

func allowed(from, to string) bool {
	tree, ok := ruleOf(from)
	if !ok {
		return false
	}
	// What is below an allowed package without "/..." is not, unless it is below
	// the rule's own tree and has no rule of its own.
	if other, _ := ruleOf(to); other == tree {
		return true
	}
	for _, r := range rules[tree] {
		if base, deep := strings.CutSuffix(r, "/..."); deep && within(to, base) || to == r {
			return true
		}
	}
	return false
}

func isSupport(pkg string) bool {
	return slices.ContainsFunc(support, func(s string) bool { return within(pkg, s) })
}

// demos are programs under cmd that show the fixtures.
func isDemo(pkg string) bool { return within(pkg, "cmd/internal/demo") }

func TestImportDirections(t *testing.T) {
	own := 0
	for _, p := range list(t) {
		from, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			if slices.ContainsFunc(p.Imports, func(i string) bool { return strings.HasPrefix(i, module) }) {
				t.Errorf("%s imports a package of Hearth", p.ImportPath)
			}
			continue
		}
		own++
		if _, ok := ruleOf(from); !ok {
			t.Errorf("%s has no place in the house; give it a rule", from)
			continue
		}
		if len(p.CgoFiles) > 0 && !slices.Contains(foreign, from) {
			t.Errorf("%s holds C: %v", from, p.CgoFiles)
		}
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, module)
			switch {
			case !ours && slices.Contains(standardOnly, from) && strings.Contains(strings.SplitN(i, "/", 2)[0], "."):
				t.Errorf("%s imports %s, and may import the standard library only", from, i)
			case !ours:
			case within(to, "cmd") && !within(from, "cmd"):
				t.Errorf("%s imports %s: nobody imports a command", from, to)
			case isSupport(from):
			case isSupport(to) && !isDemo(from):
				t.Errorf("%s imports %s, which is for tests", from, to)
			case isSupport(to):
			case !allowed(from, to):
				t.Errorf("%s imports %s, against the direction of the house", from, to)
			}
		}
		for _, i := range slices.Concat(p.TestImports, p.XTestImports) {
			if to, ours := strings.CutPrefix(i, module); ours && within(to, "cmd") && !within(from, "cmd") {
				t.Errorf("a test of %s imports %s: nobody imports a command", from, to)
			}
		}
	}
	if own < 20 {
		t.Errorf("go list found %d packages of Hearth", own)
	}
}

// What builds without C imports none, by whatever way.
func TestPureOfC(t *testing.T) {
	all := map[string]listed{}
	for _, p := range list(t) {
		all[p.ImportPath] = p
	}
	seen := map[string]bool{}
	var look func(path, by string)
	look = func(path, by string) {
		p := all[path]
		if seen[path] || p.Standard {
			return
		}
		seen[path] = true
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s, which %s imports, holds C", path, by)
		}
		for _, i := range p.Imports {
			look(i, path)
		}
	}
	for path := range all {
		if ours, ok := strings.CutPrefix(path, module); ok && slices.ContainsFunc(pure, func(tree string) bool { return within(ours, tree) }) && !isSupport(ours) {
			look(path, path)
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d packages were looked at", len(seen))
	}
}

// The table would see a wrong import.
func TestRulesRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"store/bolt", "lumps", true}, {"store/bolt", "store", true}, {"store", "store/bolt", true},
		{"lumps", "store", false}, {"store", "journal", false}, {"journal", "store", false}, {"journal", "journal/space", false},
		{"journal/space", "store", true}, {"journal/space", "store/bolt", false}, {"journal/space", "runtime", false},
		{"runtime", "runtime/wasm", false}, {"runtime", "vk", false}, {"runtime", "store/bolt", false}, {"runtime/wasm", "runtime", true},
		{"runtime/wasm/rewrite", "runtime/wasm", true}, {"runtime/wasm", "runtime/ipc", false}, {"runtime/guest", "runtime", false},
		{"runtime/ipc", "store/bolt", false}, {"vk", "runtime", false}, {"vk", "term", false}, {"vk/service", "runtime", true},
		{"vk/pass", "vk/raw", true}, {"vk", "vk/service", false}, {"vk/service", "vk/device", false}, {"vk/scene", "vk", false}, {"cmd/hearth-client", "vk", true},
		{"term/service", "vk", false}, {"term/service", "vk/scene", true}, {"term/service", "vk/service", false}, {"term/service", "term/pty", true},
		{"term", "vk/scene", false}, {"term", "runtime", false}, {"term", "term/input", true}, {"term", "term/pty", false}, {"term/input", "term", false},
		{"term/atlas", "term/glyph", true}, {"term/glyph", "term/atlas", false}, {"term/msdf", "term/glyph", false}, {"vk/service", "term", false},
		{"vk/pass", "term/atlas", false}, {"cmd/hearth-ctl", "store/bolt", true}, {"cmd/hearth-ctl", "cmd/internal/world", true},
		{"elsewhere", "lumps", false},
	} {
		if got := allowed(c.from, c.to); got != c.ok {
			t.Errorf("%s may import %s: %v", c.from, c.to, got)
		}
	}
}
