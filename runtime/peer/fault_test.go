package peer_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/peertest"
)

// listen lets a side accept connections, without security, until the test ends.
func (s *side) listen(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				key, _, _ := ed25519.GenerateKey(nil)
				s.node.Attach(context.Background(), nc, peer.Attach{Info: peer.Info{Key: key, Credential: "space", Addr: nc.RemoteAddr()}})
			})
		}
	})
	return ln.Addr().String()
}

// dial connects a side to an address.
func (s *side) dial(t testing.TB, addr string) *peer.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := s.node.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: s.key, Server: true}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func impatient(o *peer.Options) {
	o.Mux = mux.Options{KeepAlive: 100 * time.Millisecond, Dead: 500 * time.Millisecond}
}

// TestPartition: a connection on which nothing moves is dead at both ends within the
// time that was set, and everything that depended on it hears of that.
func TestPartition(t *testing.T) {
	a, b := newSide(t, impatient), newSide(t, impatient)
	b.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	link := peertest.NewLink(t, b.listen(t), peertest.Conditions{})
	c := a.dial(t, link.Addr())
	echo := get(t, a, c.Root(), "echo")
	down := make(chan string, 1)
	a.Monitor(echo, func(reason string) { down <- reason })
	link.Stall(true)
	begun := time.Now()
	select {
	case why := <-down:
		t.Logf("%q after %v", why, time.Since(begun).Round(time.Millisecond))
		if why != space.ReasonInaccessible {
			t.Errorf("reason %q", why)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody noticed")
	}
	<-c.Done()
	if !errors.Is(c.Err(), mux.ErrDead) {
		t.Errorf("the error is %v", c.Err())
	}
	eventually(t, "the other end", func() bool { return len(b.node.Conns()) == 0 })
	link.Stall(false)
	link.Heal()
	c = a.dial(t, link.Addr())
	if got := call(t, a, get(t, a, c.Root(), "echo"), "healed").Data; string(got) != "healed" {
		t.Errorf("%q", got)
	}
}

// TestStalledPeer sends more to a peer that takes nothing than can wait for it. Who
// can wait does, others are answered meanwhile, and the peer is cut off in the end.
func TestStalledPeer(t *testing.T) {
	server := newSide(t)
	addr := server.listen(t)
	link := peertest.NewLink(t, addr, peertest.Conditions{})
	slow, quick := newSide(t), newSide(t)
	sc, qc := slow.dial(t, link.Addr()), quick.dial(t, addr)
	in := newInbox(slow)
	send(t, slow, sc.Root(), runtime.Message{Data: []byte(`{"Register":{"name":"slow"}}`), Caps: []runtime.Capability{newInbox(slow).Cap(caps.Send), in.Cap(caps.Send | caps.Monitor)}})
	var toSlow runtime.Capability
	eventually(t, "the name", func() bool {
		r := call(t, quick, qc.Root(), `{"Get":{"name":"slow"}}`)
		if len(r.Caps) == 1 {
			toSlow = r.Caps[0]
		}
		return len(r.Caps) == 1
	})
	server.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	echo := get(t, quick, qc.Root(), "echo")
	link.Stall(true)
	// The server itself sends to the stalled one, as a durable process does: it
	// cannot wait.
	x, ok := server.Lookup("slow")
	if !ok {
		t.Fatal("no such name")
	}
	body := make([]byte, 64<<10)
	waits := 0
	for range 2 * peer.MaxWaiting / len(body) {
		_, _, err := server.Accept(x, runtime.Message{Data: body})
		if _, full := err.(*runtime.FullError); full {
			waits++
		}
	}
	if waits == 0 {
		t.Error("no sender was asked to wait")
	}
	if got := call(t, quick, echo, "still here").Data; string(got) != "still here" {
		t.Errorf("%q", got)
	}
	eventually(t, "the end of the stalled one", func() bool { return len(server.node.Conns()) == 1 })
	send(t, quick, toSlow, runtime.Message{Data: []byte("gone")})
	if got := call(t, quick, echo, "and after").Data; string(got) != "and after" {
		t.Errorf("%q", got)
	}
	link.Stall(false)
}

// TestFlood: a client that sends without end to a guest that does not keep up loses
// its own messages at most; another client's calls are answered, and the mailbox
// stays bounded.
func TestFlood(t *testing.T) {
	server := newSide(t)
	addr := server.listen(t)
	bad, good := newSide(t), newSide(t)
	bc, gc := bad.dial(t, addr), good.dial(t, addr)
	// A mailbox that nobody empties: a service that waits.
	release := make(chan struct{})
	port := server.NewService(func(ctx context.Context, _ *runtime.Request) {
		select {
		case <-release:
		case <-ctx.Done():
		}
	})
	server.Register("stuck", port.Cap(caps.Send))
	server.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	stuck, echo := get(t, bad, bc.Root(), "stuck"), get(t, good, gc.Root(), "echo")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		body := make([]byte, 512)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, _, err := bad.Accept(stuck, runtime.Message{Data: body})
			if full, ok := err.(*runtime.FullError); ok {
				select {
				case <-full.Drained:
				case <-stop:
					return
				}
			}
		}
	})
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if got := call(t, good, echo, "x").Data; string(got) != "x" {
			t.Errorf("%q", got)
		}
		if n := server.Waiting(port.Cap(caps.Send)); n > 16<<10 {
			t.Fatalf("%d messages wait", n)
		}
	}
	close(stop)
	wg.Wait()
	close(release)
}

