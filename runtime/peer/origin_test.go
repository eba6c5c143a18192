package peer_test

import (
	"context"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer/trust"
)

// An address tells which peer it is on: one that comes from there, and not one of
// here, nor one of here that went there and came back.
func TestOriginOfAddresses(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	info := ab.Info()
	if o := runtime.OriginOf(ab.Root()); o != "peer "+info.Name() || !strings.HasPrefix(o, "peer ") {
		t.Errorf("what the server gave is of %q", o)
	}
	here := newInbox(a)
	defer here.Close()
	if o := runtime.OriginOf(here.Cap(caps.All)); o != "" {
		t.Errorf("a mailbox of here is of %q", o)
	}
	pid := a.SpawnGuest("echo", true)
	if o := runtime.OriginOf(a.Space.Cap(pid)); o != "" {
		t.Errorf("a durable process of here is of %q", o)
	}
	// The echo on b sends the capability back with its answer.
	b.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	r := call(t, a, get(t, a, ab.Root(), "echo"), "x", here.Cap(caps.All))
	if len(r.Caps) != 1 || runtime.OriginOf(r.Caps[0]) != "" {
		t.Errorf("what came home is of %q", runtime.OriginOf(r.Caps[0]))
	}
	if runtime.OriginOf(ba.Root()) == runtime.OriginOf(ab.Root()) {
		t.Error("two peers have one name")
	}
	if runtime.OriginOf(runtime.Capability{}) != "" {
		t.Error("nothing is of somewhere")
	}
}

// A service hears that a request is of a peer, whose process over there has no name
// here, whoever's reply address it has.
func TestServiceHearsWhichPeerAsks(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	asked := make(chan runtime.Sender, 1)
	b.Serve(runtime.Service{Name: "who", Handle: func(_ context.Context, r *runtime.Request) {
		asked <- r.Sender
		r.Reply(nil)
	}})
	call(t, a, get(t, a, ab.Root(), "who"), "x")
	if got, want := <-asked, (runtime.Sender{Peer: trust.KeyID(ba.Info().Key)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := runtime.PeerOf(ba.Root()); got != trust.KeyID(ba.Info().Key) {
		t.Errorf("what the peer gave is of %q", got)
	}
	here := newInbox(b)
	defer here.Close()
	if got := runtime.PeerOf(here.Cap(caps.All)); got != "" {
		t.Errorf("what is here is of %q", got)
	}
}
