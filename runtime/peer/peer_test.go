package peer_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"net"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/runtimetest"
	"hearth/store"
)

// side is one machine of a test: a space and its node.
type side struct {
	*runtimetest.Space
	node *peer.Node
	key  ed25519.PublicKey
}

func newSide(t testing.TB, change ...func(*peer.Options)) *side {
	t.Helper()
	s := &side{Space: runtimetest.New(t)}
	s.key, _, _ = ed25519.GenerateKey(nil)
	o := peer.Options{Runtime: s.Runtime, Program: "test", Root: func(peer.Info) runtime.Capability {
		c, _ := s.Runtime.Lookup(runtime.RegistryName)
		return c
	}}
	for _, f := range change {
		f(&o)
	}
	s.node = peer.NewNode(o)
	t.Cleanup(s.node.Close)
	return s
}

// join connects two sides over loopback; a dials. Security is another package's.
func join(t testing.TB, a, b *side) (ab, ba *peer.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		nc, err := ln.Accept()
		if err == nil {
			ba, err = b.node.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: a.key, Credential: "space"}})
		}
		if err != nil {
			t.Error(err)
		}
	}()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ab, err = a.node.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: b.key, Server: true}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return ab, ba
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// get asks a registry for a name.
func get(t testing.TB, s *side, registry runtime.Capability, name string) runtime.Capability {
	t.Helper()
	r := call(t, s, registry, fmt.Sprintf(`{"Get":{"name":%q}}`, name))
	if len(r.Caps) != 1 {
		t.Fatalf("%s: %s, %d capabilities", name, r.Data, len(r.Caps))
	}
	return r.Caps[0]
}

func call(t testing.TB, s *side, to runtime.Capability, text string, cs ...runtime.Capability) runtime.Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := s.Call(ctx, to, runtime.Message{Data: []byte(text), Caps: cs})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

// inbox is a mailbox of the host.
type inbox struct {
	*runtime.Port
	got chan runtime.Reply
}

func newInbox(s *side) *inbox {
	in := &inbox{got: make(chan runtime.Reply, 1000)}
	in.Port = s.NewPort(func(x *runtime.Signal) {
		if x.Kind == runtime.SignalMessage {
			in.got <- runtime.Reply{Data: bytes.Clone(x.Data), Caps: append([]runtime.Capability(nil), x.Caps...), Lumps: x.Lumps}
		}
	})
	return in
}

func (in *inbox) next(t testing.TB) runtime.Reply {
	t.Helper()
	select {
	case r := <-in.got:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("no message came")
		panic(0)
	}
}

func (in *inbox) none(t testing.TB) {
	t.Helper()
	select {
	case r := <-in.got:
		t.Fatalf("a message came: %q", r.Data)
	case <-time.After(100 * time.Millisecond):
	}
}

func send(t testing.TB, s *side, to runtime.Capability, m runtime.Message) {
	t.Helper()
	if _, _, err := s.Send(context.Background(), to, m); err != nil {
		t.Fatal(err)
	}
}

func TestCallAcross(t *testing.T) {
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprint("durable ", durable), func(t *testing.T) {
			a, b := newSide(t), newSide(t)
			ab, ba := join(t, a, b)
			b.SpawnGuest("counter", durable, func(q *runtime.SpawnRequest) { q.Service = "counter" })
			counter := get(t, a, ab.Root(), "counter")
			if got := call(t, a, counter, "add 5").Data; string(got) != "5" {
				t.Errorf("add 5: %q", got)
			}
			if got := call(t, a, counter, "add 2").Data; string(got) != "7" {
				t.Errorf("add 2: %q", got)
			}
			if i := ba.Info(); !bytes.Equal(i.Key, a.key) || i.Program != "test" {
				t.Errorf("info %+v", i)
			}
		})
	}
}

// TestHome sends a capability there and back: it is itself again, with no more
// permissions than it was given.
func TestHome(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	b.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	echo := get(t, a, ab.Root(), "echo")
	in := newInbox(a)
	defer in.Close()
	mine := in.Cap(caps.All)
	r := call(t, a, echo, "x", mine, echo)
	if len(r.Caps) != 2 || r.Caps[0] != mine || r.Caps[1] != echo {
		t.Fatalf("sent %+v, %+v; came back %+v", mine, echo, r.Caps)
	}
	weak := in.Cap(caps.Send)
	if r := call(t, a, echo, "x", weak); r.Caps[0] != weak {
		t.Errorf("sent %+v, came back %+v", weak, r.Caps[0])
	}
}

