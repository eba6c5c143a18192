package transport_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

// listenPlain serves each connection with f and then closes it.
func listenPlain(t testing.TB, f func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// answering serves what a web server answers to the first request.
func answering(t testing.TB, answer string) string {
	return listenPlain(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, answer)
		}
	})
}

// Each way in which a server is not reached is one sentence that says what to do.
func TestDialErrors(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for name, c := range map[string]struct {
		link trust.Link
		part string
		is   error
	}{
		"nobody listens": {link(trust.TCP, gone.Addr().String()), "nobody listens there", syscall.ECONNREFUSED},
		"nor for ws":     {link(trust.WS, gone.Addr().String()), "nobody listens there", syscall.ECONNREFUSED},
		"it hangs up":    {link(trust.WS, listenPlain(t, func(net.Conn) {})), "closed the connection", nil},
		"a page":         {link(trust.WS, answering(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), "answered 404 Not Found", nil},
		"elsewhere":      {link(trust.WS, answering(t, "HTTP/1.1 301 Moved\r\nLocation: https://h/é x\r\nContent-Length: 0\r\n\r\n")), "sends on to https://h/ x;", nil},
		"no HTTP":        {link(trust.WS, answering(t, "SSH-2.0-x\r\n")), "malformed HTTP", nil},
		"endless":        {link(trust.WS, answering(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<16))), "closed the connection", nil},
		"bad accept":     {link(trust.WS, answering(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")), "Sec-WebSocket-Accept", nil},
		"no transport":   {link("", "h:1"), "transport", nil},
	} {
		conn, err := (&transport.Dialer{}).Dial(t.Context(), c.link)
		if err == nil {
			conn.Close()
		}
		var dial *transport.DialError
		if !errors.As(err, &dial) || dial.Host != c.link.Host || !strings.HasPrefix(err.Error(), "cannot reach "+c.link.Host+": ") || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v hides its cause", name, err)
		}
	}
}

// tunnel is an HTTP proxy that only tunnels, for one user.
func tunnel(t testing.TB, asked chan<- string) string {
	return listenPlain(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if req.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("anna:horse")) {
			io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		asked <- req.Method + " " + req.RequestURI
		join(c, r, req.RequestURI, "HTTP/1.1 200 OK\r\n\r\n")
	})
}

// socksProxy is a SOCKS5 proxy for one user, or for all.
func socksProxy(t testing.TB, user, password string, asked chan<- string) string {
	return listenPlain(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		b := make([]byte, 512)
		read := func(n int) []byte { io.ReadFull(r, b[:n]); return b[:n] }
		methods := read(int(read(2)[1]))
		if user == "" {
			c.Write([]byte{5, 0})
		} else {
			if !strings.Contains(string(methods), "\x02") {
				c.Write([]byte{5, 0xff})
				return
			}
			c.Write([]byte{5, 2})
			u := string(read(int(read(2)[1])))
			p := string(read(int(read(1)[0])))
			if u != user || p != password {
				c.Write([]byte{1, 1})
				return
			}
			c.Write([]byte{1, 0})
		}
		var host string
		switch read(4)[3] {
		case 1:
			host = net.IP(read(4)).String()
		case 4:
			host = net.IP(read(16)).String()
		case 3:
			host = string(read(int(read(1)[0])))
		}
		target := net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(read(2))))
		asked <- target
		if host == "forbidden" {
			c.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		join(c, r, target, "\x05\x00\x00\x03\x04name\x00\x01")
	})
}

func join(c net.Conn, r io.Reader, target, yes string) {
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer out.Close()
	io.WriteString(c, yes)
	var all sync.WaitGroup
	all.Go(func() { io.Copy(out, r); out.Close() })
	all.Go(func() { io.Copy(c, out); c.Close() })
	all.Wait()
}

func through(proxy string) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
}

