package wasm_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

// Guests of both styles and of every language answer.
func TestGuestsAnswer(t *testing.T) {
	s := runtimetest.New(t)
	for guest, ask := range map[string][2]string{
		"echo":          {"hello", "hello"},
		"echo-blocking": {"hello", "hello"},
		"counter":       {"add 4", "4"},
		"counter-go":    {"add 4", "4"},
		"room":          {"who", "0"},
		"looper":        {"hello", "hello"},
		"kv":            {`{"Get":{"key":"x"}}`, `{"Get":null}`},
	} {
		t.Run(guest, func(t *testing.T) {
			pid := s.SpawnGuest(guest, false)
			if !space.IsTransient(pid) {
				t.Fatalf("PID %d is not of the transient kind", pid)
			}
			if got := s.Ask(pid, ask[0]); got != ask[1] {
				t.Fatalf("%q, want %q", got, ask[1])
			}
		})
	}
}

// More looping guests than there are workers neither stall others nor the garbage
// collector, and can be killed.
func TestLoopersStallNobody(t *testing.T) {
	s := runtimetest.New(t)
	other := s.SpawnGuest("counter", false)
	durable := s.SpawnGuest("counter", true)
	var loopers []uint64
	for range 2*goruntime.GOMAXPROCS(0) + 1 {
		pid := s.SpawnGuest("looper", false)
		loopers = append(loopers, pid)
		s.Tell(pid, "loop")
	}
	time.Sleep(20 * time.Millisecond)
	for i := 1; i <= 20; i++ {
		if got := s.Ask(other, "add 1"); got != fmt.Sprint(i) {
			t.Fatal(got)
		}
		if got := s.Ask(durable, "add 1"); got != fmt.Sprint(i) {
			t.Fatal(got)
		}
		done := make(chan struct{})
		go func() { goruntime.GC(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("the garbage collector waits for a looping guest")
		}
	}
	for _, pid := range loopers {
		if err := s.Runtime.Kill(context.Background(), pid, "test"); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the loopers' end", func() bool {
		for _, pid := range loopers {
			if !s.Gone(pid) {
				return false
			}
		}
		return true
	})
}

// A transient process that watches a durable one hears of its end, when that is on
// disk.
func TestTransientWatchesDurable(t *testing.T) {
	s := runtimetest.New(t)
	room := s.SpawnGuest("room", false)
	member := s.SpawnGuest("trap", true)
	s.Ask(room, "join", s.Cap(member))
	s.Tell(member, "trap")
	wait(t, "the down signal", func() bool { return s.Ask(room, "who") == "0" })
}

// A call to a process that ends without an answer says so.
func TestCallOfTheDying(t *testing.T) {
	s := runtimetest.New(t)
	for _, durable := range []bool{false, true} {
		pid := s.SpawnGuest("trap", durable)
		if _, err := s.TryAsk(pid, "trap"); !errors.Is(err, runtime.ErrNoReply) {
			t.Fatalf("durable %v: %v", durable, err)
		}
		if _, err := s.TryAsk(pid, "hello"); !errors.Is(err, runtime.ErrNoProcess) {
			t.Fatalf("a dead PID, durable %v: %v", durable, err)
		}
	}
}

// Names lead to processes of both kinds, and end with them.
func TestServiceNames(t *testing.T) {
	s := runtimetest.New(t)
	for _, durable := range []bool{false, true} {
		name := fmt.Sprintf("echo-%v", durable)
		pid := s.SpawnGuest("trap", durable, func(q *runtime.SpawnRequest) { q.Service = name })
		c, err := s.Target(0, name)
		if err != nil || c.Ref.Process != pid {
			t.Fatalf("%s: %v %v", name, c, err)
		}
		if !c.Perms.Has(caps.Send) || c.Perms.Has(caps.Kill) {
			t.Fatalf("a name grants %v", c.Perms)
		}
		s.Tell(pid, "trap")
		wait(t, "the name's end", func() bool { _, err := s.Target(0, name); return errors.Is(err, runtime.ErrNoService) })
	}
}

// The log of a process has what it printed and why it ended.
func TestTail(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("trap", false)
	s.Tell(pid, "trap")
	wait(t, "its end", func() bool { return s.Gone(pid) })
	var lines []string
	if err := s.Tail(context.Background(), pid, 10, false, func(l runtime.LogLine) bool {
		lines = append(lines, l.Text)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 || !strings.Contains(lines[len(lines)-1], "unreachable") {
		t.Fatalf("%q", lines)
	}
	if err := s.Tail(context.Background(), 12345, 10, false, nil); !errors.Is(err, runtime.ErrNoProcess) {
		t.Fatalf("tail of nobody: %v", err)
	}
}

// A message over the limit is refused before anything is written, and one that is
// too large for the journal itself arrives whole.
func TestLargeMessages(t *testing.T) {
	s := runtimetest.New(t)
	for _, durable := range []bool{false, true} {
		pid := s.SpawnGuest("echo", durable)
		head := s.Head()
		_, err := s.TryAsk(pid, strings.Repeat("x", space.MaxMessage+1))
		if !errors.Is(err, runtime.ErrTooLarge) || s.Head() != head {
			t.Fatalf("durable %v: %v, head %d, was %d", durable, err, s.Head(), head)
		}
		text := strings.Repeat("0123456789", 5000)
		if got := s.Ask(pid, text); got != text {
			t.Fatalf("durable %v: %d bytes came back of %d", durable, len(got), len(text))
		}
	}
	sameState(t, s, s.Snap())
}

// Many clients and processes at once: every answer is the sender's own.
func TestManyAtOnce(t *testing.T) {
	s := runtimetest.New(t)
	var wg sync.WaitGroup
	for i := range 16 {
		pid := s.SpawnGuest("echo", i%2 == 0)
		wg.Go(func() {
			for k := range 50 {
				text := fmt.Sprintf("%d/%d", i, k)
				if r, err := s.TryAsk(pid, text); err != nil || string(r.Data) != text {
					t.Errorf("%q %v, want %q", r.Data, err, text)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Who asks first for a module and leaves does not fail those who wait for it too.
func TestWhoLeavesFailsNobody(t *testing.T) {
	s := runtimetest.New(t)
	module := s.Module("counter")
	for i := range 20 {
		limits := space.Limits{Pages: uint32(64 + i)} // each is prepared anew
		left, leave := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { s.Spawn(left, runtime.SpawnRequest{Module: module, Durable: true, Limits: limits, Entry: -1}) })
		time.Sleep(time.Duration(i) * 100 * time.Microsecond)
		leave()
		if _, _, err := s.Spawn(context.Background(), runtime.SpawnRequest{Module: module, Durable: true, Limits: limits, Entry: -1}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		wg.Wait()
	}
}
