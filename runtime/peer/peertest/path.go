package peertest

import (
	"net"
	"testing"
	"time"
)

// A Path leads from one end to another under conditions: between two network
// namespaces, or over a Link where there are none.
type Path struct {
	namespaces *Namespaces // nil: over the link
	link       *Link
	listener   net.Listener
}

// NewPath makes a path with a listener at its end. Where there are no network
// namespaces it tells the test's log so, and why.
func NewPath(t testing.TB, c Conditions) *Path {
	t.Helper()
	p := &Path{}
	n, err := NewNamespaces(t, c)
	if err == nil {
		p.namespaces = n
		p.listener, err = n.Listen()
	} else {
		t.Logf("peertest: a relay in user space stands in for the network, without packets that are lost: %v", err)
		p.listener, err = net.Listen("tcp4", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatalf("peertest: nothing to listen on at the end of a path: %v", err)
	}
	t.Cleanup(func() { p.listener.Close() })
	if p.namespaces == nil {
		p.link = NewLink(t, p.listener.Addr().String(), c)
	}
	return p
}

// Real reports whether the path leads between namespaces.
func (p *Path) Real() bool { return p.namespaces != nil }

// Listener is what Dial reaches.
func (p *Path) Listener() net.Listener { return p.listener }

// Dial connects to the listener over the path.
func (p *Path) Dial(timeout time.Duration) (net.Conn, error) {
	if p.namespaces != nil {
		return p.namespaces.Dial(p.listener.Addr().String(), timeout)
	}
	return net.DialTimeout("tcp4", p.link.Addr(), timeout)
}

// Set changes the conditions.
func (p *Path) Set(c Conditions) {
	if p.namespaces != nil {
		p.namespaces.Set(c)
		return
	}
	p.link.Set(c)
}

// Partition stops all movement, or lets it go on. Connections stay, and notice as
// little as they would of a cable that was pulled.
func (p *Path) Partition(on bool) {
	if p.namespaces != nil {
		p.namespaces.Partition(on)
		return
	}
	p.link.Stall(on)
}
