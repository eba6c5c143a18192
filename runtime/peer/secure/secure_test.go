package secure

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSpace    = "attic"
	testName     = "space"
	testPassword = "hunter22"
)

// directory is a Directory that tests change.
type directory struct {
	mu      sync.Mutex
	records map[string][]byte
	asked   int
}

func (d *directory) Credential(name string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	r, ok := d.records[name]
	return r, ok
}

func (d *directory) set(name string, r []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r == nil {
		delete(d.records, name)
	} else {
		d.records[name] = r
	}
}

func newIdentity(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// newServerConfig is a server whose space has one credential.
func newServerConfig(t testing.TB) (*ServerConfig, *directory) {
	t.Helper()
	id := newIdentity(t)
	keys, err := NewKeys(public(id), InsecureKSF)
	if err != nil {
		t.Fatal(err)
	}
	record, err := keys.Register(testSpace, testName, []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{records: map[string][]byte{testName: record}}
	return &ServerConfig{
		Identity: id, Space: testSpace, Keys: keys, Directory: d, Version: "hearth test server",
		Gate: NewGate(GateLimits{}), Timeout: 10 * time.Second,
	}, d
}

func newClientConfig(t testing.TB, server *ServerConfig) *ClientConfig {
	t.Helper()
	want := public(server.Identity)
	return &ClientConfig{
		Identity: newIdentity(t), Space: testSpace, Credential: testName, Password: []byte(testPassword),
		Pin: func(got ed25519.PublicKey) error {
			if !want.Equal(got) {
				return errWrongPin
			}
			return nil
		},
		Version: "hearth test client", MinKSF: InsecureKSF, Timeout: 10 * time.Second,
	}
}

var errWrongPin = errors.New("another key")

// tcpPair is a loopback connection.
func tcpPair(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		accepted <- c
	}()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server = <-accepted; server == nil {
		t.Fatal("nothing accepted")
	}
	return client, server
}

// handshake runs both halves over the connections.
func handshake(t testing.TB, cc, sc net.Conn, client *ClientConfig, server *ServerConfig) (c, s *Conn, cErr, sErr error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s, sErr = Server(context.Background(), sc, server)
	}()
	c, cErr = Client(context.Background(), cc, client)
	<-done
	return c, s, cErr, sErr
}

func connect(t testing.TB) (client, server *Conn) {
	t.Helper()
	sc, _ := newServerConfig(t)
	a, b := tcpPair(t)
	client, server, cErr, sErr := handshake(t, a, b, newClientConfig(t, sc), sc)
	if cErr != nil || sErr != nil {
		t.Fatal(cErr, sErr)
	}
	t.Cleanup(func() { client.Abort(); server.Abort() })
	return client, server
}

// A flight is a client's first one, to be delivered as often as a test likes.
type flight struct {
	login          *clientLogin
	preface, hello []byte
}

func firstFlight(t testing.TB, cfg *ClientConfig) flight {
	t.Helper()
	l, b, err := newClientLogin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := prefaceFixed + len(cfg.Version)
	return flight{l, b[:n], b[n+3:]}
}

// deliver gives the flight to a new login of the server.
func (f flight) deliver(t testing.TB, cfg *ServerConfig) *serverLogin {
	t.Helper()
	l, err := f.tryDeliver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (f flight) tryDeliver(cfg *ServerConfig) (*serverLogin, error) {
	p, raw, err := readPreface(bytes.NewReader(f.preface))
	if err != nil {
		return nil, err
	}
	l, err := newServerLogin(cfg, p, raw)
	if err != nil {
		return nil, err
	}
	return l, l.read(f.hello)
}
