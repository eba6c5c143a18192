package shaders

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What is committed is what the sources say: every module compiles to the same
// bytes again, none is missing, and none is left over from a source that is gone.
func TestModulesMatchSources(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("./build.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, out)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*.spv"))
	if err != nil || len(made) == 0 {
		t.Fatalf("build.sh made no modules (%v)", err)
	}
	fresh := map[string]bool{}
	for _, path := range made {
		name := filepath.Base(path)
		fresh[name] = true
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		have, err := modules.ReadFile(name)
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not what its source compiles to; run go generate ./vk/shaders (%v)", name, err)
		}
	}
	entries, err := modules.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !fresh[e.Name()] {
			t.Errorf("%s has no source; remove it", e.Name())
		}
	}
}

func TestModule(t *testing.T) {
	b, err := Module("frame_full.vert")
	if err != nil {
		t.Fatal(err)
	}
	if len(b)%4 != 0 || binary.LittleEndian.Uint32(b) != 0x07230203 {
		t.Errorf("frame_full.vert is %d bytes that do not begin as SPIR-V does", len(b))
	}
	if _, err := Module("frame_full.tesc"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a shader that is not there: %v", err)
	}
}
