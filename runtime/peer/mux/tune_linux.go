package mux

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsentMax is how much the kernel may hold that it has not sent yet: enough to
// keep a fast link busy while the session makes the next batch, 10 ms at
// 50 Mbit/s.
const unsentMax = 64 << 10

// Tune keeps the queue short that the kernel has in front of a TCP connection, so
// that what a session decides to send first is first. It looks for the TCP
// connection behind wrappers that have NetConn or SyscallConn, and leaves what is
// none as it is.
func Tune(c net.Conn) error {
	for range 8 { // deeper than anyone wraps, and an end for one that wraps itself
		if s, ok := c.(syscall.Conn); ok {
			return tune(s)
		}
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = w.NetConn()
	}
	return nil
}

func tune(c syscall.Conn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentMax)
	}); err != nil {
		return err
	}
	if set == unix.ENOPROTOOPT || set == unix.EOPNOTSUPP {
		return nil // not TCP
	}
	return set
}
