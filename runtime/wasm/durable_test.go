package wasm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hearth/fixtures/guests"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/runtimetest"
)

// A counter goes on where its last acknowledged message left it, after any kind
// of end, and the replay of the whole journal gives the state that running gave.
func TestCounterSurvives(t *testing.T) {
	for _, guest := range []string{"counter", "counter-go"} {
		t.Run(guest, func(t *testing.T) {
			s := runtimetest.New(t)
			pid := s.SpawnGuest(guest, true)
			want := 0
			for round := range 4 {
				for range 20 {
					want++
					if got := s.Ask(pid, "add 1"); got != fmt.Sprint(want) {
						t.Fatalf("round %d: %q, want %d", round, got, want)
					}
				}
				if round%2 == 1 {
					sameState(t, s, s.Snap())
				}
				s.Restart()
				if got := s.Ask(pid, "get"); got != fmt.Sprint(want) {
					t.Fatalf("after restart %d: %q, want %d", round, got, want)
				}
			}
		})
	}
}

// sameState replays the whole journal up to a snapshot, with one worker and with
// many, and compares.
func sameState(t *testing.T, s *runtimetest.Space, info runtime.SnapshotInfo) {
	t.Helper()
	for _, workers := range []int{1, 8} {
		rep, err := s.Replay(info.Seq, func(o *runtime.Options) { o.Workers = workers })
		if err != nil {
			t.Fatalf("replay with %d workers: %v", workers, err)
		}
		if rep.State != info.State || rep.Seq != info.Seq {
			t.Fatalf("replay with %d workers gives %s at %d, running gave %s at %d", workers, rep.State, rep.Seq, info.State, info.Seq)
		}
	}
}

type relayCounts struct {
	Counted, Distinct, Duplicates, Spawned, Failed, Downs uint64
	Checksum                                              string
}

func relayCheck(t *testing.T, s *runtimetest.Space, pid uint64) (c relayCounts) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.Ask(pid, "check")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Guests that relay to guests, spawn and die: what was acknowledged is counted
// once at the end of the chain, whatever happens in between, at any snapshot
// interval, and every replay agrees with what ran.
func TestRelaysCountOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	s := runtimetest.New(t)
	child := s.Module("exit")
	last := s.SpawnGuest("relay", true)
	mid := s.SpawnGuest("relay", true)
	first := s.SpawnGuest("relay", true)
	s.Tell(mid, "next", s.Cap(last))
	s.Tell(first, "next", s.Cap(mid))
	var ids []uint64
	spawns := uint64(0)
	for round := range 6 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 4 {
			from := uint64(len(ids))
			for i := range uint64(50) {
				ids = append(ids, from+i)
			}
			wg.Go(func() {
				to := s.Cap(first)
				for i := range uint64(50) {
					_, _, err := s.Send(context.Background(), to, runtime.Message{Data: fmt.Append(nil, from+i), Origin: "test"})
					if err != nil {
						t.Error(err)
						return
					}
					if i%25 == 7 {
						to := s.Cap(mid)
						if _, _, err := s.Send(context.Background(), to, runtime.Message{Data: []byte("spawn"), Lumps: []lumps.CID{child}, Origin: "test"}); err != nil {
							t.Error(err)
						}
						mu.Lock()
						spawns++
						mu.Unlock()
					}
				}
			})
		}
		if r.IntN(2) == 0 {
			s.Snap() // in the middle of it
		}
		wg.Wait()
		if r.IntN(3) > 0 {
			info := s.Snap()
			s.Restart()
			sameState(t, s, info)
		} else {
			s.Restart()
		}
		c := relayCheck(t, s, last)
		// What is acknowledged is accepted; what it causes may still be on its way.
		for deadline := time.Now().Add(10 * time.Second); c.Counted < uint64(len(ids)) && time.Now().Before(deadline); c = relayCheck(t, s, last) {
			time.Sleep(5 * time.Millisecond)
		}
		if c.Counted != uint64(len(ids)) || c.Duplicates != 0 || c.Checksum != guests.RelayChecksum(ids...) {
			t.Fatalf("round %d: %d sent, counted %+v", round, len(ids), c)
		}
	}
	var c relayCounts
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c = relayCheck(t, s, mid); c.Downs == spawns {
			break
		}
	}
	if c.Spawned != spawns || c.Downs != spawns || c.Failed != 0 {
		t.Fatalf("%d spawns: %+v", spawns, c)
	}
	sameState(t, s, s.Snap())
}

