package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What the documentation tells guest authors to type builds a module.
func TestExampleBuilds(t *testing.T) {
	out := filepath.Join(t.TempDir(), "greeter.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "hearth/runtime/guest/example")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil || len(module) < 8 || string(module[:4]) != "\x00asm" {
		t.Fatalf("no WebAssembly module came out (%d bytes, %v)", len(module), err)
	}
}
