package wasm_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"hearth/runtime/runtimetest"
)

// A process whose event crashed the server too often is quarantined, the others
// live, and every later replay agrees.
func TestPoisonIsQuarantined(t *testing.T) {
	s := runtimetest.New(t)
	file := filepath.Join(t.TempDir(), "crumbs")
	bad, good := s.SpawnGuest("counter", true), s.SpawnGuest("counter", true)
	s.Ask(good, "add 5")
	s.Ask(bad, "add 1")
	s.Tell(bad, "add 1")
	poison := s.Head()
	s.Tell(bad, "add 1")
	s.Options.Crumbs = file
	s.Restart()
	s.Kill()
	// What two crashed replays counted and a third one left: the format is drawn in
	// poison.go.
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	le.PutUint64(b[8:], 1)
	for i, v := range []uint64{bad, poison, 2} {
		le.PutUint64(b[16+8*i:], v)
	}
	le.PutUint64(b[len(b)-16:], bad)
	le.PutUint64(b[len(b)-8:], poison)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.Gone(bad) {
		t.Fatal("the process lives")
	}
	if got := s.Ask(good, "get"); got != "5" {
		t.Fatalf("the other process: %s", got)
	}
	sameState(t, s, s.Snap())
	s.Restart()
	if !s.Gone(bad) || s.Ask(good, "get") != "5" {
		t.Fatal("after another restart")
	}
	sameState(t, s, s.Snap())
}
