package want

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hearth/lumps"
)

var update = flag.Bool("update", false, "write golden files")

// The bytes of every frame, so that a change of the format shows.
func TestGolden(t *testing.T) {
	c := lumps.Sum(lumps.Raw, []byte("a block"))
	var out bytes.Buffer
	for _, f := range []struct {
		name  string
		bytes []byte
	}{
		{"want", appendWant(appendHead(nil, kindWant, 1), wantEntry{ref: 0x01020304, priority: Urgent, offset: 0x00050607, cid: c})},
		{"want, whether", appendWant(appendHead(nil, kindWant, 1), wantEntry{ref: 1, onlyHas: true, cid: c})},
		{"cancel", appendRefs(nil, kindCancel, []uint32{1, 0x01020304})},
		{"have", appendRefs(nil, kindHave, []uint32{2})},
		{"dont-have", appendRefs(nil, kindDontHave, []uint32{3})},
		{"busy", appendRefs(nil, kindBusy, []uint32{4})},
		{"failed", appendRefs(nil, kindFailed, []uint32{5})},
		{"raise", appendRaises(nil, []*call{{ref: 6, priority: Urgent}})},
		{"data", appendChunk(nil, chunk{ref: 6, total: 0x00080910, offset: 0x00070605}, []byte("bytes"))},
		{"stop", appendStop(nil, 7)},
	} {
		fmt.Fprintf(&out, "%-14s %x\n", f.name, f.bytes)
	}
	name := filepath.Join("testdata", "frames.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("the frames are\n%s and were\n%s", out.Bytes(), want)
	}
}

// What is more than a frame holds goes into several.
func TestLongFrames(t *testing.T) {
	b := appendRefs(nil, kindBusy, make([]uint32, 2*maxInOne+1))
	if len(b) != 3*headLen+(2*maxInOne+1)*refLen {
		t.Errorf("%d bytes", len(b))
	}
}
