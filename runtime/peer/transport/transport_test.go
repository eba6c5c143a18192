package transport_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// preface is how a secured handshake begins.
const preface = "HRTH"

// patience is for what must happen: much longer than it takes.
const patience = 20 * time.Second

func listen(t testing.TB, o transport.Options) net.Listener {
	t.Helper()
	ln, err := transport.Listen("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func link(transport trust.Transport, host string) trust.Link {
	return trust.Link{Transport: transport, Host: host, Space: "attic"}
}

// way is one of the ways from a client to a listener.
type way struct {
	name string
	dial func(t testing.TB, ln net.Listener) net.Conn
}

var ways = []way{
	{"tcp", func(t testing.TB, ln net.Listener) net.Conn {
		return dial(t, &transport.Dialer{}, link(trust.TCP, ln.Addr().String()))
	}},
	{"ws", func(t testing.TB, ln net.Listener) net.Conn {
		return dial(t, &transport.Dialer{}, link(trust.WS, ln.Addr().String()))
	}},
	{"wss behind a proxy", func(t testing.TB, ln net.Listener) net.Conn {
		front := reverseProxy(t, ln.Addr().String())
		return dial(t, front.dialer, front.link)
	}},
}

func dial(t testing.TB, d *transport.Dialer, l trust.Link) net.Conn {
	t.Helper()
	c, err := d.Dial(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// proxyAddr is where the reverse proxy of tests asks from.
const proxyAddr = "127.0.0.9"

type front struct {
	dialer *transport.Dialer
	link   trust.Link
	paths  chan string
}

// reverseProxy ends TLS in front of a listener, as a web server does.
func reverseProxy(t testing.TB, target string) *front {
	f := &front{paths: make(chan string, 100)}
	// From an address of its own, by which it is told from the client.
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(proxyAddr)}}
	proxy := &httputil.ReverseProxy{Transport: &http.Transport{DialContext: from.DialContext}, Rewrite: func(r *httputil.ProxyRequest) {
		f.paths <- r.In.URL.EscapedPath()
		r.SetURL(&url.URL{Scheme: "http", Host: target})
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
		r.SetXForwarded()
	}}
	srv := httptest.NewUnstartedServer(proxy)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	f.dialer = &transport.Dialer{Roots: roots}
	f.link = link(trust.WSS, srv.Listener.Addr().String())
	f.link.Path = "/worlds"
	return f
}

// pair joins a client and a server by one of the ways. The server has not read yet
// what the client began with.
func pair(t testing.TB, w way) (client, server net.Conn) {
	t.Helper()
	ln := listen(t, transport.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(proxyAddr + "/32")}})
	client = w.dial(t, ln)
	if _, err := client.Write([]byte(preface)); err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	for _, c := range []net.Conn{client, server} {
		c.SetDeadline(time.Now().Add(patience))
	}
	return client, server
}

// ready is pair with the beginning read.
func ready(t testing.TB, w way) (client, server net.Conn) {
	t.Helper()
	client, server = pair(t, w)
	b := make([]byte, len(preface))
	if _, err := io.ReadFull(server, b); err != nil || string(b) != preface {
		t.Fatalf("the connection begins with %q, %v", b, err)
	}
	return client, server
}

func everyWay(t *testing.T, f func(t *testing.T, w way)) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) { f(t, w) })
	}
}

// TCP and WebSocket come to one port, and what Accept returns begins with what the
// client sent, over a connection whose socket can be tuned.
func TestOnePort(t *testing.T) {
	ln := listen(t, transport.Options{})
	for _, w := range ways[:2] {
		client := w.dial(t, ln)
		if _, err := client.Write([]byte("HRTH and more")); err != nil {
			t.Fatal(err)
		}
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		b := make([]byte, 13)
		if _, err := io.ReadFull(server, b); err != nil || string(b) != "HRTH and more" {
			t.Errorf("%s: read %q, %v", w.name, b, err)
		}
		if server.RemoteAddr().String() != client.LocalAddr().String() {
			t.Errorf("%s: the server sees %v, the client is %v", w.name, server.RemoteAddr(), client.LocalAddr())
		}
		if client.RemoteAddr().String() != ln.Addr().String() || server.LocalAddr().String() != ln.Addr().String() {
			t.Errorf("%s: the client sees %v, the server is %v", w.name, client.RemoteAddr(), server.LocalAddr())
		}
	}
}

