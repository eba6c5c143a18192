package transport

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// dialThrough connects to host, by way of a proxy where there is one. A WebSocket
// asks the proxy for a tunnel also without TLS: proxies that handle the request
// themselves drop the upgrade.
func (d *Dialer) dialThrough(ctx context.Context, proxy *url.URL, host string) (net.Conn, error) {
	if proxy == nil {
		return dialTCP(ctx, host)
	}
	open, port := d.connectTunnel, "80"
	switch proxy.Scheme {
	case "http":
	case "https":
		port = "443"
	case "socks5", "socks5h":
		open, port = socks, "1080"
	default:
		return nil, errors.New("the environment names a proxy that is neither http, https nor socks5")
	}
	if p := proxy.Port(); p != "" {
		port = p
	}
	at := net.JoinHostPort(proxy.Hostname(), port)
	c, err := dialTCP(ctx, at)
	if err != nil {
		return nil, &proxyError{at, err}
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	through, err := open(ctx, c, proxy, at, host)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		stop()
		c.Close()
		return nil, &proxyError{at, err}
	}
	return through, nil
}

// connectTunnel asks an HTTP proxy for a tunnel.
func (d *Dialer) connectTunnel(ctx context.Context, c net.Conn, proxy *url.URL, at, host string) (net.Conn, error) {
	if proxy.Scheme == "https" {
		secured := tls.Client(c, d.tlsConfig(at))
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		c = secured
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: host}, Host: host, Header: http.Header{}}
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)))
	}
	if err := req.Write(c); err != nil {
		return nil, err
	}
	w := newWire(c)
	resp, err := http.ReadResponse(w.r, req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", printable(resp.Status))
	}
	// The server does not speak first, neither in TLS nor in HTTP.
	if w.r.Buffered() > 0 {
		return nil, errors.New("it sent more than its answer")
	}
	return c, nil
}

const (
	socksVersion  = 5
	socksNoAuth   = 0
	socksPassword = 2
	socksConnect  = 1
	socksV4       = 1
	socksName     = 3
	socksV6       = 4
)

// socksReplies are what RFC 1928 says of a connection that was not made.
var socksReplies = []string{1: "it failed", 2: "its rules do not allow this server", 3: "no way leads from it to that network", 4: "no way leads from it to that host", 5: "nobody listens there", 6: "nothing answered it in time", 7: "it cannot connect", 8: "it does not know this kind of address"}

// socks asks a SOCKS5 proxy (RFC 1928, RFC 1929) for a connection. Names are
// looked up by the proxy.
func socks(_ context.Context, c net.Conn, proxy *url.URL, _, host string) (net.Conn, error) {
	name, digits, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return nil, err
	}
	user := proxy.User.Username()
	password, _ := proxy.User.Password()
	if len(user) > 255 || len(password) > 255 || len(name) > 255 {
		return nil, errors.New("its user, its password or the host is longer than 255 bytes")
	}
	methods := []byte{socksVersion, 1, socksNoAuth}
	if user != "" {
		methods = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	reply := make([]byte, 2)
	if err := exchange(c, methods, reply); err != nil {
		return nil, err
	}
	switch {
	case reply[0] != socksVersion:
		return nil, errors.New("it does not speak SOCKS5")
	case reply[1] == socksPassword && user != "":
		login := append([]byte{1, byte(len(user))}, user...)
		login = append(append(login, byte(len(password))), password...)
		if err := exchange(c, login, reply); err != nil {
			return nil, err
		}
		if reply[1] != 0 {
			return nil, errors.New("it does not take this user and password")
		}
	case reply[1] != socksNoAuth:
		return nil, errors.New("it asks for a user and a password; set them in the proxy's address")
	}
	ask := []byte{socksVersion, socksConnect, 0}
	if ip := net.ParseIP(name); ip == nil {
		ask = append(append(ask, socksName, byte(len(name))), name...)
	} else if v4 := ip.To4(); v4 != nil {
		ask = append(append(ask, socksV4), v4...)
	} else {
		ask = append(append(ask, socksV6), ip...)
	}
	ask = append(ask, byte(port>>8), byte(port))
	head := make([]byte, 4)
	if err := exchange(c, ask, head); err != nil {
		return nil, err
	}
	if head[0] != socksVersion {
		return nil, errors.New("it does not speak SOCKS5")
	}
	if head[1] != 0 {
		if int(head[1]) < len(socksReplies) {
			return nil, errors.New(socksReplies[head[1]])
		}
		return nil, errors.New("it failed")
	}
	// The address that it bound is of no use, but is to be read away.
	rest := map[byte]int{socksV4: 4 + 2, socksV6: 16 + 2}[head[3]]
	if head[3] == socksName {
		if _, err := io.ReadFull(c, head[:1]); err != nil {
			return nil, err
		}
		rest = int(head[0]) + 2
	}
	if rest == 0 {
		return nil, errors.New("it does not speak SOCKS5")
	}
	_, err = io.ReadFull(c, make([]byte, rest))
	return c, err
}

func exchange(c net.Conn, ask, reply []byte) error {
	if _, err := c.Write(ask); err != nil {
		return err
	}
	_, err := io.ReadFull(c, reply)
	return err
}
