package runtime_test

import (
	"context"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

// far is a mailbox of another peer as a test sees it.
type far struct {
	released atomic.Bool
	during   func(what string) // called within each call

	mu            sync.Mutex
	watched, tied bool
	got           []string
}

func (f *far) Deliver(s *runtime.Signal) error {
	f.mu.Lock()
	f.got = append(f.got, string(s.Data))
	f.mu.Unlock()
	f.call("message")
	return nil
}
func (f *far) Watch(on bool)   { f.call("watch"); f.mu.Lock(); f.watched = on; f.mu.Unlock() }
func (f *far) Link(on bool)    { f.call("link"); f.mu.Lock(); f.tied = on; f.mu.Unlock() }
func (f *far) Offer(lumps.CID) { f.call("offer") }
func (f *far) Kill(bool)       { f.call("kill") }
func (f *far) call(what string) {
	if f.during != nil {
		f.during(what)
	}
}

func (f *far) received() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.got...)
}

// collect runs the collector until it has said what nobody holds.
func collect() {
	for range 3 {
		goruntime.GC()
		time.Sleep(2 * time.Millisecond)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

// A proxy is held while it is used, though its user holds it no longer: what is
// sent through it would follow its release.
func TestProxyIsHeldWhileItIsUsed(t *testing.T) {
	s := runtimetest.New(t)
	for what, use := range map[string]func(runtime.Capability){
		"message": func(c runtime.Capability) { s.Accept(c, runtime.Message{Data: []byte("x")}) },
		"watch":   func(c runtime.Capability) { s.Monitor(c, func(string) {}) },
		"kill":    func(c runtime.Capability) { s.KillCapability(c, false, "test") },
	} {
		t.Run(what, func(t *testing.T) {
			f := new(far)
			called := false
			f.during = func(got string) {
				called = called || got == what
				collect()
				if f.released.Load() {
					t.Errorf("released within a %s", got)
				}
			}
			func() { use(s.NewProxy(f, func() { f.released.Store(true) }).Cap(caps.All)) }()
			if !called {
				t.Error("nothing was done")
			}
		})
	}
}

// A durable process that is told of a proxy in a message finds it alive, however
// long the message waited.
func TestProxyIsHeldByAnEvent(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("echo", true)
	to := s.Cap(pid)
	const n = 50
	fars := make([]*far, n)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.GC()
			}
		}
	})
	for i := range fars {
		f := new(far)
		fars[i] = f
		// 100 KB go through the store on both ways.
		func() {
			p := s.NewProxy(f, func() { f.released.Store(true) })
			if _, _, err := s.Accept(to, runtime.Message{Data: make([]byte, 100_000), Caps: []runtime.Capability{p.Cap(caps.All)}}); err != nil {
				t.Error(err)
			}
		}()
	}
	for i, f := range fars {
		eventually(t, "an answer", func() bool { return len(f.received()) == 1 || f.released.Load() })
		if len(f.received()) != 1 {
			t.Fatalf("message %d was not answered: its reply capability was gone", i)
		}
	}
	close(stop)
	wg.Wait()
	eventually(t, "the release of all", func() bool {
		goruntime.GC()
		n := 0
		for _, f := range fars {
			if f.released.Load() {
				n++
			}
		}
		return n >= len(fars)-1 // the last one may be in a signal that is used again
	})
}

// Whoever watches while another stops to watch hears of the end.
func TestWatchesThatCross(t *testing.T) {
	s := runtimetest.New(t)
	f := new(far)
	p := s.NewProxy(f, func() {})
	c := p.Cap(caps.All)
	f.during = func(string) { goruntime.Gosched() }
	for range 5000 {
		cancel := s.Monitor(c, func(string) {})
		var second func()
		var wg sync.WaitGroup
		wg.Go(cancel)
		wg.Go(func() { second = s.Monitor(c, func(string) {}) })
		wg.Wait()
		f.mu.Lock()
		on := f.watched
		f.mu.Unlock()
		if !on {
			t.Fatal("somebody watches, and the peer was told that nobody does")
		}
		second()
		f.mu.Lock()
		on = f.watched
		f.mu.Unlock()
		if on {
			t.Fatal("nobody watches, and the peer was told that somebody does")
		}
	}
}

// A durable process watches a mailbox of a peer: it hears of the end once, in an
// event, also where the server is killed before, what it sent there it does not send
// again, and the history gives the same state.
func TestDurableWatchOfAProxy(t *testing.T) {
	s := runtimetest.New(t)
	room := s.SpawnGuest("room", true)
	join := func() (*far, runtime.Proxy) {
		f := new(far)
		p := s.NewProxy(f, func() { f.released.Store(true) })
		if got := s.Ask(room, "join", p.Cap(caps.Send|caps.Monitor)); got != "joined 1" {
			t.Fatalf("%q", got)
		}
		return f, p
	}
	f, p := join()
	s.Ask(room, "say hello")
	eventually(t, "the message", func() bool { return len(f.received()) == 1 })
	p.End(space.ReasonInaccessible)
	p.End(space.ReasonInaccessible)
	eventually(t, "the room to be empty", func() bool { return s.Ask(room, "who") == "0" })
	f, _ = join()
	s.Ask(room, "say again")
	eventually(t, "the message", func() bool { return len(f.received()) == 1 })
	s.Restart()
	eventually(t, "the room to be empty", func() bool { return s.Ask(room, "who") == "0" })
	if n := len(f.received()); n != 1 {
		t.Errorf("%d messages went out, one was sent", n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	info := s.Snap()
	downs := 0
	for rec, err := range s.J.Records(ctx, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if ev, err := space.Decode(rec); err != nil {
			t.Fatal(err)
		} else if ev.Kind() == space.KindDown {
			downs++
		}
	}
	if downs != 2 {
		t.Errorf("%d ends are recorded, 2 happened", downs)
	}
	again, err := s.Replay(info.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if again.State != info.State {
		t.Errorf("a replay gives the state %s, the space has %s", again.State, info.State)
	}
}
