package mux

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// unsent asks the kernel how much it may hold that it has not sent.
func unsent(t *testing.T, c net.Conn) (n int) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
