package transport

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
)

// v6Prefix is what one subscriber of IPv6 has at least.
const v6Prefix = 64

// pending are the connections that have not said yet what they are, oldest first.
type pending struct {
	most, perAddress int

	mu     sync.Mutex // guards what follows
	all    *list.List // of *waiting
	count  map[netip.Addr]int
	closed bool
}

// waiting is a pending connection.
type waiting struct {
	c      *net.TCPConn
	from   netip.Addr // with the host part of IPv6 cleared; none for a trusted proxy
	gone   chan struct{}
	pushed bool // under the lock, and for all once gone is closed
	at     *list.Element
}

func newPending(most, perAddress int) *pending {
	return &pending{most: most, perAddress: perAddress, all: list.New(), count: map[netip.Addr]int{}}
}

// add notes a connection. Where there are too many the oldest goes: one that is
// honest speaks within a round trip, so that the oldest is the least likely to.
func (p *pending) add(c *net.TCPConn, addr netip.Addr, proxied bool) (*waiting, error) {
	w := &waiting{c: c, gone: make(chan struct{})}
	if !proxied {
		w.from = addr.WithZone("")
		if addr.Is6() {
			prefix, _ := w.from.Prefix(v6Prefix)
			w.from = prefix.Addr()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	if w.from.IsValid() && p.count[w.from] >= p.perAddress {
		return nil, ErrPending
	}
	if p.all.Len() >= p.most {
		oldest := p.all.Front().Value.(*waiting)
		oldest.pushed = true
		p.drop(oldest)
	}
	w.at = p.all.PushBack(w)
	p.count[w.from]++
	return w, nil
}

// remove forgets a connection that is no longer pending. It reports whether it
// was until now; one that was not is closed.
func (p *pending) remove(w *waiting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.at == nil {
		return false
	}
	p.forget(w)
	return true
}

// closeAll closes what is pending, and lets nothing more in.
func (p *pending) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for p.all.Len() > 0 {
		p.drop(p.all.Front().Value.(*waiting))
	}
}

// drop closes a connection and whoever waits on it.
func (p *pending) drop(w *waiting) {
	p.forget(w)
	w.c.Close()
	close(w.gone)
}

func (p *pending) forget(w *waiting) {
	p.all.Remove(w.at)
	w.at = nil
	if p.count[w.from]--; p.count[w.from] <= 0 {
		delete(p.count, w.from)
	}
}

// because says why a connection came to nothing, where err may only be how its
// end was noticed.
func (w *waiting) because(err error) error {
	select {
	case <-w.gone:
		if w.pushed {
			return ErrPending
		}
		return net.ErrClosed
	default:
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSilent
	}
	return err
}
