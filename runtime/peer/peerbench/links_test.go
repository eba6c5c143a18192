package peerbench

import (
	"net"
	"testing"
	"time"

	"hearth/runtime/peer/peertest"
)

// links are the emulations of home: a relay between two TCP connections, and two
// network namespaces, where TCP itself meets the link. Without root the second is
// the first, and its log says so.
var links = []struct {
	name string
	dial dialer
}{{"relay", throughRelay}, {"namespaces", throughPath}}

func throughRelay(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := peertest.NewLink(t, l.Addr().String(), home)
	return ends(t, l, func() (net.Conn, error) { return net.Dial("tcp4", link.Addr()) })
}

func throughPath(t testing.TB) (client, server net.Conn) {
	t.Helper()
	p := peertest.NewPath(t, home)
	return ends(t, p.Listener(), func() (net.Conn, error) { return p.Dial(5 * time.Second) })
}

func ends(t testing.TB, l net.Listener, dial func() (net.Conn, error)) (client, server net.Conn) {
	t.Helper()
	client, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
