package service_test

import (
	"context"
	"crypto/ed25519"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/trust"
	"hearth/term/service"
)

// end is a node of a space.
type end struct {
	*peer.Node
	key ed25519.PublicKey
}

func (w *world) node() end {
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		w.T.Fatal(err)
	}
	n := peer.NewNode(peer.Options{Runtime: w.Runtime, Program: "test", Root: func(peer.Info) runtime.Capability {
		c, _ := w.Lookup(runtime.RegistryName)
		return c
	}})
	w.T.Cleanup(n.Close)
	return end{n, key}
}

// join connects two nodes over loopback and returns the end of a.
func join(t *testing.T, a, b end) *peer.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		nc, err := ln.Accept()
		if err == nil {
			_, err = b.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: a.key, Credential: "space"}})
		}
		if err != nil {
			t.Error(err)
		}
	})
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: b.key, Server: true}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A peer is asked about, by its key, whatever the policy for processes here; what it got
// ends with the connection.
func TestPeerIsAskedAbout(t *testing.T) {
	j := &judge{answers: []service.Answer{service.Always}}
	for _, policy := range []service.Policy{service.None, service.Ask, service.Local} {
		client, server := newWorld(t, func(o *service.Options) { o.Policy, o.Ask = policy, j.ask }), newWorld(t)
		cn, sn := client.node(), server.node()
		conn := join(t, sn, cn)
		g := server.guest()
		g.send(conn.Root(), `{"Get":{"name":"`+service.Factory+`"}}`)
		factory := g.next().Caps[0]
		j.mu.Lock()
		j.asked, j.answers = nil, []service.Answer{service.Always}
		j.mu.Unlock()
		r := g.ask(factory, create)
		if policy == service.None {
			if !strings.HasPrefix(string(r.Data), `{"Err":{"Refused":`) || j.count() != 0 {
				t.Errorf("without a policy: %s", r.Data)
			}
			if r := g.ask(factory, screen); string(r.Data) != `{"Ok":"Screen"}` {
				t.Errorf("a screen: %s", r.Data)
			}
			continue
		}
		key := trust.KeyID(sn.key)
		if string(r.Data) != `{"Ok":"Terminal"}` || j.count() != 1 || !j.asked[0].Remote || j.asked[0].Peer != key || !j.asked[0].Module.IsZero() || !strings.Contains(j.asked[0].Who, key) {
			t.Errorf("%s after %+v", r.Data, j.asked)
		}
		if r := g.ask(factory, create); string(r.Data) != `{"Ok":"Terminal"}` || j.count() != 1 {
			t.Errorf("always is forgotten: %s", r.Data)
		}
		g.do(r.Caps[0], `{"Input":"echo fr$((1+1))om afar\r"}`)
		g.shows(r.Caps[0], "fr2om afar")
		pid := client.plugin.List()[0].PID
		conn.Close("")
		eventually(t, "the end of what the peer had", func() bool { return len(client.plugin.List()) == 0 })
		eventually(t, "no shell", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
	}
}

// A shell that somebody here has is shown to a peer, who may look and not type, and does
// not hear of it any more when it is taken back.
func TestShellShownToPeer(t *testing.T) {
	client, server := newWorld(t), newWorld(t)
	cn, sn := client.node(), server.node()
	conn := join(t, cn, sn) // the root is the server's registry
	viewer := make(chan runtime.Capability, 1)
	server.Serve(runtime.Service{Name: "viewer", Handle: func(_ context.Context, r *runtime.Request) {
		viewer <- r.Args()[0]
		r.Reply([]byte("thanks"))
	}})
	g := client.guest()
	c := g.make(create)
	share := g.ask(c, `{"Share":["View"]}`).Caps[0]
	given := share
	given.Perms = caps.Send | caps.Monitor
	g.send(conn.Root(), `{"Get":{"name":"viewer"}}`)
	to := g.next().Caps[0]
	if _, _, err := client.Accept(to, runtime.Message{Data: []byte("look"), Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor), given}}); err != nil {
		t.Fatal(err)
	}
	g.next()
	far, v := <-viewer, server.guest()
	v.send(far, `{"Watch":null}`)
	m := &mirror{t: t}
	m.hear(v.next().Data)
	if r := string(server.guest().ask(far, `{"Input":"rm -rf /nowhere\r"}`).Data); !strings.HasPrefix(r, `{"Err":{"Refused":"this capability does not permit to type`) {
		t.Error(r)
	}
	g.do(c, `{"Input":"echo sh$((1+1))own\r"}`)
	for !strings.Contains(m.text(), "sh2own") {
		m.hear(v.next().Data)
	}
	ended := make(chan struct{})
	server.Monitor(far, func(string) { close(ended) })
	client.KillCapability(share, false, "test")
	<-ended
}