func TestPermissionsAreTheOwners(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	pid := b.SpawnGuest("echo", false)
	echo, _ := b.Target(pid, "")
	echo.Perms = caps.Monitor
	b.Register("watch-only", echo)
	x := get(t, a, ab.Root(), "watch-only")
	if x.Perms != caps.Monitor {
		t.Errorf("permissions %v", x.Perms)
	}
	forged := x
	forged.Perms = caps.All // a host that lies to itself
	in := newInbox(a)
	defer in.Close()
	send(t, a, forged, runtime.Message{Data: []byte("hi"), Caps: []runtime.Capability{in.Cap(caps.Send)}})
	a.KillCapability(forged, false, "test")
	in.none(t)
	if b.Gone(pid) {
		t.Error("a peer killed what it may not")
	}
}

// TestRelay gives a capability of one client to another: the server relays.
func TestRelay(t *testing.T) {
	a, b, server := newSide(t), newSide(t), newSide(t)
	as, _ := join(t, a, server)
	bs, _ := join(t, b, server)
	server.SpawnGuest("room", true, func(q *runtime.SpawnRequest) { q.Service = "room" })
	ina, inb := newInbox(a), newInbox(b)
	defer ina.Close()
	// A registers a mailbox at the server; B finds it there and sends through it a
	// capability of its own, through which A answers.
	send(t, a, as.Root(), runtime.Message{Data: []byte(`{"Register":{"name":"a"}}`), Caps: []runtime.Capability{newInbox(a).Cap(caps.Send), ina.Cap(caps.All)}})
	var toA runtime.Capability
	eventually(t, "the name", func() bool {
		r := call(t, b, bs.Root(), `{"Get":{"name":"a"}}`)
		if len(r.Caps) == 1 {
			toA = r.Caps[0]
		}
		return len(r.Caps) == 1
	})
	send(t, b, toA, runtime.Message{Data: []byte("from b"), Caps: []runtime.Capability{inb.Cap(caps.All)}})
	r := ina.next(t)
	if string(r.Data) != "from b" || len(r.Caps) != 1 {
		t.Fatalf("%q with %d capabilities", r.Data, len(r.Caps))
	}
	down := make(chan string, 2)
	a.Monitor(r.Caps[0], func(reason string) { down <- reason })
	send(t, a, r.Caps[0], runtime.Message{Data: []byte("answer")})
	if got := inb.next(t); string(got.Data) != "answer" {
		t.Fatalf("%q", got.Data)
	}
	inb.Close()
	select {
	case why := <-down:
		if why != space.ReasonNormal {
			t.Errorf("reason %q", why)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the end of b's mailbox did not cross the server")
	}
}

func TestMonitorAndKillAcross(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	for _, durable := range []bool{false, true} {
		pid := b.SpawnGuest("echo", durable)
		x, _ := b.Target(pid, "")
		name := fmt.Sprint("victim ", durable)
		b.Register(name, x)
		victim := get(t, a, ab.Root(), name)
		down := make(chan string, 2)
		a.Monitor(victim, func(reason string) { down <- reason })
		a.KillCapability(victim, false, "test")
		select {
		case why := <-down:
			if why != space.ReasonKilled {
				t.Errorf("durable %v: reason %q", durable, why)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("durable %v: no down signal", durable)
		}
		eventually(t, "the kill", func() bool { return b.Gone(pid) })
	}
}

// TestDisconnect tells the watchers of every import once, and the guests in a room
// that a member is gone.
func TestDisconnect(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	b.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	echo := get(t, a, ab.Root(), "echo")
	var mu sync.Mutex
	downs := map[string]int{}
	for range 3 {
		a.Monitor(echo, func(reason string) { mu.Lock(); downs[reason]++; mu.Unlock() })
	}
	ba.Close("enough")
	<-ab.Done()
	<-ba.Done()
	eventually(t, "the down signals", func() bool { mu.Lock(); defer mu.Unlock(); return downs[space.ReasonInaccessible] == 3 })
	time.Sleep(20 * time.Millisecond)
	if len(downs) != 1 || downs[space.ReasonInaccessible] != 3 {
		t.Errorf("downs %v", downs)
	}
	send(t, a, echo, runtime.Message{Data: []byte("into the void")})
	if n := len(a.node.Conns()) + len(b.node.Conns()); n != 0 {
		t.Errorf("%d connections left", n)
	}
	ab2, _ := join(t, a, b)
	if got := call(t, a, get(t, a, ab2.Root(), "echo"), "again").Data; string(got) != "again" {
		t.Errorf("after coming back: %q", got)
	}
}

// TestRelease counts the exports: what nobody holds is released, whatever crosses.
func TestRelease(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	b.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	echo := get(t, a, ab.Root(), "echo")
	for i := range 500 {
		call(t, a, echo, fmt.Sprint(i), newInbox(a).Cap(caps.Send))
	}
	eventually(t, "the releases", func() bool {
		goruntime.GC()
		return ba.Stats().Imports <= 2 && ab.Stats().Exports <= 2 // the root, and at most one in a signal that is used again
	})
	goruntime.KeepAlive(echo)
	if got := call(t, a, echo, "still").Data; string(got) != "still" {
		t.Errorf("%q", got)
	}
}

// TestOrder keeps the order of one connection over different mailboxes.
func TestOrder(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	var mu sync.Mutex
	var got []byte
	for _, n := range []string{"x", "y"} {
		p := b.NewPort(func(s *runtime.Signal) { mu.Lock(); got = append(got, s.Data...); mu.Unlock() })
		defer p.Close()
		b.Register(n, p.Cap(caps.Send))
	}
	x, y := get(t, a, ab.Root(), "x"), get(t, a, ab.Root(), "y")
	var want []byte
	for i := range 5000 {
		to, s := x, byte(i)
		if i%3 == 0 {
			to = y
		}
		want = append(want, s)
		a.Accept(to, runtime.Message{Data: []byte{s}})
	}
	eventually(t, "all messages", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == len(want) })
	if !bytes.Equal(got, want) {
		t.Error("the order was not kept")
	}
}

func putLump(t testing.TB, s *side, n int) (lumps.CID, []byte) {
	t.Helper()
	data := bytes.Repeat([]byte(fmt.Sprint(t.Name(), n, "!")), n/10+1)
	for i := range data {
		data[i] ^= byte(i >> 8 * 37)
	}
	l, err := store.PutLump(context.Background(), s.Store, bytes.NewReader(data), store.KindFile)
	if err != nil {
		t.Fatal(err)
	}
	return l.CID, data
}

// TestLumpThroughTheServer: B loads a lump that only A has, because A named it.
func TestLumpThroughTheServer(t *testing.T) {
	a, b, server := newSide(t), newSide(t), newSide(t)
	as, _ := join(t, a, server)
	bs, _ := join(t, b, server)
	inb := newInbox(b)
	defer inb.Close()
	send(t, b, bs.Root(), runtime.Message{Data: []byte(`{"Register":{"name":"b"}}`), Caps: []runtime.Capability{newInbox(b).Cap(caps.Send), inb.Cap(caps.All)}})
	var toB runtime.Capability
	eventually(t, "the name", func() bool {
		r := call(t, a, as.Root(), `{"Get":{"name":"b"}}`)
		if len(r.Caps) == 1 {
			toB = r.Caps[0]
		}
		return len(r.Caps) == 1
	})
	cid, data := putLump(t, a, 3_000_000)
	secret, _ := putLump(t, a, 1000)
	send(t, a, toB, runtime.Message{Data: []byte("look"), Lumps: []lumps.CID{cid}})
	r := inb.next(t)
	if len(r.Lumps) != 1 || r.Lumps[0] != cid {
		t.Fatalf("lumps %v", r.Lumps)
	}
	if err := b.Ensure(context.Background(), cid); err != nil {
		t.Fatal(err)
	}
	rd, err := store.OpenLump(context.Background(), b.Store, cid)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := rd.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("other bytes, %v", err)
	}
	if !server.HasLump(cid) {
		t.Error("the server did not keep what it passed on")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := b.Ensure(ctx, secret); err == nil {
		t.Error("b loaded what nobody named to it")
	}
	// Knowing the hash is no authority, at the server either.
	if _, err := bs.Exchange().Get(ctx, secret); err == nil {
		t.Error("the server gave what was not granted")
	}
	hidden, _ := putLump(t, server, 1000)
	if _, err := bs.Exchange().Get(ctx, hidden); err == nil {
		t.Error("the server gave what was not granted")
	}
}

// TestDurableHoldsWhatIsNamed: a message that names a lump of a peer is accepted by
// a durable guest when the lump is here, and others are not held up.
func TestDurableHoldsWhatIsNamed(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, _ := join(t, a, b)
	keeper := b.SpawnGuest("keeper", true, func(q *runtime.SpawnRequest) { q.Service = "keeper" })
	x := get(t, a, ab.Root(), "keeper")
	cid, data := putLump(t, a, 2_000_000)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := a.Call(ctx, x, runtime.Message{Data: []byte("take"), Lumps: []lumps.CID{cid}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("take: %q", r.Data)
	if !b.HasLump(cid) {
		t.Fatal("the lump is not in the store")
	}
	b.Quiesce(ctx)
	b.Restart()
	if got := b.Ask(keeper, "list"); got == "" {
		t.Errorf("list: %q", got)
	}
	_ = data
}
