package peer_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/store"
)

// patient sends as a guest does: it waits where it is told to.
func patient(t testing.TB, s *side, to runtime.Capability, m runtime.Message) {
	t.Helper()
	_, _, err := s.Accept(to, m)
	if out, ok := err.(*runtime.FullError); ok {
		select {
		case <-out.Drained:
		case <-time.After(30 * time.Second):
			t.Fatal("the way to the peer stays full")
		}
	} else if err != nil {
		t.Fatal(err)
	}
}

// stuck is a service that counts its messages once it is let go.
func stuck(s *side) (port *runtime.Port, count *atomic.Int64, release func()) {
	gate := make(chan struct{})
	count = new(atomic.Int64)
	port = s.NewService(func(ctx context.Context, _ *runtime.Request) {
		select {
		case <-gate:
			count.Add(1)
		case <-ctx.Done():
		}
	})
	return port, count, sync.OnceFunc(func() { close(gate) })
}

// A mailbox that is full of a few large messages holds the connection up as one that
// is full of many small ones, and loses none when it is emptied in time.
func TestLargeMessagesWait(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	port, count, release := stuck(b)
	defer release()
	b.Register("stuck", port.Cap(caps.Send))
	x := get(t, a, ab.Root(), "stuck")
	const n = 76
	body := make([]byte, 1_000_000)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			patient(t, a, x, runtime.Message{Data: body})
		}
	})
	eventually(t, "a full mailbox", func() bool { return b.Waiting(port.Cap(caps.Send)) >= 66 })
	time.Sleep(200 * time.Millisecond)
	release()
	wg.Wait()
	eventually(t, "all messages", func() bool { return count.Load()+int64(ba.Stats().Lost) >= n })
	if lost := n - count.Load(); lost != 0 {
		t.Errorf("%d of %d messages were lost, %d of them counted", lost, n, ba.Stats().Lost)
	}
}

// What goes to others in between hides no mailbox that is long.
func TestLongMailboxAmongOthers(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	port, _, release := stuck(b)
	defer release()
	b.Register("stuck", port.Cap(caps.Send))
	sink := b.NewPort(func(*runtime.Signal) {})
	b.Register("sink", sink.Cap(caps.Send))
	x, y := get(t, a, ab.Root(), "stuck"), get(t, a, ab.Root(), "sink")
	stop := time.Now().Add(300 * time.Millisecond)
	for time.Now().Before(stop) {
		for i := range 32 {
			to := x
			if i == 29 { // two calls to the registry came before
				to = y
			}
			_, _, err := a.Accept(to, runtime.Message{Data: []byte("x")})
			if _, full := err.(*runtime.FullError); full {
				stop = time.Now()
			}
		}
		if n := b.Waiting(port.Cap(caps.Send)); n > 16<<10 {
			t.Fatalf("%d messages wait", n)
		}
	}
}

// joinServing is join, where a serves its blocks through p.
func joinServing(t testing.TB, a, b *side, p want.Provider) (ab, ba *peer.Conn) {
	t.Helper()
	near, far := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		var err error
		if ba, err = b.node.Attach(ctx, far, peer.Attach{Info: peer.Info{Key: a.key, Credential: "space"}}); err != nil {
			t.Error(err)
		}
	})
	ab, err := a.node.Attach(ctx, near, peer.Attach{Info: peer.Info{Key: b.key, Server: true}, Dialed: true, Blocks: p})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	return ab, ba
}

// Messages behind one whose lump takes its time wait, also more than are held: that
// breaks no rule, so it costs neither the connection nor a message.
func TestMoreThanIsHeld(t *testing.T) {
	a, b := newSide(t), newSide(t)
	gate := make(chan struct{})
	ab, ba := joinServing(t, a, b, want.ProviderFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		select {
		case <-gate:
			return a.Store.Get(ctx, c)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}))
	b.SpawnGuest("counter", true, func(q *runtime.SpawnRequest) { q.Service = "counter" })
	x := get(t, a, ab.Root(), "counter")
	cid, _ := putLump(t, a, 1000)
	var wg sync.WaitGroup
	const n = 3 * peer.MaxHeld
	wg.Go(func() {
		for i := range n {
			m := runtime.Message{Data: []byte("add 1")}
			if i == 0 {
				m.Lumps = []lumps.CID{cid}
			}
			patient(t, a, x, m)
		}
	})
	time.Sleep(500 * time.Millisecond)
	if err := ba.Err(); err != nil {
		t.Fatal(err)
	}
	close(gate)
	wg.Wait()
	if got := call(t, a, x, "get").Data; string(got) != fmt.Sprint(n) {
		t.Errorf("%s of %d messages came", got, n)
	}
}

// A lump that does not come costs the message that names it, in its time, and none
// that follows. The end of the connection ends the waiting.
func TestLumpThatDoesNotCome(t *testing.T) {
	for _, how := range []string{"denied", "cut"} {
		t.Run(how, func(t *testing.T) {
			a, b := newSide(t), newSide(t)
			ab, ba := joinServing(t, a, b, want.ProviderFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
				if how == "denied" {
					return nil, store.ErrNotFound
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}))
			b.SpawnGuest("counter", true, func(q *runtime.SpawnRequest) { q.Service = "counter" })
			x := get(t, a, ab.Root(), "counter")
			cid, _ := putLump(t, a, 1000)
			send(t, a, x, runtime.Message{Data: []byte("add 100"), Lumps: []lumps.CID{cid}})
			if how == "denied" {
				if got := call(t, a, x, "add 1").Data; string(got) != "1" {
					t.Errorf("%s", got)
				}
				return
			}
			time.Sleep(50 * time.Millisecond)
			ab.Close("cut")
			<-ba.Done()
			closed := make(chan struct{})
			go func() { b.node.Close(); close(closed) }()
			select {
			case <-closed:
			case <-time.After(5 * time.Second):
				t.Error("somebody waits on for a peer that is gone")
			}
		})
	}
}
