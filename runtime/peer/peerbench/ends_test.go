package peerbench

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/secure"
)

// A dialer gives the two ends of a new TCP connection.
type dialer func(testing.TB) (client, server net.Conn)

func loopback(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

type directory map[string][]byte

func (d directory) Credential(name string) ([]byte, bool) { r, ok := d[name]; return r, ok }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// secured runs Hearth's handshake over a connection.
func secured(t testing.TB, dial dialer) (*secure.Conn, *secure.Conn) {
	t.Helper()
	_, identity, _ := ed25519.GenerateKey(rand.Reader)
	_, mine, _ := ed25519.GenerateKey(rand.Reader)
	keys := must(secure.NewKeys(identity.Public().(ed25519.PublicKey), secure.InsecureKSF))
	record := must(keys.Register("bench", "peer", []byte("password")))
	a, b := dial(t)
	type end struct {
		c   *secure.Conn
		err error
	}
	served := make(chan end, 1)
	go func() {
		c, err := secure.Server(context.Background(), b, &secure.ServerConfig{
			Identity: identity, Space: "bench", Keys: keys, Directory: directory{"peer": record},
		})
		served <- end{c, err}
	}()
	client, err := secure.Client(context.Background(), a, &secure.ClientConfig{
		Identity: mine, Space: "bench", Credential: "peer", Password: []byte("password"),
		Pin: func(ed25519.PublicKey) error { return nil }, MinKSF: secure.InsecureKSF,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := <-served
	if server.err != nil {
		t.Fatal(server.err)
	}
	return client, server.c
}

var certificate = func() tls.Certificate {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"bench"}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}()

// suite asks for a cipher; zero takes what TLS 1.3 prefers here. Only TLS 1.2 can
// be asked, and its records are made the same way.
func tlsConfigs(suite uint16) (client, server *tls.Config) {
	client = &tls.Config{InsecureSkipVerify: true, DynamicRecordSizingDisabled: true}
	server = &tls.Config{Certificates: []tls.Certificate{certificate}, DynamicRecordSizingDisabled: true}
	if suite != 0 {
		client.MaxVersion, client.CipherSuites = tls.VersionTLS12, []uint16{suite}
	}
	return client, server
}

func overTLS(t testing.TB, dial dialer, suite uint16) (net.Conn, net.Conn) {
	t.Helper()
	cc, sc := tlsConfigs(suite)
	a, b := dial(t)
	client, server := tls.Client(a, cc), tls.Server(b, sc)
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return client, server
}

const chacha = tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256

// ours is a session of Hearth over a secured connection.
func ours(t testing.TB, dial dialer) (client, server *mux.Session) {
	t.Helper()
	a, b := secured(t, dial)
	return sessions(t, a, b)
}

func sessions(t testing.TB, a, b net.Conn) (client, server *mux.Session) {
	t.Helper()
	for _, c := range []net.Conn{a, b} {
		if err := mux.Tune(c); err != nil {
			t.Fatal(err)
		}
	}
	client, server = mux.New(a, true, mux.Options{}), mux.New(b, false, mux.Options{})
	t.Cleanup(func() { client.Close("measured"); server.Close("measured") })
	return client, server
}

func streams(t testing.TB, client, server *mux.Session, class mux.Class) (*mux.Stream, *mux.Stream) {
	t.Helper()
	near, err := client.Open(0, class)
	if err != nil {
		t.Fatal(err)
	}
	far, err := server.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// overYamux is two streams, each a pair of ends, of one yamux session.
func overYamux(t testing.TB, a, b net.Conn) (streams [2][2]net.Conn) {
	t.Helper()
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	config.MaxStreamWindowSize = 1 << 20 // the default of 256 KiB is slower in bulk
	client, server := must(yamux.Client(a, config)), must(yamux.Server(b, config))
	t.Cleanup(func() { client.Close(); server.Close() })
	for i := range streams {
		near, err := client.Open()
		if err != nil {
			t.Fatal(err)
		}
		far, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		streams[i] = [2]net.Conn{near, far}
	}
	return streams
}

// cpu is the processor time of this process, which is both ends.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f once for b.N operations and reports processor time and rate.
func measure(b *testing.B, rate string, f func(n int)) {
	b.ReportAllocs()
	b.ResetTimer()
	before, start := cpu(), time.Now()
	f(b.N)
	wall := time.Since(start)
	b.StopTimer()
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
	if rate != "" {
		b.ReportMetric(float64(b.N)/wall.Seconds(), rate)
	}
}
