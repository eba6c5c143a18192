package secure

import (
	"bytes"
	"errors"
	"io"
	"net"
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

// crumbs delivers a byte at a time.
type crumbs struct{ net.Conn }

func (c crumbs) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(len(p), 1)]) }

// With the parameters of real use, and a network that cuts everything to crumbs.
func TestLoginAsInUse(t *testing.T) {
	sc, d := newServerConfig(t)
	keys, err := NewKeys(public(sc.Identity), DefaultKSF)
	if err != nil {
		t.Fatal(err)
	}
	record, err := keys.Register(testSpace, testName, []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	d.set(testName, record)
	sc.Keys, sc.Gate, sc.Timeout = keys, nil, 0
	cc := newClientConfig(t, sc)
	cc.MinKSF, cc.Timeout, cc.Version = KSF{}, 0, ""
	a, b := tcpPair(t)
	client, server, cErr, sErr := handshake(t, crumbs{a}, crumbs{b}, cc, sc)
	if cErr != nil || sErr != nil {
		t.Fatal(cErr, sErr)
	}
	go client.Close()
	if n, err := server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the close: %d, %v", n, err)
	}
	server.Close()
}

// Ends with different ciphers take the client's first that both have; without one
// in common there is no connection.
func TestSuites(t *testing.T) {
	both := []byte{suiteAESGCM, suiteChaCha}
	cases := []struct {
		client, server []byte
		want           string
	}{
		{both, both, "AES-256-GCM"},
		{both, []byte{suiteChaCha}, "ChaCha20-Poly1305"},
		{[]byte{suiteChaCha}, both, "ChaCha20-Poly1305"},
		{[]byte{suiteChaCha, suiteAESGCM}, both, "ChaCha20-Poly1305"},
		{[]byte{77, suiteAESGCM}, both, "AES-256-GCM"},
		{[]byte{suiteAESGCM}, []byte{suiteChaCha}, ""},
	}
	for _, c := range cases {
		sc, _ := newServerConfig(t)
		cc := newClientConfig(t, sc)
		sc.suites, cc.suites = c.server, c.client
		a, b := tcpPair(t)
		client, server, cErr, sErr := handshake(t, a, b, cc, sc)
		if c.want == "" {
			if !errors.Is(cErr, ErrHandshake) || !errors.Is(sErr, ErrHandshake) {
				t.Errorf("%v and %v: %v; %v", c.client, c.server, cErr, sErr)
			}
			continue
		}
		if cErr != nil || sErr != nil {
			t.Fatal(cErr, sErr)
		}
		if client.Suite() != c.want || server.Suite() != c.want {
			t.Errorf("%v and %v: %s and %s", c.client, c.server, client.Suite(), server.Suite())
		}
		exchange(t, client, server)
		client.Abort()
		server.Abort()
	}
}
