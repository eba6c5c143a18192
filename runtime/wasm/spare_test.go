package wasm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hearth/runtime"
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

// Who follows a process that writes nothing hears of its end.
func TestTailOfSilentProcessEnds(t *testing.T) {
	s := runtimetest.New(t)
	for _, durable := range []bool{false, true} {
		pid := s.SpawnGuest("counter", durable)
		done := make(chan error, 1)
		go func() {
			done <- s.Tail(t.Context(), pid, 10, true, func(runtime.LogLine) bool { return false })
		}()
		time.Sleep(10 * time.Millisecond) // it follows, or begins when the process is gone
		if err := s.Runtime.Kill(t.Context(), pid, "test"); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, runtime.ErrNoProcess) {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("durable %v: nobody told", durable)
		}
	}
}

// A name goes with the process that it was bound to, and with no other.
func TestNameOfEndedProcess(t *testing.T) {
	s := runtimetest.New(t)
	named := func(name string) func(*runtime.SpawnRequest) {
		return func(q *runtime.SpawnRequest) { q.Service = name }
	}
	a := s.SpawnGuest("counter", false, named("a"))
	b := s.SpawnGuest("counter", false, named("b"))
	s.Register("a2", s.Cap(a))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Tail(t.Context(), a, 0, true, func(runtime.LogLine) bool { return true })
	}()
	if err := s.Runtime.Kill(t.Context(), a, "test"); err != nil {
		t.Fatal(err)
	}
	<-ended
	for name, want := range map[string]bool{"a": false, "a2": false, "b": true} {
		if _, ok := s.Lookup(name); ok != want {
			t.Errorf("%s is bound: %v", name, ok)
		}
	}
	if !s.Gone(a) || s.Gone(b) {
		t.Error("the wrong process ended")
	}
}
