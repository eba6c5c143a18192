package secure

import (
	"bytes"
	"io"
	"testing"
)

// Both ends know each other and derive the same; what one writes the other reads.
func TestLogin(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	a, b := tcpPair(t)
	client, server, cErr, sErr := handshake(t, a, b, cc, sc)
	if cErr != nil || sErr != nil {
		t.Fatal(cErr, sErr)
	}
	sp, cp := server.Peer(), client.Peer()
	if !sp.Key.Equal(public(cc.Identity)) || sp.Credential != testName || sp.Version != cc.Version || sp.Addr.String() != a.LocalAddr().String() {
		t.Errorf("the server sees %+v", sp)
	}
	if !cp.Key.Equal(public(sc.Identity)) || cp.Credential != testName || cp.Version != sc.Version || cp.Addr.String() != b.LocalAddr().String() {
		t.Errorf("the client sees %+v", cp)
	}
	if x, y := client.Exporter("a"), server.Exporter("a"); !bytes.Equal(x, y) || bytes.Equal(x, client.Exporter("b")) || len(x) != ExporterSize {
		t.Errorf("exporters %x and %x", x, y)
	}
	if client.Suite() != server.Suite() {
		t.Errorf("suites %s and %s", client.Suite(), server.Suite())
	}
	for _, d := range []struct{ from, to *Conn }{{client, server}, {server, client}} {
		go func() {
			d.from.Write([]byte("hello "))
			d.from.WriteBuffers([][]byte{[]byte("wor"), nil, []byte("ld")})
		}()
		got := make([]byte, 11)
		if _, err := io.ReadFull(d.to, got); err != nil || string(got) != "hello world" {
			t.Fatalf("read %q, %v", got, err)
		}
	}
	go client.Close()
	if n, err := server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the close: %d, %v", n, err)
	}
	if _, err := server.Write([]byte("x")); err == nil {
		t.Error("wrote to a peer that has closed")
	}
	server.Close()
}
