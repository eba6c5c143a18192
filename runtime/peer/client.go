package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
)

// Bounds of the time between two attempts to connect.
const (
	minBackoff = 250 * time.Millisecond
	maxBackoff = 30 * time.Second
	// steady is how long a connection must have stood for the next attempt to be
	// made at once.
	steady = 10 * time.Second
)

// Pin says whether a server's key is the right one, before the password is used.
type Pin func(server ed25519.PublicKey) error

// Client connects to a server and, with Run, stays connected.
type Client struct {
	Node     *Node
	Program  string // what it calls itself; "" is what the node does
	Link     trust.Link
	Identity ed25519.PrivateKey
	Password []byte
	Pin      Pin
	// Dial makes the connection beneath; nil is transport.Dial.
	Dial func(ctx context.Context, l trust.Link) (net.Conn, error)
	// Connected and Lost are told by Run. May be nil.
	Connected func(*Conn)
	Lost      func(err error, next time.Duration)
	// MinKSF is the least stretching of the password that is accepted; zero is
	// secure's.
	MinKSF secure.KSF
}

// Connect connects once.
func (d *Client) Connect(ctx context.Context) (*Conn, error) {
	sc, server, err := d.secured(ctx)
	if err != nil {
		return nil, err
	}
	info := Info{Key: server, Role: trust.Guest, Addr: sc.RemoteAddr(), Server: true}
	return d.Node.Attach(ctx, sc, Attach{Info: info, Dialed: true})
}

// Final reports an error after which trying again is no use before somebody has
// done something about it.
func Final(err error) bool {
	var version *secure.VersionError
	var alert *secure.AlertError
	var changed *trust.ChangedKeyError
	if errors.As(err, &alert) { // anybody on the way could have sent it
		return errors.As(err, &version) || errors.Is(err, secure.ErrUnknownSpace)
	}
	for _, e := range []error{secure.ErrAuth, secure.ErrRefused, secure.ErrUnknownSpace, secure.ErrIdentity, secure.ErrWeakKSF,
		secure.ErrCostlyKSF, secure.ErrName, secure.ErrPassword, secure.ErrConfig, trust.ErrUnknownServer} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, &version) || errors.As(err, &changed)
}

// Run connects and connects again, with growing pauses, until ctx is done or an
// error is final.
func (d *Client) Run(ctx context.Context) error {
	pause := minBackoff
	for {
		c, err := d.Connect(ctx)
		if err == nil {
			begun := time.Now()
			if d.Connected != nil {
				d.Connected(c)
			}
			select {
			case <-c.Done():
				err = c.Err()
			case <-ctx.Done():
				c.Close("the peer leaves")
				<-c.Done()
				return nil
			}
			if time.Since(begun) > steady {
				pause = minBackoff
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if Final(err) {
			return err
		}
		// Half of it by chance, so that a thousand clients that lost one server do
		// not all come back at once.
		next := pause/2 + rand.N(pause/2)
		if d.Lost != nil {
			d.Lost(err, next)
		}
		select {
		case <-time.After(next):
		case <-ctx.Done():
			return nil
		}
		pause = min(2*pause, maxBackoff)
	}
}