// hostile is a peer that speaks the streams and says what it likes.
type hostile struct {
	m       *mux.Session
	streams [3]*mux.Stream
}

func newHostile(t *testing.T, addr string) *hostile {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{m: mux.New(nc, true, mux.Options{})}
	for i, k := range []byte("mwd") {
		if h.streams[i], err = h.m.Open(k, mux.Class(i/2)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { h.m.Close("done") })
	return h
}

func (h *hostile) frame(op byte, body ...byte) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+1))
	h.streams[0].Write(append(append(b, op), body...))
}

// TestHostile has each way to break the rules end the connection, and nothing else.
func TestHostile(t *testing.T) {
	server := newSide(t)
	addr := server.listen(t)
	hello := func(h *hostile) { h.frame(1, 1, 0) }
	for name, say := range map[string]func(h *hostile){
		"no hello":              func(h *hostile) { h.frame(4, 1) },
		"another version":       func(h *hostile) { h.frame(1, 9, 0) },
		"a root of ours":        func(h *hostile) { h.frame(1, 1, 2, 1, 1) },
		"a second hello":        func(h *hostile) { hello(h); hello(h) },
		"an unknown frame":      func(h *hostile) { hello(h); h.frame(77) },
		"an empty frame":        func(h *hostile) { hello(h); h.streams[0].Write(make([]byte, 4)) },
		"a huge frame":          func(h *hostile) { hello(h); h.streams[0].Write([]byte{0xff, 0, 0, 0, 2}) },
		"a foreign target":      func(h *hostile) { hello(h); h.frame(2, 99, 0, 0, 'x') },
		"a foreign home":        func(h *hostile) { hello(h); h.frame(2, 1, 1, 0, 2, 1, 99) },
		"too many releases":     func(h *hostile) { hello(h); h.frame(3, 1, 9) },
		"a release of none":     func(h *hostile) { hello(h); h.frame(3, 1, 0) },
		"a foreign watch":       func(h *hostile) { hello(h); h.frame(4, 99) },
		"a number and more":     func(h *hostile) { hello(h); h.frame(4, 1, 1) },
		"a bad offer":           func(h *hostile) { hello(h); h.frame(11, 1, 2, 3) },
		"a bad permission":      func(h *hostile) { hello(h); h.frame(2, 1, 1, 0, 1, 0xf0, 1) },
		"the wrong stream":      func(h *hostile) { h.streams[0].Reset(0) },
		"a bad want":            func(h *hostile) { hello(h); h.streams[1].Write([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) },
		"data nobody asked":     func(h *hostile) { hello(h); h.streams[2].Write(make([]byte, 4096)) },
		"half a frame, the end": func(h *hostile) { hello(h); h.streams[0].Write([]byte{0, 0, 0, 9, 2}); h.streams[0].CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, addr)
			say(h)
			go io.Copy(io.Discard, h.streams[0])
			select {
			case <-h.m.Done():
			case <-time.After(15 * time.Second):
				t.Error("the connection stands")
			}
		})
	}
	eventually(t, "their end", func() bool { return len(server.node.Conns()) == 0 })
	c := newSide(t).dial(t, addr)
	if c.Root().Ref.Kind == 0 {
		t.Error("an honest peer gets nothing any more")
	}
}

