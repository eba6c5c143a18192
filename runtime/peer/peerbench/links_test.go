package peerbench

import (
	"net"
	"testing"

	"hearth/runtime/peer/peertest"
)

// links are the emulations of home there are.
func links() map[string]dialer {
	return map[string]dialer{"relay": throughRelay}
}

func throughRelay(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := peertest.NewLink(t, l.Addr().String(), home)
	if client, err = net.Dial("tcp4", link.Addr()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