// The socket beneath is found on every way and at both ends.
func TestSocketBeneath(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		client, server := ready(t, w)
		for _, c := range []net.Conn{client, server} {
			for {
				if _, ok := c.(*net.TCPConn); ok {
					break
				}
				under, ok := c.(interface{ NetConn() net.Conn })
				if !ok {
					t.Fatalf("%T has nothing beneath it", c)
				}
				c = under.NetConn()
			}
		}
	})
}

// Large transfers in both directions at once arrive whole, in whatever pieces they
// are written and read.
func TestTransfer(t *testing.T) {
	const size = 8 << 20
	everyWay(t, func(t *testing.T, w way) {
		client, server := ready(t, w)
		var work sync.WaitGroup
		for i, ends := range [][2]net.Conn{{client, server}, {server, client}} {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			data := make([]byte, size)
			rand.NewChaCha8([32]byte{byte(i)}).Read(data)
			want := sha256.Sum256(data)
			pieces := rand.New(rand.NewPCG(2, uint64(i)))
			work.Go(func() {
				for len(data) > 0 {
					n := min(len(data), 1+r.IntN(100_000))
					m, err := ends[0].Write(data[:n])
					if m != n || err != nil {
						t.Errorf("wrote %d of %d, %v", m, n, err)
						return
					}
					data = data[n:]
				}
			})
			work.Go(func() {
				h, left, b := sha256.New(), size, make([]byte, 80_000)
				for left > 0 {
					n, err := ends[1].Read(b[:1+pieces.IntN(len(b))])
					if err != nil {
						t.Errorf("with %d left: %v", left, err)
						return
					}
					h.Write(b[:n])
					left -= n
				}
				if left < 0 || [32]byte(h.Sum(nil)) != want {
					t.Error("other bytes arrived than were sent")
				}
			})
		}
		work.Wait()
	})
}

// Behind a reverse proxy that is trusted the server sees the peer, and else the
// proxy; the path of the link reaches the proxy.
func TestReverseProxy(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		var o transport.Options
		if trusted {
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(proxyAddr + "/32")}
		}
		ln := listen(t, o)
		f := reverseProxy(t, ln.Addr().String())
		client := dial(t, f.dialer, f.link)
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if p := <-f.paths; p != "/worlds/attic" {
			t.Errorf("the proxy was asked for %q", p)
		}
		peer, want := server.RemoteAddr().(*net.TCPAddr), proxyAddr
		if trusted {
			want = client.LocalAddr().(*net.TCPAddr).IP.String()
		}
		if peer.IP.String() != want || trusted != (peer.Port == 0) {
			t.Errorf("trusted %v: the server sees %v", trusted, peer)
		}
	}
}

// A certificate that nobody trusts ends the attempt.
func TestUntrustedCertificate(t *testing.T) {
	ln := listen(t, transport.Options{})
	f := reverseProxy(t, ln.Addr().String())
	_, err := (&transport.Dialer{Roots: x509.NewCertPool()}).Dial(t.Context(), f.link)
	var dial *transport.DialError
	if !errors.As(err, &dial) || !bytes.Contains([]byte(err.Error()), []byte("certificate is not trusted")) {
		t.Error(err)
	}
}

// A closed listener says so, and no connection that it holds stays open.
func TestListenerClose(t *testing.T) {
	ln := listen(t, transport.Options{})
	var silent []net.Conn
	for range 5 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	// One that nobody accepts.
	c := dial(t, &transport.Dialer{}, link(trust.TCP, ln.Addr().String()))
	c.Write([]byte(preface))
	silent = append(silent, c)
	accepted := make(chan error, 1)
	ws := dial(t, &transport.Dialer{}, link(trust.WS, ln.Addr().String()))
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	kept, other := net.Conn(ws), server
	if _, tcp := server.(*net.TCPConn); tcp { // the order of the two is open
		kept, other = c, server
		silent[len(silent)-1] = ws
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				accepted <- err
				return
			}
			c.Close()
		}
	}()
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
	if err := ln.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	for i, c := range silent {
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d is still open", i)
		}
	}
	// What Accept returned is the caller's.
	other.SetDeadline(time.Now().Add(patience))
	kept.SetDeadline(time.Now().Add(patience))
	if _, err := other.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(kept, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// A context that ends ends the attempt, whatever it waits for.
func TestDialIsGivenUp(t *testing.T) {
	quiet, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	for _, tr := range []trust.Transport{trust.WS, trust.WSS} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := transport.Dial(ctx, link(tr, quiet.Addr().String()))
		cancel()
		var dial *transport.DialError
		if !errors.As(err, &dial) || !dial.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", tr, err)
		}
	}
}