// WebSockets go through the proxies of the environment's kinds, with and without
// TLS, and what goes wrong on the way is told from what goes wrong behind it.
func TestProxies(t *testing.T) {
	asked := make(chan string, 10)
	http, open, locked := tunnel(t, asked), socksProxy(t, "", "", asked), socksProxy(t, "anna", "horse", asked)
	ln := listen(t, transport.Options{})
	f := reverseProxy(t, ln.Addr().String())
	for _, proxy := range []string{"http://anna:horse@" + http, "socks5://" + open, "socks5h://anna:horse@" + locked} {
		for _, l := range []trust.Link{link(trust.WS, ln.Addr().String()), f.link} {
			client := dial(t, &transport.Dialer{Proxy: through(proxy), Roots: f.dialer.Roots}, l)
			if got := strings.TrimPrefix(<-asked, "CONNECT "); got != l.Host {
				t.Errorf("%s was asked for %s", proxy, got)
			}
			server, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(client, "through")
			b := make([]byte, 7)
			if _, err := io.ReadFull(server, b); err != nil || string(b) != "through" {
				t.Errorf("%s: read %q, %v", proxy, b, err)
			}
			server.Close()
			client.Close()
		}
	}
	for proxy, part := range map[string]string{
		"http://anna:pony@" + http:                    "407",
		"http://" + http:                              "407",
		"socks5://" + locked:                          "user and a password",
		"socks5://anna:pony@" + locked:                "does not take this user",
		"socks5://" + listenPlain(t, echo):            "closed the connection",
		"http://" + listenPlain(t, func(net.Conn) {}): "closed the connection",
		"ftp://" + http:                               "neither http, https nor socks5",
		"http://127.0.0.1:1":                          "nobody listens there",
	} {
		_, err := (&transport.Dialer{Proxy: through(proxy)}).Dial(t.Context(), link(trust.WS, ln.Addr().String()))
		var dial *transport.DialError
		if !errors.As(err, &dial) || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "pony") {
			t.Errorf("%s: %v", proxy, err)
		}
	}
	_, err := (&transport.Dialer{Proxy: through("socks5://" + open)}).Dial(t.Context(), link(trust.WS, "forbidden:1"))
	if got := <-asked; got != "forbidden:1" || err == nil || !strings.Contains(err.Error(), "do not allow") {
		t.Errorf("asked for %s: %v", got, err)
	}
}

// echo answers a greeting of SOCKS5 with what no proxy of that version says.
func echo(c net.Conn) { io.CopyN(c, c, 1) }

// Whatever a server or a proxy answers, dialing ends, and what is read from a
// WebSocket that came to be is no more than what was sent.
func FuzzAnswers(f *testing.F) {
	const yes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: hearth\r\n\r\n"
	f.Add(byte(0), []byte(yes+"\x82\x01x\x88\x02\x03\xe8"))
	f.Add(byte(0), []byte("HTTP/1.1 301 Moved\r\nLocation: x\r\nContent-Length: 9\r\n\r\n"))
	f.Add(byte(1), []byte("HTTP/1.1 200 OK\r\n\r\n"+yes))
	f.Add(byte(2), []byte("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"+yes))
	f.Add(byte(3), []byte("\x05\x02\x01\x00\x05\x00\x00\x03\x01x\x00\x00"+yes))
	type answer struct {
		direct bool
		b      []byte
	}
	answers := make(chan answer, 1)
	server := listenPlain(f, func(c net.Conn) {
		a, r := <-answers, bufio.NewReader(c)
		b := a.b
		// What makes an upgrade valid depends on the request.
		if a.direct {
			if req, err := http.ReadRequest(r); err == nil {
				sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
				b = bytes.ReplaceAll(b, []byte("ACCEPT"), []byte(base64.StdEncoding.EncodeToString(sum[:])))
			}
		}
		c.Write(b)
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, r)
	})
	proxies := []func(*http.Request) (*url.URL, error){
		func(*http.Request) (*url.URL, error) { return nil, nil },
		through("http://a:b@" + server), through("socks5://" + server), through("socks5://a:b@" + server),
	}
	f.Fuzz(func(t *testing.T, way byte, b []byte) {
		i := int(way) % len(proxies)
		answers <- answer{i == 0, b}
		c, err := (&transport.Dialer{Proxy: proxies[i]}).Dial(t.Context(), link(trust.WS, server))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Errorf("%q", err)
			}
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		if n, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) || n > int64(len(b)) {
			t.Errorf("read %d of %d, %v", n, len(b), err)
		}
	})
}
