package mux

import (
	"net"
	"syscall"
	"testing"
	"time"

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

// The kernel's queue is longer while a connection is fast, where it was tuned.
func TestFastConnections(t *testing.T) {
	for _, tuned := range []bool{true, false} {
		a, b := tcp(t)
		if tuned {
			if err := Tune(wrapped{a}); err != nil {
				t.Fatal(err)
			}
		}
		was := unsent(t, a)
		kernel := newTuner(wrapped{a})
		p := pace{frames: 1}
		step := func(n int, took time.Duration) int {
			for range n {
				p.note(burstMax*maxData, took)
				kernel.set(p.fast >= fastAfter)
			}
			return unsent(t, a)
		}
		if got := step(30, 100*time.Microsecond); got != was {
			t.Errorf("tuned %v: too soon %d", tuned, got)
		}
		want := map[bool]int{true: unsentFast, false: was}[tuned]
		if got := step(200, 100*time.Microsecond); got != want || p.frames != burstMax {
			t.Errorf("tuned %v: fast, %d and %d frames", tuned, got, p.frames)
		}
		if got := step(30, 10*time.Millisecond); got != was || p.frames != 1 {
			t.Errorf("tuned %v: slow again, %d and %d frames", tuned, got, p.frames)
		}
		a.Close()
		b.Close()
	}
}
