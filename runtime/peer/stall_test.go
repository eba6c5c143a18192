package peer_test

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer/peertest"
)

// counted is a mailbox that counts what comes, and checks that it counts down.
func counted(t *testing.T, s *side) (runtime.Capability, *atomic.Int64) {
	var count atomic.Int64
	var last uint64
	p := s.NewPort(func(x *runtime.Signal) {
		if x.Kind != runtime.SignalMessage || len(x.Data) < 8 {
			return
		}
		n := binary.LittleEndian.Uint64(x.Data)
		if count.Load() > 0 && n != last-1 {
			t.Errorf("%d follows %d", n, last)
		}
		last = n
		count.Add(1)
	})
	t.Cleanup(p.Close)
	return p.Cap(caps.Send), &count
}

// A guest that sends more than a peer takes waits in the middle of its call. When
// there is room it goes on and nothing is lost; a kill, the end of the connection and
// that of the runtime end its waiting.
func TestSenderWaits(t *testing.T) {
	const n = 100_000
	for _, how := range []string{"room", "kill", "cut", "close"} {
		t.Run(how, func(t *testing.T) {
			a, b := newSide(t), newSide(t)
			link := peertest.NewLink(t, b.listen(t), peertest.Conditions{})
			c := a.dial(t, link.Addr())
			far, count := counted(t, b)
			b.Register("far", far)
			to := get(t, a, c.Root(), "far")
			link.Stall(true)
			sender := a.SpawnGuest("sender", false)
			self := a.Cap(sender)
			order := func(to runtime.Capability, n uint64) {
				send(t, a, self, runtime.Message{Data: binary.LittleEndian.AppendUint64(nil, n), Caps: []runtime.Capability{to}})
			}
			order(to, n)
			eventually(t, "its first messages", func() bool { return c.Stats().MessagesOut > 1000 })
			var sent uint64
			eventually(t, "that it waits", func() bool {
				sent = c.Stats().MessagesOut
				time.Sleep(200 * time.Millisecond)
				return c.Stats().MessagesOut == sent
			})
			if sent >= n {
				t.Fatal("it does not wait: all has been sent")
			}
			switch how {
			case "room":
				link.Stall(false)
				eventually(t, "all messages", func() bool { return count.Load() == n })
			case "kill":
				a.KillCapability(self, false, "test")
				eventually(t, "its end", func() bool { return a.Gone(sender) })
				if now := c.Stats().MessagesOut; now > sent+1000 {
					t.Errorf("it sent %d messages more behind its end", now-sent)
				}
			case "cut":
				link.Cut()
				<-c.Done()
				near, count := counted(t, a)
				order(near, 10)
				eventually(t, "what it is told next", func() bool { return count.Load() == 10 })
			case "close":
				closed := make(chan struct{})
				go func() { a.node.Close(); a.Kill(); close(closed) }()
				select {
				case <-closed:
				case <-time.After(15 * time.Second):
					t.Fatal("the runtime waits for a guest that waits")
				}
			}
			link.Stall(false)
		})
	}
}

// Two clients that flood each other through their server, and one that floods a guest
// there which answers it: everybody goes on, and nothing is lost.
func TestFloodsThroughTheServer(t *testing.T) {
	const n = 60_000
	a, b, server := newSide(t), newSide(t), newSide(t)
	as, _ := join(t, a, server)
	bs, _ := join(t, b, server)
	atA, countA := counted(t, a)
	atB, countB := counted(t, b)
	call(t, a, as.Root(), `{"Register":{"name":"a"}}`, atA)
	call(t, b, bs.Root(), `{"Register":{"name":"b"}}`, atB)
	server.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	echo := get(t, a, as.Root(), "echo")
	home, countHome := counted(t, a)
	var wg sync.WaitGroup
	flood := func(s *side, to runtime.Capability, cs ...runtime.Capability) {
		wg.Go(func() {
			for i := uint64(n); i > 0; i-- {
				patient(t, s, to, runtime.Message{Data: binary.LittleEndian.AppendUint64(make([]byte, 0, 64), i)[:64], Caps: cs})
			}
		})
	}
	flood(a, get(t, a, as.Root(), "b"))
	flood(b, get(t, b, bs.Root(), "a"))
	flood(a, echo, home)
	wg.Wait()
	for what, c := range map[string]*atomic.Int64{"a": countA, "b": countB, "the answers": countHome} {
		eventually(t, what, func() bool { return c.Load() == n })
	}
}

// A handler is not called again while a peer takes nothing, though it was handed
// several messages at once; it gets them in their order when there is room.
func TestHandlerIsNotCalledWhileItWaits(t *testing.T) {
	a, b := newSide(t), newSide(t)
	link := peertest.NewLink(t, b.listen(t), peertest.Conditions{})
	c := a.dial(t, link.Addr())
	in := newInbox(b)
	defer in.Close()
	b.Register("far", in.Cap(caps.Send))
	to := get(t, a, c.Root(), "far")
	near, count := counted(t, a)
	guest := a.Cap(a.SpawnGuest("sender", false))
	order := func(to runtime.Capability, n uint64) {
		send(t, a, guest, runtime.Message{Data: binary.LittleEndian.AppendUint64(nil, n), Caps: []runtime.Capability{to}})
	}
	link.Stall(true)
	for full := false; !full; { // and what the system keeps is full too
		_, _, err := a.Accept(to, runtime.Message{Data: make([]byte, 64<<10)})
		if out, ok := err.(*runtime.FullError); ok {
			select {
			case <-out.Drained:
			case <-time.After(300 * time.Millisecond):
				full = true
			}
		}
	}
	sent := c.Stats().MessagesOut
	order(near, 300_000) // while it does this, the others come
	for range 5 {
		order(to, 1)
	}
	eventually(t, "the first order", func() bool { return count.Load() == 300_000 })
	time.Sleep(100 * time.Millisecond)
	if n := c.Stats().MessagesOut - sent; n != 1 {
		t.Errorf("it sent %d messages to a peer that takes nothing", n)
	}
	link.Stall(false)
	eventually(t, "the rest", func() bool { return c.Stats().MessagesOut-sent == 5 })
}
