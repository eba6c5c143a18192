package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

var (
	// ErrNotHearth reports a connection that begins with neither the handshake nor
	// the web.
	ErrNotHearth = errors.New("the connection speaks neither Hearth nor WebSocket")
	// ErrSilent reports a connection that did not say in time what it is.
	ErrSilent = errors.New("the connection did not say in time what it is")
	// ErrPending reports a connection that others pushed out before it said what it
	// is, or one too many of its address.
	ErrPending = errors.New("too many connections have not said what they are")
	// ErrBadRequest reports a request of the web that is no upgrade to Hearth.
	ErrBadRequest = errors.New("the web request is no upgrade to Hearth")
	// ErrForwarded reports a reverse proxy that does not say for whom it asks.
	ErrForwarded = errors.New("the reverse proxy sent an X-Forwarded-For that is no address; set it in the proxy")
)

// DialError reports a server that was not reached.
type DialError struct {
	Host string
	Why  string // one clause for a person
	Err  error
}

func (e *DialError) Error() string { return fmt.Sprintf("cannot reach %s: %s", e.Host, e.Why) }

// Unwrap gives the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Timeout reports whether trying again later may help.
func (e *DialError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.Is(e.Err, context.DeadlineExceeded) || errors.As(e.Err, &t) && t.Timeout()
}

// statusError is an answer of a web server that is no upgrade.
type statusError struct {
	status   string
	location string
}

func (e *statusError) Error() string { return e.status }

// proxyError is a fault on the way to the server.
type proxyError struct {
	proxy string
	err   error
}

func (e *proxyError) Error() string { return fmt.Sprintf("the proxy %s: %v", e.proxy, e.err) }
func (e *proxyError) Unwrap() error { return e.err }

func dialError(host string, err error) error {
	if err == nil {
		return nil
	}
	why := explain(err)
	var proxy *proxyError
	if errors.As(err, &proxy) {
		why = fmt.Sprintf("the way leads through the proxy %s, and %s", proxy.proxy, explain(proxy.err))
	}
	return &DialError{host, why, err}
}

// explain says what went wrong and what to do, as a clause.
func explain(err error) string {
	var (
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		noTLS   tls.RecordHeaderError
		alert   tls.AlertError
		status  *statusError
		timeout net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the attempt was given up"
	case errors.As(err, &status) && status.location != "":
		return fmt.Sprintf("the web server there sends on to %s; if that is the server, make a link to it", status.location)
	case errors.As(err, &status):
		return fmt.Sprintf("the web server there answered %s and not with a WebSocket of Hearth; check the path of the link and the settings of the reverse proxy", status.status)
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no host of this name; check how it is spelt"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "nothing answered in time; check the address, and that no firewall is in the way"
	case errors.As(err, &name):
		return "its name could not be looked up; check the network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there; check the port, and that hearth-server runs with --listen"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no way leads there; check the network"
	case errors.As(err, &cert):
		return fmt.Sprintf("its certificate is not trusted (%v)", cert.Err)
	case errors.As(err, &noTLS):
		return "it does not speak TLS; use a link of hearth+ws:// if that is meant"
	case errors.As(err, &alert):
		return fmt.Sprintf("it refused TLS (%v)", alert)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it closed the connection without an answer"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "nothing answered in time; check the address, and that no firewall is in the way"
	}
	return err.Error()
}

// listenError says what to do about an address that cannot be listened on.
func listenError(addr string, err error) error {
	why := "check the address"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another program listens there; stop it or choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "this machine does not have the address; leave the host out to listen on all"
	case errors.Is(err, syscall.EACCES):
		why = "a port below 1024 needs rights that this program does not have; choose another"
	}
	return fmt.Errorf("cannot listen on %s, %s: %w", addr, why, err)
}