// TestLinksAcross ties processes on two peers together.
func TestLinksAcross(t *testing.T) {
	for _, end := range []string{"remote fails", "local fails", "remote exits", "unlinked", "cut"} {
		t.Run(end, func(t *testing.T) {
			a, b := newSide(t), newSide(t)
			ab, ba := join(t, a, b)
			far := b.SpawnGuest("twin", false)
			x, _ := b.Target(far, "")
			b.Register("twin", x)
			near := a.SpawnGuest("twin", false)
			mine, _ := a.Target(near, "")
			other := get(t, a, ab.Root(), "twin")
			if got := call(t, a, mine, "link", other).Data; string(got) != "linked" {
				t.Fatalf("%q", got)
			}
			call(t, a, other, "x") // behind the link
			farGone, nearGone := true, true
			switch end {
			case "remote fails":
				send(t, a, other, runtime.Message{Data: []byte("fail")})
			case "local fails":
				send(t, a, mine, runtime.Message{Data: []byte("fail")})
			case "remote exits":
				send(t, a, other, runtime.Message{Data: []byte("exit")})
				nearGone = false
			case "unlinked":
				call(t, a, mine, "unlink", other)
				send(t, a, mine, runtime.Message{Data: []byte("fail")})
				farGone = false
			case "cut":
				ba.Close("cut")
			}
			if nearGone {
				eventually(t, "the end of the near one", func() bool { return a.Gone(near) })
			}
			if farGone {
				eventually(t, "the end of the far one", func() bool { return b.Gone(far) })
			}
			if end != "cut" {
				call(t, a, get(t, a, ab.Root(), "hearth.UnixTime"), "null")
			}
			if a.Gone(near) != nearGone || b.Gone(far) != farGone {
				t.Errorf("near gone %v, far gone %v", a.Gone(near), b.Gone(far))
			}
		})
	}
}

// TestSpawnOnAPeer starts a process where a peer grants its spawner: the module goes
// there because the request names it.
func TestSpawnOnAPeer(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	spawner := get(t, a, ab.Root(), "hearth.wasm.WasmProcessSpawner")
	module := a.Module("counter")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := a.Call(ctx, spawner, runtime.Message{Data: fmt.Appendf(nil, `{"lump":%q,"entrypoint":null}`, module), Lumps: []lumps.CID{module}})
	if err != nil || len(r.Caps) != 1 {
		t.Fatalf("%q, %d capabilities, %v", r.Data, len(r.Caps), err)
	}
	if got := call(t, a, r.Caps[0], "add 7").Data; string(got) != "7" {
		t.Errorf("%q", got)
	}
	if !b.HasLump(module) {
		t.Error("the module did not go there")
	}
	// One that is not named does not: knowing its CID is no authority.
	hidden := a.Module("kv")
	r, err = a.Call(ctx, spawner, runtime.Message{Data: fmt.Appendf(nil, `{"lump":%q,"entrypoint":null}`, hidden)})
	if err != nil || len(r.Caps) != 0 || b.HasLump(hidden) {
		t.Errorf("%q, %d capabilities, %v", r.Data, len(r.Caps), err)
	}
}

// TestTransfer sends a lump before anybody asks for it.
func TestTransfer(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	cid, _ := putLump(t, a, 500_000)
	runtime.RemoteOf(ab.Root()).Offer(cid)
	eventually(t, "the lump", func() bool { return b.HasLump(cid) })
}

// TestManyCapabilities sends more capabilities than a peer may hold, to one that keeps
// none: they are released as fast as they come.
func TestManyCapabilities(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	hold := b.NewPort(func(*runtime.Signal) {}) // keeps nothing
	b.Register("hold", hold.Cap(caps.Send))
	to := get(t, a, ab.Root(), "hold")
	for i := 0; i < 1<<16; i += 256 {
		var cs []runtime.Capability
		for range 256 {
			cs = append(cs, a.NewPort(func(*runtime.Signal) {}).Cap(caps.Send))
		}
		_, _, err := a.Accept(to, runtime.Message{Caps: cs})
		if full, ok := err.(*runtime.FullError); ok {
			<-full.Drained
		}
	}
	if got := call(t, a, get(t, a, ab.Root(), "hearth.UnixTime"), "null").Data; len(got) == 0 {
		t.Error("no answer")
	}
	// What b dropped is released without anybody's doing.
	eventually(t, "the collector", func() bool { return ab.Stats().Exports < 1<<16 })
}