// A replay without any snapshot, from one in the middle, and a restart give the
// same state at the same seq.
func TestSnapshotsChangeNothing(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("kv", true)
	clock := s.SpawnGuest("clock", true)
	for i := range 30 {
		s.Ask(pid, fmt.Sprintf(`{"Set":{"key":"k%d","value":"v%d"}}`, i%7, i))
		s.Ask(clock, "random")
		s.Ask(clock, "now")
		if i%10 == 9 {
			s.Snap()
			s.Restart()
		}
	}
	digest := s.Ask(clock, "digest")
	info := s.Snap()
	sameState(t, s, info)
	s.Restart()
	if got := s.Ask(clock, "digest"); got != digest {
		t.Fatalf("the clock saw other times or chances after a restart: %s, before %s", got, digest)
	}
	rep, err := s.Replay(info.Seq, func(o *runtime.Options) { o.IgnoreSnapshots = false })
	if err != nil || rep.State != info.State {
		t.Fatalf("from a snapshot: %v, %v; want %v", rep.State, err, info.State)
	}
}

// A handler that loops for ever runs out of its fuel, dies of it, and the restart
// does not loop.
func TestLooperRunsOutOfFuel(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("looper", true, func(q *runtime.SpawnRequest) { q.Limits.Fuel = 50_000_000 })
	other := s.SpawnGuest("counter", true)
	s.Ask(pid, "hello")
	s.Tell(pid, "loop")
	if got := s.Ask(other, "add 1"); got != "1" {
		t.Fatal(got)
	}
	wait(t, "the looper's end", func() bool { return s.Gone(pid) })
	info := s.Snap()
	sameState(t, s, info)
	s.Restart()
	if !s.Gone(pid) {
		t.Fatal("the looper is back")
	}
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// Who watches a process that traps or is killed hears of it once, across restarts.
func TestRoomForgetsTheDead(t *testing.T) {
	s := runtimetest.New(t)
	room := s.SpawnGuest("room", true)
	var members []uint64
	for range 3 {
		m := s.SpawnGuest("trap", true)
		members = append(members, m)
		s.Ask(room, "join", s.Cap(m))
	}
	if got := s.Ask(room, "who"); got != "3" {
		t.Fatalf("who: %s", got)
	}
	s.Restart()
	s.Tell(members[0], "trap")
	wait(t, "the first down", func() bool { return s.Ask(room, "who") == "2" })
	if err := s.Runtime.Kill(context.Background(), members[1], "test"); err != nil {
		t.Fatal(err)
	}
	wait(t, "the second down", func() bool { return s.Ask(room, "who") == "1" })
	s.Restart()
	if got := s.Ask(room, "who"); got != "1" {
		t.Fatalf("who after restart: %s", got)
	}
	sameState(t, s, s.Snap())
}

// A durable process's monitor on a transient one fires when the transient ends,
// and at the latest when the server starts again.
func TestMonitorOfTransient(t *testing.T) {
	s := runtimetest.New(t)
	room := s.SpawnGuest("room", true)
	echo := s.SpawnGuest("echo", false)
	trap := s.SpawnGuest("trap", false)
	s.Ask(room, "join", s.Cap(echo))
	s.Ask(room, "join", s.Cap(trap))
	s.Tell(trap, "trap")
	wait(t, "the down signal", func() bool { return s.Ask(room, "who") == "1" })
	s.Restart()
	wait(t, "the down signal of the epoch", func() bool { return s.Ask(room, "who") == "0" })
	sameState(t, s, s.Snap())
}

// Lumps that a durable handler makes are there after a crash, those that a
// message names can be loaded, and others cannot, whether the store has them or
// not.
func TestKeeperHolds(t *testing.T) {
	s := runtimetest.New(t)
	a, b := s.SpawnGuest("keeper", true), s.SpawnGuest("keeper", true)
	id := s.Ask(a, "put some bytes")
	if got := s.Ask(b, "load "+id); got != "error: not held" {
		t.Fatalf("b loads what it was never given: %q", got)
	}
	if got := s.Ask(a, "give "+id, s.Cap(b)); got != "given" {
		t.Fatal(got)
	}
	wait(t, "the gift", func() bool { return s.Ask(b, "load "+id) == "some bytes" })
	s.Restart()
	for _, pid := range []uint64{a, b} {
		if got := s.Ask(pid, "load "+id); got != "some bytes" {
			t.Fatalf("after a restart: %q", got)
		}
	}
	s.Ask(a, "forget "+id)
	if got := s.Ask(a, "load "+id); got != "error: not held" {
		t.Fatalf("forgotten and loaded: %q", got)
	}
	sameState(t, s, s.Snap())
}

// A timer that a durable process waits for fires after a restart.
func TestSleepAcrossRestart(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("clock", true)
	s.Tell(pid, "sleep 0.3")
	before := s.Head()
	s.Restart()
	after := s.Head()
	wait(t, "the timer", func() bool { return s.Head() > after })
	time.Sleep(10 * time.Millisecond)
	if before == 0 {
		t.Fatal("no events")
	}
	sameState(t, s, s.Snap())
}

// The same key counts once, also when the server was killed in between.
func TestKeyCountsOnce(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("counter", true)
	send := func() bool {
		to := s.Cap(pid)
		_, dup, err := s.Send(context.Background(), to, runtime.Message{Data: []byte("add 1"), Key: "k", Origin: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return dup
	}
	if send() {
		t.Fatal("new key taken for a repeat")
	}
	if !send() {
		t.Fatal("a repeat counted")
	}
	s.Restart()
	if !send() {
		t.Fatal("a repeat counted after a restart")
	}
	s.Snap()
	s.Restart()
	if !send() {
		t.Fatal("a repeat counted after a snapshot")
	}
	if got := s.Ask(pid, "get"); got != "1" {
		t.Fatalf("counted %s", got)
	}
}

// badWhenRun are the modules that start and fail with their first signal.
var badWhenRun = map[string]bool{
	"bad/bad-handle": true, "bad/bad-length": true, "bad/bad-pointer": true, "bad/bad-signal": true, "bad/grow": true,
	"bad/huge-memory": true, "bad/kill-registry": true, "bad/metadata-late": true, "bad/no-memory": true,
	"bad/recursion": true, "bad/recv-in-handler": true,
}

// What cannot be durable, or cannot run at all, is refused and changes nothing.
func TestRefusedModules(t *testing.T) {
	s := runtimetest.New(t)
	head := s.Head()
	for _, name := range guests.Bad() {
		t.Run(name, func(t *testing.T) {
			_, _, err := s.Spawn(context.Background(), runtime.SpawnRequest{Module: s.Module(name), Durable: true, Entry: -1,
				Limits: space.Limits{Fuel: 10_000_000}})
			if err == nil {
				if !badWhenRun[name] {
					t.Fatal("accepted")
				}
				return
			}
			if !errors.Is(err, runtime.ErrBadModule) && !errors.Is(err, runtime.ErrBlocking) {
				t.Fatalf("%v", err)
			}
			t.Log(err)
			if s.Head() != head {
				t.Fatal("a refused spawn left an event")
			}
		})
		head = s.Head()
	}
	if _, _, err := s.Spawn(context.Background(), runtime.SpawnRequest{Module: s.Module("echo-blocking"), Durable: true, Entry: -1}); !errors.Is(err, runtime.ErrBlocking) {
		t.Fatalf("a blocking guest as durable: %v", err)
	}
}

// An idle process gives back what it can, and goes on as if nothing had been.
func TestRest(t *testing.T) {
	s := runtimetest.New(t)
	d, tr := s.SpawnGuest("counter", true), s.SpawnGuest("counter", false)
	for i := 1; i <= 5; i++ {
		for _, pid := range []uint64{d, tr} {
			if got := s.Ask(pid, "add 1"); got != fmt.Sprint(i) {
				t.Fatal(got)
			}
		}
		if i == 3 {
			s.Snap()
		}
		// Both have answered, and may still be on their way to being idle.
		rested := 0
		wait(t, "both to rest", func() bool { rested += s.Rest(); return rested >= 2 })
	}
	sameState(t, s, s.Snap())
}
