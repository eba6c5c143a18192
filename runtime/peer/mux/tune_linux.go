package mux

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsentMax is how much the kernel may hold that it has not sent yet: enough to
// keep a link busy while the session makes the next batch, 10 ms at 50 Mbit/s.
// unsentFast is the same where the connection has long been so fast that this is
// 2 ms, and where waking the writer so often would cost a third of the rate.
const (
	unsentMax  = 64 << 10
	unsentFast = 256 << 10
)

// Tune keeps the queue short that the kernel has in front of a TCP connection, so
// that what a session decides to send first is first. It looks for the TCP
// connection behind wrappers that have NetConn or SyscallConn, and leaves what is
// none as it is. A session that New makes of it afterwards lets the queue be
// longer while the connection is fast.
func Tune(c net.Conn) error {
	raw, err := socket(c)
	if raw == nil || err != nil {
		return err
	}
	err = setUnsent(raw, unsentMax)
	if err == unix.ENOPROTOOPT || err == unix.EOPNOTSUPP {
		return nil // not TCP
	}
	return err
}

// socket finds the socket behind a connection, or nil.
func socket(c any) (syscall.RawConn, error) {
	for range 8 { // deeper than anyone wraps, and an end for one that wraps itself
		if s, ok := c.(syscall.Conn); ok {
			return s.SyscallConn()
		}
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = w.NetConn()
	}
	return nil, nil
}

func setUnsent(raw syscall.RawConn, n int) (err error) {
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
	}); e != nil {
		return e
	}
	return err
}

// A tuner moves the kernel's queue of a connection that Tune has seen.
type tuner struct {
	raw  syscall.RawConn // nil: leave it alone
	fast bool
}

func newTuner(c any) (t tuner) {
	raw, err := socket(c)
	if raw == nil || err != nil {
		return t
	}
	raw.Control(func(fd uintptr) {
		if n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err == nil && n == unsentMax {
			t.raw = raw
		}
	})
	return t
}

// set follows the pace. A connection that cannot be told is about to fail.
func (t *tuner) set(fast bool) {
	if t.raw == nil || t.fast == fast {
		return
	}
	t.fast = fast
	n := unsentMax
	if fast {
		n = unsentFast
	}
	setUnsent(t.raw, n)
}
