package secure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Server runs the server's half of the handshake on c and returns the secured
// connection. On an error c is closed; a refusal has told the client why.
func Server(ctx context.Context, c net.Conn, cfg *ServerConfig) (*Conn, error) {
	if err := cfg.check(); err != nil {
		c.Close()
		return nil, err
	}
	start := time.Now()
	limit := start.Add(timeoutOf(cfg.Timeout))
	d := &deadline{conn: c}
	gate := cfg.gate()
	ticket, err := gate.enter(c.RemoteAddr(), func() { d.expire(ErrBusy) })
	if err != nil {
		hangUp(c, cfg, gate, err)
		return nil, err
	}
	d.set(earlier(limit, start.Add(helloTimeout)))
	stop := d.watch(ctx)
	conn, err := serve(c, cfg, d, ticket, limit)
	stop()
	if err == nil {
		err = d.end()
	}
	if err != nil {
		err = d.err(err)
		ticket.leave(false)
		hangUp(c, cfg, gate, err)
		return nil, err
	}
	ticket.leave(true)
	return conn, nil
}

func (c *ServerConfig) gate() *Gate {
	if c.Gate != nil {
		return c.Gate
	}
	return sharedGate
}

// serve returns errors that Server turns into alerts. Where the client has had an
// authenticated answer already, the error is told.
func serve(c net.Conn, cfg *ServerConfig, d *deadline, ticket *ticket, limit time.Time) (*Conn, error) {
	p, raw, err := readPreface(c)
	if err != nil {
		return nil, err
	}
	l, err := newServerLogin(cfg, p, raw)
	if err != nil {
		return nil, err
	}
	body, err := expect(c, kindClientHello)
	if err != nil {
		return nil, err
	}
	if err := l.read(body); err != nil {
		return nil, err
	}
	if err := ticket.guess(); err != nil {
		return nil, err
	}
	hello, err := l.respond()
	if err != nil {
		return nil, err
	}
	d.set(limit)
	if _, err := c.Write(appendMessage(nil, kindServerHello, hello)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	if body, err = expect(c, kindClientFinish); err != nil {
		// Most often the client found out that its password is wrong.
		return nil, errors.Join(err, l.damaged)
	}
	key, err := l.verify(body)
	if err != nil {
		return nil, err
	}
	peer := Peer{Key: key, Credential: l.hello.credential, Version: l.versions.Program, Addr: c.RemoteAddr()}
	var refusal error
	status := uint8(alertNone)
	if cfg.Admit != nil {
		if err := cfg.Admit(peer); err != nil {
			refusal, status = told{fmt.Errorf("%w: %w", ErrRefused, err)}, alertRefused
		}
	}
	if _, err := c.Write(appendMessage(nil, kindServerFinish, l.finish(status))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	if refusal != nil {
		return nil, refusal
	}
	s := newSession(l.main)
	return newConn(c, l.suite, s.toClient, s.toServer, s.exporter, peer), nil
}

// told marks an error that the client knows of by an authenticated message.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// expect reads a message of one kind; an alert in its place is malformed.
func expect(c net.Conn, kind uint8) ([]byte, error) {
	got, body, err := readMessage(c)
	if err != nil {
		return nil, err
	}
	if got != kind {
		return nil, ErrHandshake
	}
	return body, nil
}

// hangUp tells the client why and closes. It waits for the client to hear it only
// as far as the gate has room for that, as a flood of refusals is a flood too.
func hangUp(c net.Conn, cfg *ServerConfig, g *Gate, err error) {
	sendAlert(c, cfg, err)
	if g.mayLinger() {
		linger(c, alertTimeout)
		g.lingered()
	}
	c.Close()
}

// alertTimeout bounds what a refusal may cost.
const alertTimeout = time.Second

// sendAlert says why, where there is somebody to hear it.
func sendAlert(c net.Conn, cfg *ServerConfig, err error) {
	a := alert{code: alertHandshake, versions: cfg.versions()}
	var newer *VersionError
	switch {
	case errors.As(err, new(told)):
		return
	case errors.As(err, &newer):
		a.code = alertVersion
	case errors.Is(err, ErrUnknownSpace):
		a.code = alertSpace
	case errors.Is(err, ErrBusy):
		a.code = alertBusy
	case errors.Is(err, ErrAuth):
		a.code = alertAuth
	}
	c.SetWriteDeadline(time.Now().Add(alertTimeout))
	c.Write(appendMessage(nil, kindAlert, a.marshal()))
}

// Client runs the client's half of the handshake on c and returns the secured
// connection when the server has admitted it. On an error c is closed.
func Client(ctx context.Context, c net.Conn, cfg *ClientConfig) (*Conn, error) {
	if err := cfg.check(); err != nil {
		c.Close()
		return nil, err
	}
	d := &deadline{conn: c}
	d.set(time.Now().Add(timeoutOf(cfg.Timeout)))
	stop := d.watch(ctx)
	conn, err := login(c, cfg)
	stop()
	if err == nil {
		err = d.end()
	}
	if err != nil {
		c.Close()
		return nil, d.err(err)
	}
	return conn, nil
}

func login(c net.Conn, cfg *ClientConfig) (*Conn, error) {
	l, flight, err := newClientLogin(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(flight); err != nil {
		// A server that refuses at once may have said why.
		if _, alerted := await(c, cfg, kindServerHello); errors.As(alerted, new(*AlertError)) {
			return nil, alerted
		}
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	body, err := await(c, cfg, kindServerHello)
	if err != nil {
		return nil, err
	}
	finish, err := l.verify(body)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(appendMessage(nil, kindClientFinish, finish)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	if body, err = await(c, cfg, kindServerFinish); err != nil {
		return nil, err
	}
	if err := l.confirm(body); err != nil {
		return nil, err
	}
	peer := Peer{Key: l.server.identity, Credential: cfg.Credential, Version: l.server.program, Addr: c.RemoteAddr()}
	s := newSession(l.main)
	return newConn(c, l.server.suite, s.toServer, s.toClient, s.exporter, peer), nil
}

// await reads a message of one kind, or the alert in its place.
func await(c net.Conn, cfg *ClientConfig, kind uint8) ([]byte, error) {
	got, body, err := readMessage(c)
	if err != nil {
		return nil, err
	}
	switch got {
	case kind:
		return body, nil
	case kindAlert:
		a, err := parseAlert(body)
		if err != nil {
			return nil, err
		}
		return nil, a.err(cfg.versions())
	}
	return nil, ErrHandshake
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
