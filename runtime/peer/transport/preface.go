package transport

import (
	"io"
	"net"
	"strings"

	"golang.org/x/sys/unix"
)

type kind int

const (
	kindUnknown kind = iota
	kindRaw
	kindWeb
)

// prefaces are how connections begin, all of the same length.
var prefaces = []struct {
	begins string
	kind   kind
}{
	{"HRTH", kindRaw},
	{"GET ", kindWeb},
}

// peek waits for the first bytes of a connection and leaves them there, so that a
// connection over TCP is handed on as the system's own, without a wrapper.
func peek(c *net.TCPConn) (kind, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return kindUnknown, err
	}
	var found kind
	var failed error
	var b [4]byte
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
			switch {
			case err == unix.EINTR:
				continue
			case err == unix.EAGAIN:
				return false
			case err != nil:
				failed = err
				return true
			case n == 0:
				failed = io.ErrUnexpectedEOF
				return true
			}
			var more bool
			found, more = recognise(string(b[:n]))
			if found == kindUnknown && !more {
				failed = ErrNotHearth
			}
			// With part of a preface it waits for the next bytes to arrive.
			return !more
		}
	})
	if err != nil {
		failed = err
	}
	return found, failed
}

// recognise says what begins with b, and whether more bytes are needed to know.
func recognise(b string) (k kind, more bool) {
	for _, p := range prefaces {
		if strings.HasPrefix(b, p.begins) {
			return p.kind, false
		}
		if strings.HasPrefix(p.begins, b) {
			more = true
		}
	}
	return kindUnknown, more
}
