package peer_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/peertest"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
)

// served is a server that peers log in to with the password "secret".
type served struct {
	*side
	srv         *peer.Server
	identity    ed25519.PrivateKey
	keys        *secure.Keys
	credentials *trust.Credentials
	access      *trust.Access
	ksf         secure.KSF
	addr        string
}

func newServed(t *testing.T, ksf secure.KSF, gate *secure.Gate) *served {
	t.Helper()
	s := &served{ksf: ksf, side: newSide(t, func(o *peer.Options) {
		o.Mirror = func(_ context.Context, _ *peer.Conn, st io.ReadWriteCloser) { st.Write([]byte("m")) }
	})}
	dir := t.TempDir()
	var err error
	if s.identity, err = trust.CreateIdentity(dir); err != nil {
		t.Fatal(err)
	}
	if s.keys, err = secure.NewKeys(s.identity.Public().(ed25519.PublicKey), ksf); err != nil {
		t.Fatal(err)
	}
	if s.credentials, err = trust.OpenCredentials(dir + "/credentials.json"); err != nil {
		t.Fatal(err)
	}
	if s.access, err = trust.OpenAccess(dir + "/access.json"); err != nil {
		t.Fatal(err)
	}
	s.srv = peer.NewServer(peer.ServerOptions{Node: s.node, Identity: s.identity, Space: "home", Keys: s.keys,
		Credentials: s.credentials, Access: s.access, Gate: gate})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- s.srv.Serve(ln) }()
	t.Cleanup(func() {
		s.srv.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.set(t, trust.SpaceCredential, trust.Guest)
	return s
}

func (s *served) set(t *testing.T, name string, role trust.Role) {
	t.Helper()
	record, err := s.keys.Register("home", name, []byte("secret"))
	if err == nil {
		err = s.credentials.Set(name, record, role, "", time.Time{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// client is who connects to s with a credential, at addr where that is another way.
func (s *served) client(node *peer.Node, credential, addr string) peer.Client {
	_, id, _ := ed25519.GenerateKey(nil)
	if addr == "" {
		addr = s.addr
	}
	if credential == "" {
		credential = trust.SpaceCredential
	}
	return peer.Client{Node: node, Identity: id, Password: []byte("secret"), MinKSF: s.ksf,
		Link: trust.Link{Transport: trust.TCP, Host: addr, Space: "home", Credential: credential},
		Pin: func(k ed25519.PublicKey) error {
			if !k.Equal(s.identity.Public()) {
				return errors.New("another server")
			}
			return nil
		}}
}

func (s *served) login(t *testing.T, credential string) *peer.Conn {
	t.Helper()
	d := s.client(newSide(t).node, credential, "")
	c, err := d.Connect(within(t, 20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A guest's credential reads what was granted and what is public, a mirror's
// everything; and only a mirror's reaches the mirror service.
func TestRoles(t *testing.T) {
	s := newServed(t, secure.InsecureKSF, nil)
	s.set(t, "vault", trust.Mirror)
	ctx := within(t, 20*time.Second)
	secret, _ := putLump(t, s.side, 1000)
	shown, _ := putLump(t, s.side, 2000)
	if err := s.SetRoot(ctx, peer.PublicPrefix+"shown", shown, 2000, "test"); err != nil {
		t.Fatal(err)
	}
	guest := s.login(t, "")
	if _, err := guest.Exchange().Get(ctx, shown); err != nil {
		t.Errorf("a guest does not get what is public: %v", err)
	}
	if _, err := guest.Exchange().Get(ctx, secret); err == nil {
		t.Errorf("a guest reads what it was not given: %v", err)
	}
	mirror := s.login(t, "vault")
	if _, err := mirror.Exchange().Get(ctx, secret); err != nil {
		t.Errorf("a mirror does not read everything: %v", err)
	}
	for credential, says := range map[string]error{"": peer.ErrNoMirror, "vault": nil} {
		session, err := peer.DialMirror(ctx, s.client(nil, credential, ""))
		if err != nil {
			t.Fatal(err)
		}
		st, err := session.Open(ctx)
		if err == nil {
			_, err = io.ReadFull(st, make([]byte, 1))
		}
		if !errors.Is(err, says) {
			t.Errorf("credential %q at the mirror service: %v, want %v", credential, err, says)
		}
		session.Close()
	}
}

// A list that changes ends the connections that it no longer admits.
func TestRecheckOfLists(t *testing.T) {
	s := newServed(t, secure.InsecureKSF, nil)
	c := s.login(t, "")
	s.srv.Recheck()
	select {
	case <-c.Done():
		t.Fatalf("who may be there was sent away: %v", c.Err())
	case <-time.After(50 * time.Millisecond):
	}
	rule, err := trust.ParseRule("addr:127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.access.Block(rule); err != nil {
		t.Fatal(err)
	}
	s.srv.Recheck()
	select {
	case <-c.Done():
	case <-time.After(10 * time.Second):
		t.Error("a blocked address stays connected")
	}
}

// A peer that names a capability of ours gets no more permissions than it was given,
// whatever it says.
func TestHomeDoesNotRaisePermissions(t *testing.T) {
	var in *inbox
	s := newSide(t, func(o *peer.Options) {
		o.Root = func(peer.Info) runtime.Capability { return in.Cap(caps.Send) }
	})
	in = newInbox(s)
	defer in.Close()
	h := newHostile(t, s.listen(t))
	h.frame(1, 1, 0)
	h.frame(2, 1, 1, 0, 2, byte(caps.All), 1, 'x') // to export 1: a message with export 1
	got := in.next(t)
	if len(got.Caps) != 1 || got.Caps[0].Perms != caps.Send {
		t.Errorf("it came home as %v", got.Caps)
	}
}

// What is beyond the limit of exports crosses as a dead capability.
func TestExportLimit(t *testing.T) {
	a, b := newSide(t, func(o *peer.Options) { o.MaxExports = 4 }), newSide(t)
	ab, _ := join(t, a, b)
	in := newInbox(b)
	defer in.Close()
	b.Register("in", in.Cap(caps.Send))
	to := get(t, a, ab.Root(), "in")
	free := 4 - ab.Stats().Exports
	if free <= 0 {
		t.Fatalf("%d exports stand", ab.Stats().Exports)
	}
	var cs []runtime.Capability
	for range free + 2 {
		cs = append(cs, a.NewPort(func(*runtime.Signal) {}).Cap(caps.Send))
	}
	send(t, a, to, runtime.Message{Caps: cs})
	var dead atomic.Int64
	for _, c := range in.next(t).Caps {
		t.Cleanup(b.Monitor(c, func(string) { dead.Add(1) }))
	}
	eventually(t, "the end of what is too much", func() bool { return dead.Load() == 2 })
	if n := ab.Stats().Exports; n > 4 {
		t.Errorf("%d exports", n)
	}
}

// What came of a block before a connection broke does not come again.
func TestPartsOutliveAConnection(t *testing.T) {
	a, b := newSide(t), newSide(t)
	cid, data := putLump(t, b, 30_000) // one block
	size := int64(len(data))
	if err := b.SetRoot(t.Context(), peer.PublicPrefix+"it", cid, size, "test"); err != nil {
		t.Fatal(err)
	}
	link := peertest.NewLink(t, b.listen(t), peertest.Conditions{Rate: 200_000, Queue: 4096})
	first := a.dial(t, link.Addr())
	cut := make(chan error, 1)
	go func() {
		_, err := first.Exchange().Get(t.Context(), cid)
		cut <- err
	}()
	eventually(t, "more than half of it", func() bool {
		_, down := link.Carried()
		return down > size*2/3
	})
	link.Cut()
	if err := <-cut; err == nil {
		t.Fatal("it came through a link that was cut")
	}
	_, before := link.Carried()
	link.Heal()
	link.Set(peertest.Conditions{})
	got, err := a.dial(t, link.Addr()).Exchange().Get(within(t, 10*time.Second), cid)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, after := link.Carried(); after-before > size*2/3 {
		t.Errorf("%d bytes crossed for what lacked of %d", after-before, size)
	}
}
