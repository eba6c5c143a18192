package peering

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/trust"
	"hearth/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		runtimetest.Cleanup()
		os.Exit(code)
	}))
}

// end is a space with its roots and its node.
type end struct {
	*runtimetest.Space
	roots *roots
	node  *peer.Node
	key   ed25519.PublicKey
}

func newEnd(t *testing.T, choice string, shared ...string) *end {
	e := &end{Space: runtimetest.New(t)}
	e.key, _, _ = ed25519.GenerateKey(nil)
	e.roots = newRoots(e.Runtime, slog.New(slog.DiscardHandler), choice, shared)
	e.node = peer.NewNode(peer.Options{Runtime: e.Runtime, Root: e.roots.root, Connected: e.roots.connected})
	t.Cleanup(e.node.Close)
	e.Serve(runtime.Service{Name: "hearth.init.Server", Handle: e.roots.hook(e.node.Conns)})
	return e
}

// join connects a client to a server and returns what the client was given.
func join(t *testing.T, client, server *end, role trust.Role) (given runtime.Capability, leave func()) {
	t.Helper()
	near, far := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := server.node.Attach(ctx, far, peer.Attach{Info: peer.Info{Key: client.key, Credential: "space", Role: role}}); err != nil {
			t.Error(err)
		}
	})
	c, err := client.node.Attach(ctx, near, peer.Attach{Info: peer.Info{Key: server.key, Server: true, Role: trust.Guest}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	return c.Root(), func() {
		c.Close("done")
		for _, x := range append(server.node.Conns(), c) {
			<-x.Done()
		}
	}
}

type told struct{ Peer, Credential string }

// ear is a guest that asks to hear of peers.
func (e *end) ear(t *testing.T, asks int) (*runtime.Port, chan told) {
	t.Helper()
	got := make(chan told, 100)
	port := e.NewPort(func(s *runtime.Signal) {
		var m told
		if s.Kind != runtime.SignalMessage || json.Unmarshal(s.Data, &m) != nil || len(s.Caps) != 1 {
			m.Peer = fmt.Sprintf("%q with %d capabilities", s.Data, len(s.Caps))
		}
		got <- m
	})
	hook, _ := e.Lookup("hearth.init.Server")
	for range asks {
		if _, _, err := e.Accept(hook, runtime.Message{Data: []byte("null"), Caps: []runtime.Capability{port.Cap(caps.Send | caps.Monitor)}}); err != nil {
			t.Fatal(err)
		}
	}
	return port, got
}

func next(t *testing.T, got chan told) told {
	t.Helper()
	select {
	case m := <-got:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was told")
		panic(0)
	}
}

// A guest hears of who is connected and of who comes, once each, and of nobody whom
// it cannot reach; one that has ended is forgotten.
func TestGuestsHearOfPeers(t *testing.T) {
	server, client := newEnd(t, RootNothing), newEnd(t, RootView)
	_, leave := join(t, client, server, trust.Guest)
	port, got := server.ear(t, 1)
	who := told{trust.KeyID(client.key), "space"}
	if m := next(t, got); m != who {
		t.Errorf("told %+v", m)
	}
	leave()
	late, lateGot := server.ear(t, 3)
	defer late.Close()
	call(t, server, "hearth.UnixTime") // the requests above are through
	join(t, newEnd(t, RootNothing), server, trust.Guest)
	join(t, client, server, trust.Guest)
	for _, ch := range []chan told{got, lateGot} {
		if m := next(t, ch); m != who {
			t.Errorf("told %+v", m)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := len(got) + len(lateGot); n != 0 {
		t.Errorf("%d told too much", n)
	}
	port.Close()
	server.roots.mu.Lock()
	defer server.roots.mu.Unlock()
	if n := len(server.roots.hears); n != 1 {
		t.Errorf("%d listeners are left", n)
	}
}

func call(t *testing.T, e *end, service string) {
	t.Helper()
	c, ok := e.Lookup(service)
	if !ok {
		t.Fatal(service)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := e.Call(ctx, c, runtime.Message{Data: []byte("null")}); err != nil {
		t.Fatal(err)
	}
}

// A guest chooses what peers are given; a mirror is given nothing.
func TestGuestsChooseTheRoot(t *testing.T) {
	server, client := newEnd(t, RootView), newEnd(t, RootNothing)
	hook, _ := server.Lookup("hearth.init.Server")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	counter := server.Cap(server.SpawnGuest("counter", true))
	r, err := server.Call(ctx, hook, runtime.Message{Data: []byte("null"), Caps: []runtime.Capability{counter}})
	if err != nil || string(r.Data) != "null" {
		t.Fatalf("%q %v", r.Data, err)
	}
	given, leave := join(t, client, server, trust.Guest)
	if r, err := client.Call(ctx, given, runtime.Message{Data: []byte("add 3")}); err != nil || string(r.Data) != "3" {
		t.Errorf("%q %v", r.Data, err)
	}
	leave()
	given, leave = join(t, client, server, trust.Mirror)
	if given.Ref.Kind != 0 {
		t.Error("a mirror is given something")
	}
	leave()
	// When what it chose has ended, the operator's choice counts again.
	if err := server.Runtime.Kill(ctx, counter.Ref.Process, "test"); err != nil {
		t.Fatal(err)
	}
	for range 1000 { // its end is on disk, and is told behind that
		server.roots.mu.Lock()
		ended := server.roots.chosen.Ref.Kind == 0
		server.roots.mu.Unlock()
		if ended {
			break
		}
		time.Sleep(time.Millisecond)
	}
	given, _ = join(t, client, server, trust.Guest)
	if r, err := client.Call(ctx, given, runtime.Message{Data: []byte(`"List"`)}); err != nil || string(r.Data) != `{"List":[]}` {
		t.Errorf("%q %v", r.Data, err)
	}
}

// No more guests are told than there is room for, and what is forgotten is not
// watched any more.
func TestListenersAreBounded(t *testing.T) {
	e := newEnd(t, RootNothing)
	for range maxHears + 10 {
		port, _ := e.ear(t, 1)
		defer port.Close()
	}
	call(t, e, "hearth.UnixTime")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		e.roots.mu.Lock()
		n := len(e.roots.hears)
		e.roots.mu.Unlock()
		if n == maxHears {
			break
		}
		if n > maxHears || time.Now().After(end) {
			t.Fatalf("%d listeners", n)
		}
	}
}

// What is shared is no way to the guests, whatever names they have; a view is.
func TestSharedRootReachesNoGuest(t *testing.T) {
	const native = "hearth.UnixTime"
	for choice, want := range map[string]string{RootShared: `{"List":["` + native + `"]}`, RootView: `{"List":["` + native + `","mine"]}`} {
		user, server := newEnd(t, choice, native), newEnd(t, RootNothing)
		user.SpawnGuest("counter", true, func(q *runtime.SpawnRequest) { q.Service = "mine" })
		given, _ := join(t, server, user, trust.Guest)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if r, err := server.Call(ctx, given, runtime.Message{Data: []byte(`"List"`)}); err != nil || string(r.Data) != want {
			t.Errorf("%s: %q %v", choice, r.Data, err)
		}
		r, err := server.Call(ctx, given, runtime.Message{Data: []byte(`{"Get":{"name":"mine"}}`)})
		if err != nil || (len(r.Caps) == 1) != (choice == RootView) {
			t.Errorf("%s: %q with %d capabilities, %v", choice, r.Data, len(r.Caps), err)
		}
		if r, err := server.Call(ctx, given, runtime.Message{Data: []byte(`{"Get":{"name":"` + native + `"}}`)}); err != nil || len(r.Caps) != 1 {
			t.Errorf("%s: %q %v", choice, r.Data, err)
		}
	}
}
