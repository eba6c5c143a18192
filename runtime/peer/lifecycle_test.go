package peer_test

import (
	"context"
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
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
)

// silent is a peer that speaks the streams and never says hello.
func silent(t *testing.T) (near net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	m := mux.New(far, false, mux.Options{})
	t.Cleanup(func() { m.Close("done") })
	return near
}

// Who waits for the hello of a peer goes on when it is told to stop, and so does the
// node when it is closed.
func TestStopWhileAPeerIsSilent(t *testing.T) {
	for _, how := range []string{"cancel", "close"} {
		t.Run(how, func(t *testing.T) {
			s := newSide(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ended := make(chan error, 1)
			nc := silent(t)
			go func() {
				_, err := s.node.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: s.key, Server: true}, Dialed: true})
				ended <- err
			}()
			time.Sleep(50 * time.Millisecond)
			closed := make(chan struct{})
			if how == "cancel" {
				cancel()
			} else {
				go func() { s.node.Close(); close(closed) }()
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Error("it was attached")
				}
			case <-time.After(5 * time.Second):
				t.Fatal("it waits on")
			}
			if how == "close" {
				select {
				case <-closed:
				case <-time.After(5 * time.Second):
					t.Fatal("the node does not end")
				}
			}
		})
	}
}

// Lumps are not asked for any more when the node has closed.
func TestFetchWhenClosed(t *testing.T) {
	a, b := newSide(t), newSide(t)
	join(t, a, b)
	cid, _ := putLump(t, b, 1000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				a.node.Fetch(context.Background(), cid)
			}
		})
	}
	a.node.Close()
	wg.Wait()
	if err := a.node.Fetch(context.Background(), cid); err == nil {
		t.Error("a closed node brought a lump")
	}
}

// What is more than a frame holds is not sent, and costs nobody the connection.
func TestTooMuchForAMessage(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	in := newInbox(b)
	defer in.Close()
	b.Register("in", in.Cap(caps.Send))
	x := get(t, a, ab.Root(), "in")
	var many []runtime.Capability
	for range space.MaxCaps + 1 {
		many = append(many, x)
	}
	named := make([]lumps.CID, space.MaxLumps+32)
	for i := range named {
		named[i] = lumps.Sum(lumps.Raw, fmt.Append(nil, i))
	}
	a.Accept(x, runtime.Message{Data: []byte("caps"), Caps: many})
	runtime.RemoteOf(x).Deliver(&runtime.Signal{Data: make([]byte, space.MaxMessage+1)})
	in.none(t)
	a.Accept(x, runtime.Message{Data: []byte("lumps"), Lumps: named})
	if r := in.next(t); string(r.Data) != "lumps" || len(r.Lumps) != space.MaxLumps {
		t.Errorf("%q with %d lumps", r.Data, len(r.Lumps))
	}
	if err := ab.Err(); err != nil {
		t.Error(err)
	}
}

// A peer of which less is left than a frame is told so.
func TestPeerThatEndsEarly(t *testing.T) {
	s := newSide(t)
	near, far := net.Pipe()
	far.Close()
	_, err := s.node.Attach(context.Background(), near, peer.Attach{Info: peer.Info{Key: s.key}, Dialed: true})
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, mux.ErrLost) {
		t.Errorf("%v", err)
	}
	if n := len(s.node.Conns()); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// A connection ends when its credential is revoked, and when another takes its name
// that may do other things: a mirror must not go on as the guest that it was made of.
func TestRecheck(t *testing.T) {
	server := newServed(t, secure.InsecureKSF, nil)
	conns := map[string]*peer.Conn{}
	for _, name := range []string{"stays", "revoked", "changed"} {
		server.set(t, name, trust.Guest)
		client := newSide(t)
		near, far := net.Pipe()
		go client.node.Attach(context.Background(), near, peer.Attach{Info: peer.Info{Key: server.key, Server: true}, Dialed: true})
		c, err := server.node.Attach(context.Background(), far, peer.Attach{Info: peer.Info{Key: client.key, Credential: name, Role: trust.Guest}})
		if err != nil {
			t.Fatal(err)
		}
		conns[name] = c
	}
	server.srv.Recheck()
	if err := server.credentials.Revoke("revoked"); err != nil {
		t.Fatal(err)
	}
	server.set(t, "changed", trust.Mirror)
	server.srv.Recheck()
	for _, name := range []string{"revoked", "changed"} {
		select {
		case <-conns[name].Done():
		case <-time.After(10 * time.Second):
			t.Errorf("who came as %q stays", name)
		}
	}
	if err := conns["stays"].Err(); err != nil {
		t.Errorf("who is admitted left: %v", err)
	}
}
