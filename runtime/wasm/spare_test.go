package wasm_test

import (
	"context"
	"testing"

	"hearth/runtime/runtimetest"
)

// Instances are used again by hundreds of processes, of which each dirties another
// page, and none ever sees what another left: every one counts from nothing.
func TestRecycledInstancesAreClean(t *testing.T) {
	s := runtimetest.New(t)
	const lives, at = 400, 40
	for begin := 0; begin < lives; begin += at {
		var pids []uint64
		for range at {
			pids = append(pids, s.SpawnGuest("touch", false))
		}
		for n, pid := range pids {
			if got := s.Ask(pid, string(make([]byte, (begin+n)%16))); got != "\x01\x00\x00\x00\x00\x00\x00\x00" {
				t.Fatalf("process %d counts from %x", begin+n, got)
			}
		}
		for _, pid := range pids {
			if err := s.Runtime.Kill(context.Background(), pid, "test"); err != nil {
				t.Fatal(err)
			}
		}
	}
}
