package transport_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

// refusals collects what a listener refuses.
type refusals chan error

func (r refusals) note(_ netip.Addr, err error) { r <- err }

func (r refusals) next(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r:
		return err
	case <-time.After(patience):
		t.Fatal("nothing was refused")
		return nil
	}
}

func tcp(t testing.TB, ln net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

const upgradeHead = "GET /attic HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

// What is neither Hearth nor its WebSocket is refused, with an answer where the web
// asks, and the listener goes on.
func TestGarbage(t *testing.T) {
	refused := make(refusals, 100)
	ln := listen(t, transport.Options{Refused: refused.note})
	for name, c := range map[string]struct {
		send   string
		answer string // how an answer begins
		err    error
	}{
		"nothing":             {"", "", io.ErrUnexpectedEOF},
		"zeros":               {"\x00\x00\x00\x00", "", transport.ErrNotHearth},
		"one wrong byte":      {"X", "", transport.ErrNotHearth},
		"the last is wrong":   {"HRTX", "", transport.ErrNotHearth},
		"small letters":       {"get / HTTP/1.1\r\n\r\n", "", transport.ErrNotHearth},
		"another method":      {"POST / HTTP/1.1\r\n\r\n", "", transport.ErrNotHearth},
		"TLS":                 {"\x16\x03\x01\x02\x00\x01", "", transport.ErrNotHearth},
		"a page":              {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"old HTTP":            {strings.Replace(upgradeHead, "1.1", "1.0", 1) + "Sec-WebSocket-Protocol: hearth\r\n\r\n", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"no subprotocol":      {upgradeHead + "\r\n", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"another subprotocol": {upgradeHead + "Sec-WebSocket-Protocol: chat, hearth2\r\n\r\n", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"a body":              {upgradeHead + "Sec-WebSocket-Protocol: hearth\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"chunks":              {upgradeHead + "Sec-WebSocket-Protocol: hearth\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 426 ", transport.ErrBadRequest},
		"a page of elsewhere": {upgradeHead + "Sec-WebSocket-Protocol: hearth\r\nOrigin: https://evil.example\r\n\r\n", "HTTP/1.1 403 ", transport.ErrBadRequest},
		"another version":     {strings.Replace(upgradeHead, "Version: 13", "Version: 8", 1) + "Sec-WebSocket-Protocol: hearth\r\n\r\n", "HTTP/1.1 400 ", transport.ErrBadRequest},
		"no HTTP":             {"GET nonsense\r\n\r\n", "HTTP/1.1 400 ", transport.ErrBadRequest},
		"a bad header":        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 ", transport.ErrBadRequest},
		"an endless header":   {"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 16<<10), "HTTP/1.1 400 ", transport.ErrBadRequest},
	} {
		conn := tcp(t, ln)
		if _, err := io.WriteString(conn, c.send); err != nil {
			t.Fatal(err)
		}
		if c.send == "" {
			conn.(*net.TCPConn).CloseWrite()
		}
		got, err := io.ReadAll(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasPrefix(string(got), c.answer) || c.answer == "" && len(got) > 0 {
			t.Errorf("%s: answered %.60q, %v", name, got, err)
		}
		if err := refused.next(t); !errors.Is(err, c.err) {
			t.Errorf("%s: refused with %v", name, err)
		}
	}
	dial(t, &transport.Dialer{}, link(trust.WS, ln.Addr().String()))
	if c, err := ln.Accept(); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}

// A preface that comes byte by byte is one.
func TestSlowPreface(t *testing.T) {
	ln := listen(t, transport.Options{})
	c := tcp(t, ln)
	for _, b := range preface + "rest" {
		if _, err := c.Write([]byte{byte(b)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	b := make([]byte, 8)
	if _, err := io.ReadFull(server, b); err != nil || string(b) != "HRTHrest" {
		t.Errorf("read %q, %v", b, err)
	}
}

// Those that open connections and say nothing, or never enough, are closed in time.
func TestPatienceEnds(t *testing.T) {
	for _, begin := range []string{"", "H", "HRT", "GET", "GET ", upgradeHead} {
		refused := make(refusals, 1)
		ln := listen(t, transport.Options{Patience: 100 * time.Millisecond, Refused: refused.note})
		c := tcp(t, ln)
		io.WriteString(c, begin)
		if err := refused.next(t); !errors.Is(err, transport.ErrSilent) {
			t.Errorf("%q: refused with %v", begin, err)
		}
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: it is still open", begin)
		}
	}
}

// One that nobody accepts does not wait for ever either.
func TestUnacceptedEnds(t *testing.T) {
	refused := make(refusals, 1)
	ln := listen(t, transport.Options{Patience: 100 * time.Millisecond, Refused: refused.note})
	io.WriteString(tcp(t, ln), preface)
	if err := refused.next(t); !errors.Is(err, transport.ErrPending) {
		t.Error(err)
	}
}

// However many connections say nothing, one that speaks gets through, and no more
// than the limit are held.
func TestSlowClientsAreBounded(t *testing.T) {
	const most = 8
	refused := make(refusals, 1000)
	ln := listen(t, transport.Options{Pending: most, PerAddress: 1000, Refused: refused.note})
	var slow []net.Conn
	for i := range 5 * most {
		c := tcp(t, ln)
		io.WriteString(c, preface[:i%4])
		slow = append(slow, c)
	}
	for _, w := range ways[:2] {
		client := w.dial(t, ln)
		io.WriteString(client, preface)
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server.Close()
	}
	// The oldest went, each with its reason.
	for range 4 * most {
		if err := refused.next(t); !errors.Is(err, transport.ErrPending) {
			t.Error(err)
		}
	}
	open := 0
	for _, c := range slow {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			open++
		}
	}
	if open > most {
		t.Errorf("%d are held, and %d may be", open, most)
	}
}

// One address has its own bound, from which a trusted proxy is free.
func TestPerAddress(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		refused := make(refusals, 100)
		o := transport.Options{PerAddress: 3, Refused: refused.note}
		if trusted {
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		}
		ln := listen(t, o)
		for range 3 {
			tcp(t, ln)
		}
		c := tcp(t, ln)
		io.WriteString(c, preface)
		if trusted {
			server, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			server.Close()
			continue
		}
		if err := refused.next(t); !errors.Is(err, transport.ErrPending) {
			t.Error(err)
		}
	}
}

// An address that is not admitted is refused before anything is read; behind a
// trusted proxy it is the peer's address that counts.
func TestAdmit(t *testing.T) {
	no := errors.New("not you")
	admit := func(a netip.Addr) error {
		if a == netip.MustParseAddr("192.0.2.66") || a.IsLoopback() {
			return no
		}
		return nil
	}
	refused := make(refusals, 10)
	ln := listen(t, transport.Options{Admit: admit, Refused: refused.note})
	if got, err := io.ReadAll(tcp(t, ln)); len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %q, %v", got, err)
	}
	if err := refused.next(t); !errors.Is(err, no) {
		t.Error(err)
	}
	ln = listen(t, transport.Options{Admit: admit, Refused: refused.note, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	c := tcp(t, ln)
	fmt.Fprintf(c, "%sSec-WebSocket-Protocol: hearth\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n", upgradeHead)
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("%v, %v", resp, err)
	}
	if err := refused.next(t); !errors.Is(err, no) {
		t.Error(err)
	}
}

// X-Forwarded-For is read from its end and only from proxies that are trusted.
func TestForwardedFor(t *testing.T) {
	for _, c := range []struct {
		trusted string
		header  string // lines
		want    string // the peer, "proxy" for the connection's own, "" for a refusal
	}{
		{"127.0.0.0/8", "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for:192.0.2.1\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: nonsense, 192.0.2.1\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: 192.0.2.1, 127.0.0.7\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: 127.0.0.7\r\n", "127.0.0.7"},
		{"127.0.0.0/8", "X-Forwarded-For: 192.0.2.1:1234\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "X-Forwarded-For: [2001:db8::1]:1234\r\n", "2001:db8::1"},
		{"127.0.0.0/8", "X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1"},
		{"127.0.0.0/8", "X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
		{"127.0.0.0/8", "", "proxy"},
		{"127.0.0.0/8", "X-Forwarded-For: unknown\r\n", ""},
		{"127.0.0.0/8", "X-Forwarded-For: 192.0.2.1,\r\n", ""},
		{"10.0.0.0/8", "X-Forwarded-For: 192.0.2.1\r\n", "proxy"},
		{"10.0.0.0/8", "X-Forwarded-For: unknown\r\n", "proxy"},
	} {
		refused := make(refusals, 1)
		ln := listen(t, transport.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(c.trusted)}, Refused: refused.note})
		conn := tcp(t, ln)
		fmt.Fprintf(conn, "%sSec-WebSocket-Protocol: hearth\r\n%s\r\n", upgradeHead, c.header)
		if c.want == "" {
			if err := refused.next(t); !errors.Is(err, transport.ErrForwarded) {
				t.Errorf("%q: %v", c.header, err)
			}
			continue
		}
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		want := net.JoinHostPort(c.want, "0")
		if c.want == "proxy" {
			want = conn.LocalAddr().String()
		}
		if got := server.RemoteAddr().String(); got != want {
			t.Errorf("%q behind %s: the peer is %s and should be %s", c.header, c.trusted, got, want)
		}
		server.Close()
	}
}

// Frames that break the protocol of WebSocket end the connection with an error,
// and so does text.
func TestBadFrames(t *testing.T) {
	for name, frame := range map[string]string{
		"unmasked":         "\x82\x01x",
		"text":             "\x81\x81\x00\x00\x00\x00x",
		"reserved bits":    "\xf2\x81\x00\x00\x00\x00x",
		"unknown opcode":   "\x83\x81\x00\x00\x00\x00x",
		"a lone rest":      "\x80\x81\x00\x00\x00\x00x",
		"long control":     "\x89\xfe\x00\x7e\x00\x00\x00\x00",
		"negative length":  "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"cut in the frame": "\x82\x85\x00\x00\x00\x00x",
	} {
		ln := listen(t, transport.Options{})
		c := tcp(t, ln)
		fmt.Fprintf(c, "%sSec-WebSocket-Protocol: hearth\r\n\r\n%s", upgradeHead, frame)
		c.(*net.TCPConn).CloseWrite()
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server.SetDeadline(time.Now().Add(patience))
		got, err := io.ReadAll(server)
		if errors.Is(err, os.ErrDeadlineExceeded) || err == nil || len(got) > 1 {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		server.Close()
	}
}

// Whatever a stranger sends, the listener takes it or refuses it and goes on.
func FuzzFirstBytes(f *testing.F) {
	f.Add([]byte(preface))
	f.Add([]byte(upgradeHead + "Sec-WebSocket-Protocol: hearth\r\n\r\n\x82\x81\x00\x00\x00\x00x"))
	f.Add([]byte(upgradeHead + "Sec-WebSocket-Protocol: hearth\r\nX-Forwarded-For: ,[::1]:1, unknown\r\n\r\n"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	refused := make(refusals, 1)
	ln, err := transport.Listen("127.0.0.1:0", transport.Options{
		Refused: refused.note, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Patience: time.Second,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { ln.Close() })
	taken := make(chan net.Conn)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			taken <- c
		}
	}()
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Skip(err)
		}
		defer c.Close()
		c.Write(b)
		c.(*net.TCPConn).CloseWrite()
		select {
		case server := <-taken:
			server.SetDeadline(time.Now().Add(patience))
			if n, err := io.Copy(io.Discard, server); errors.Is(err, os.ErrDeadlineExceeded) || n > int64(len(b)) {
				t.Errorf("read %d of %d, %v", n, len(b), err)
			}
			server.Close()
		case <-refused:
		case <-time.After(patience):
			t.Error("neither taken nor refused")
		}
	})
}

// A client that speaks TLS to a listener is told what it met.
func TestTLSToAListener(t *testing.T) {
	ln := listen(t, transport.Options{})
	_, err := (&transport.Dialer{}).Dial(t.Context(), link(trust.WSS, ln.Addr().String()))
	var dial *transport.DialError
	if !errors.As(err, &dial) || !strings.Contains(err.Error(), "closed the connection") {
		t.Error(err)
	}
	plain := listenPlain(t, func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	_, err = (&transport.Dialer{}).Dial(t.Context(), link(trust.WSS, plain))
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || !strings.Contains(err.Error(), "hearth+ws://") {
		t.Error(err)
	}
}
