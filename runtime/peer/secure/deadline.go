package secure

import (
	"context"
	"net"
	"sync"
	"time"
)

// past is a deadline that ends what is blocked at once.
var past = time.Unix(1, 0)

// A deadline is the time limit of a handshake, which a context or a full gate may
// cut short. What cut it short is then the error.
type deadline struct {
	mu    sync.Mutex // guards all below, and the connection's deadline with them
	conn  net.Conn
	cause error
	over  bool // what comes later is not about the handshake
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause == nil {
		d.conn.SetDeadline(t)
	}
}

func (d *deadline) expire(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause == nil && !d.over {
		d.cause = cause
		d.conn.SetDeadline(past)
	}
}

// watch expires d with ctx. The caller calls stop.
func (d *deadline) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { d.expire(context.Cause(ctx)) })
}

// err prefers the cause to what it led to.
func (d *deadline) err(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return d.cause
	}
	return err
}

// end lifts the limit, unless it has cut the handshake short already.
func (d *deadline) end() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return d.cause
	}
	d.over = true
	return d.conn.SetDeadline(time.Time{})
}
