package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hearth/runtime/peer/trust"
)

const (
	// DefaultPending is how many connections may not have said yet what they are. A
	// thousand clients that come at once say it within their first packet.
	DefaultPending = 512
	// DefaultPerAddress is how many of them may be of one address (for IPv6 of one
	// /64): a household behind one address connects again after a power cut.
	DefaultPerAddress = 64
	// DefaultPatience is how long a connection may take to say what it is: a slow
	// link and a lost packet or two.
	DefaultPatience = 10 * time.Second

	// acceptPause is how long accepting rests when the system has no file left for
	// a connection, at first and at most.
	acceptPause    = 5 * time.Millisecond
	acceptPauseMax = time.Second
)

// Options are what a listener is told. The zero Options listens with the defaults.
type Options struct {
	// TrustedProxies are the addresses of reverse proxies whose X-Forwarded-For is
	// believed. Nobody else's is.
	TrustedProxies []netip.Prefix
	// Admit is asked about the address of a peer before anything is spent on it; an
	// error refuses. It is called by many goroutines.
	Admit func(netip.Addr) error
	// Refused is told of each connection that does not come out of Accept, for a
	// log. It is called by many goroutines and must not call the listener.
	Refused func(addr netip.Addr, err error)

	Pending    int           // 0: DefaultPending
	PerAddress int           // 0: DefaultPerAddress
	Patience   time.Duration // 0: DefaultPatience
}

// listener takes connections off the socket, finds out what they are, each in a
// goroutine, and gives them out by Accept.
type listener struct {
	tcp     *net.TCPListener
	o       Options
	pending *pending
	conns   chan found
	done    chan struct{}
	close   func() error
	running sync.WaitGroup
}

// found is a connection that has said what it is. It stays pending until Accept
// takes it off, so that it is either closed here or the caller's, never both.
type found struct {
	conn net.Conn
	p    *waiting
}

// Listen listens on host:port, host, or :port; without a port on the default one,
// without a host on all addresses. What Accept returns are connections whose
// first bytes are the handshake's: a *net.TCPConn, or one over a WebSocket that
// has NetConn. Their remote address is the peer's.
func Listen(addr string, o Options) (net.Listener, error) {
	at, err := listenAddress(addr)
	if err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at)
	if err != nil {
		return nil, listenError(at, err)
	}
	if o.Pending == 0 {
		o.Pending = DefaultPending
	}
	if o.PerAddress == 0 {
		o.PerAddress = DefaultPerAddress
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	l := &listener{
		tcp: ln.(*net.TCPListener), o: o, pending: newPending(o.Pending, o.PerAddress),
		conns: make(chan found), done: make(chan struct{}),
	}
	l.close = sync.OnceValue(l.shut)
	l.running.Go(l.take)
	return l, nil
}

// Accept waits for a connection that has said what it is.
func (l *listener) Accept() (net.Conn, error) {
	for {
		select {
		case f := <-l.conns:
			if l.pending.remove(f.p) {
				return f.conn, nil
			}
		case <-l.done:
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
		}
	}
}

// Addr returns where it listens.
func (l *listener) Addr() net.Addr { return l.tcp.Addr() }

// Close stops listening and closes every connection that Accept has not returned.
func (l *listener) Close() error { return l.close() }

func (l *listener) shut() error {
	close(l.done)
	err := l.tcp.Close()
	l.pending.closeAll()
	l.running.Wait()
	return err
}

// take accepts until the listener is closed.
func (l *listener) take() {
	pause := acceptPause
	for {
		c, err := l.tcp.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// No file or no memory left: others will give some back.
			select {
			case <-l.done:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, acceptPauseMax)
			continue
		}
		pause = acceptPause
		l.admit(c)
	}
}

// admit begins to find out what a connection is.
func (l *listener) admit(c *net.TCPConn) {
	addr := addrOf(c.RemoteAddr())
	proxied := l.trusts(addr)
	if !proxied && l.o.Admit != nil {
		if err := l.o.Admit(addr); err != nil {
			l.refuse(c, addr, err)
			return
		}
	}
	p, err := l.pending.add(c, addr, proxied)
	if err != nil {
		l.refuse(c, addr, err)
		return
	}
	l.running.Go(func() {
		timer := time.NewTimer(l.o.Patience)
		defer timer.Stop()
		end := time.Now().Add(l.o.Patience)
		c.SetDeadline(end)
		conn, err := l.tell(c, end, proxied)
		if err == nil {
			err = l.hand(conn, p, timer.C)
		}
		// On success it is Accept's, which also takes it off what is pending.
		if err != nil {
			l.pending.remove(p)
			l.refuse(c, addr, p.because(err))
		}
	})
}

// tell finds out what a connection is and makes of it what Accept returns.
func (l *listener) tell(c *net.TCPConn, end time.Time, proxied bool) (net.Conn, error) {
	kind, err := peek(c)
	if err != nil {
		return nil, err
	}
	if kind == kindWeb {
		return l.upgrade(c, end, proxied)
	}
	return c, nil
}

// hand gives a connection to Accept.
func (l *listener) hand(c net.Conn, p *waiting, late <-chan time.Time) error {
	if err := c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	select {
	case l.conns <- found{c, p}:
		return nil
	case <-p.gone:
		return ErrPending
	case <-l.done:
		return net.ErrClosed
	case <-late:
		return fmt.Errorf("nobody took the connection: %w", ErrPending)
	}
}

func (l *listener) refuse(c *net.TCPConn, addr netip.Addr, err error) {
	c.Close()
	if l.o.Refused != nil {
		l.o.Refused(addr, err)
	}
}

func (l *listener) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(l.o.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func addrOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}

// listenAddress fills in what addr leaves out.
func listenAddress(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, ""
		if inner, ok := strings.CutPrefix(addr, "["); ok {
			if inner, ok := strings.CutSuffix(inner, "]"); ok {
				host = inner
			}
		}
	}
	if port == "" {
		port = strconv.Itoa(trust.DefaultPort)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strings.ContainsAny(host, "[]/ ") || strconv.FormatUint(n, 10) != port {
		return "", fmt.Errorf("%q is no address to listen on; write host:port, host or :port", addr)
	}
	return net.JoinHostPort(host, port), nil
}
