package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"hearth/runtime/peer/trust"
)

// dialPatience bounds reaching a server where the context does not: long enough
// for a lost packet or two, short enough for a person to wait.
const dialPatience = 15 * time.Second

// Dialer reaches servers. The zero Dialer is what programs use.
type Dialer struct {
	// Roots are whom TLS believes; nil for those of the system.
	Roots *x509.CertPool
	// Proxy says which proxy a WebSocket goes through; nil for what the environment
	// says (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
	Proxy func(*http.Request) (*url.URL, error)
}

// Dial reaches the server of a link. Errors are a *DialError. Nothing was checked
// yet of who answers.
func Dial(ctx context.Context, link trust.Link) (net.Conn, error) {
	return new(Dialer).Dial(ctx, link)
}

// Dial is as the function of that name.
func (d *Dialer) Dial(ctx context.Context, link trust.Link) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	var c net.Conn
	var err error
	switch link.Transport {
	case trust.TCP:
		c, err = dialTCP(ctx, link.Host)
	case trust.WS, trust.WSS:
		c, err = d.dialWeb(ctx, link)
	default:
		err = fmt.Errorf("the link's transport %q is unknown", link.Transport)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
		return nil, dialError(link.Host, err)
	}
	return c, nil
}

func dialTCP(ctx context.Context, host string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", host)
}

func (d *Dialer) dialWeb(ctx context.Context, link trust.Link) (net.Conn, error) {
	target := url.URL{Scheme: "http", Host: link.Host}
	if link.Transport == trust.WSS {
		target.Scheme = "https"
	}
	find := d.Proxy
	if find == nil {
		find = http.ProxyFromEnvironment
	}
	proxy, err := find(&http.Request{URL: &target})
	if err != nil {
		return nil, fmt.Errorf("the proxy that the environment names is no address; correct HTTP_PROXY or HTTPS_PROXY")
	}
	c, err := d.dialThrough(ctx, proxy, link.Host)
	if err != nil {
		return nil, err
	}
	// What is under way on the connection ends with the context.
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	web, err := d.upgrade(ctx, c, link, target.Scheme)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		stop()
		c.Close()
		return nil, err
	}
	return web, nil
}

// upgrade makes a WebSocket of a connection to the server or its reverse proxy.
func (d *Dialer) upgrade(ctx context.Context, c net.Conn, link trust.Link, scheme string) (net.Conn, error) {
	if link.Transport == trust.WSS {
		secured := tls.Client(c, d.tlsConfig(link.Host))
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		c = secured
	}
	w := newWire(c)
	answer := &once{wire: w}
	ws, _, err := websocket.Dial(ctx, scheme+"://"+strings.Replace(link.Host, "%", "%25", 1)+link.RequestPath(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     answer,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:   http.Header{"User-Agent": {subprotocol}},
		Subprotocols: []string{subprotocol},
	})
	switch {
	case err != nil && answer.err != nil:
		return nil, answer.err
	case err != nil && answer.status != nil:
		return nil, answer.status
	case err != nil:
		return nil, err
	case ws.Subprotocol() != subprotocol:
		ws.CloseNow()
		return nil, &statusError{status: "with a WebSocket of something else"}
	}
	return newWebConn(ws, w, c.RemoteAddr()), nil
}

func (d *Dialer) tlsConfig(host string) *tls.Config {
	name, _, _ := net.SplitHostPort(host)
	name, _, _ = strings.Cut(name, "%")
	return &tls.Config{ServerName: name, RootCAs: d.Roots, NextProtos: []string{"http/1.1"}}
}

// once sends one request on a connection that is there already.
type once struct {
	wire   *wire
	err    error        // why there was no answer
	status *statusError // of an answer that is no upgrade
}

func (o *once) RoundTrip(req *http.Request) (*http.Response, error) {
	var resp *http.Response
	if o.err = req.Write(o.wire); o.err == nil {
		resp, o.err = http.ReadResponse(o.wire.r, req)
	}
	if o.err != nil {
		return nil, o.err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		o.status = &statusError{status: printable(resp.Status), location: printable(resp.Header.Get("Location"))}
		return resp, nil
	}
	resp.Body = o.wire
	return resp, nil
}

// printable cuts what a stranger sent down to what fits into a sentence.
func printable(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), most)]
}
