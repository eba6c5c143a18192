package peertest

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo serves what it hears back until its test ends.
func echo(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, ln)
	return ln.Addr().String()
}

func echoOn(t testing.TB, ln net.Listener) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(p)
	return p
}

// roundTrip sends p, half closes, and returns what comes back.
func roundTrip(t testing.TB, c net.Conn, p []byte) []byte {
	t.Helper()
	go func() {
		c.Write(p)
		c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A link carries what it is given, whatever its conditions.
func TestLinkCarries(t *testing.T) {
	for _, c := range []struct {
		name string
		cond Conditions
		size int
	}{
		{"bare", Conditions{}, 3 << 20},
		{"delayed", Conditions{Delay: 20 * time.Millisecond}, 1 << 20},
		{"jittery", Conditions{Delay: 5 * time.Millisecond, Jitter: 10 * time.Millisecond}, 1 << 20},
		{"slow", Conditions{Rate: 2 << 20, Queue: 16 << 10}, 256 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLink(t, echo(t), c.cond)
			p := random(c.size)
			if !bytes.Equal(roundTrip(t, dial(t, l.Addr()), p), p) {
				t.Error("what came back is not what was sent")
			}
			if up, down := l.Carried(); up != int64(c.size) || down != int64(c.size) {
				t.Errorf("carried %d up and %d down, sent %d", up, down, c.size)
			}
		})
	}
}

// Nothing arrives before its delay, nor faster than the rate.
func TestLinkTakesTime(t *testing.T) {
	const delay = 30 * time.Millisecond
	l := NewLink(t, echo(t), Conditions{Delay: delay})
	c := dial(t, l.Addr())
	start := time.Now()
	c.Write([]byte{1})
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d < 2*delay {
		t.Errorf("a round trip over %v each way took %v", delay, d)
	}
	const rate = 1 << 20
	l.Set(Conditions{Rate: rate, Queue: 4 << 10})
	start = time.Now()
	roundTrip(t, c, make([]byte, rate/4))
	if d := time.Since(start); d < 240*time.Millisecond {
		t.Errorf("a quarter of a second's bytes took %v", d)
	}
}

// A cut resets what is open and what is opened, until the link heals.
func TestLinkCutAndHeal(t *testing.T) {
	l := NewLink(t, echo(t), Conditions{})
	fails := func(c net.Conn) {
		t.Helper()
		_, werr := c.Write([]byte{1})
		_, rerr := c.Read(make([]byte, 1))
		// The kernel tells of a reset once, to whichever call comes first.
		if !errors.Is(werr, syscall.ECONNRESET) && !errors.Is(werr, syscall.EPIPE) && !errors.Is(rerr, syscall.ECONNRESET) {
			t.Errorf("a cut connection writes with %v and reads with %v", werr, rerr)
		}
	}
	c := dial(t, l.Addr())
	c.Write([]byte{1})
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	l.Cut()
	fails(c)
	if n := len(l.Conns()); n != 0 {
		t.Errorf("%d connections are open after a cut", n)
	}
	if again, err := net.Dial("tcp4", l.Addr()); err == nil {
		fails(again)
		again.Close()
	}
	l.Heal()
	if got := roundTrip(t, dial(t, l.Addr()), []byte("again")); string(got) != "again" {
		t.Errorf("a healed link carries %q", got)
	}
}

// A stall holds everything and loses nothing.
func TestLinkStall(t *testing.T) {
	l := NewLink(t, echo(t), Conditions{})
	c := dial(t, l.Addr())
	c.Write([]byte{1})
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	l.Stall(true)
	c.Write([]byte{2})
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("a stalled link carried %d bytes (%v)", n, err)
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	l.Stall(false)
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil || b[0] != 2 {
		t.Fatalf("read %d (%v) after the stall", b[0], err)
	}
}

// A flip changes one bit at its place; a truncation lets through exactly what it
// says.
func TestLinkFaults(t *testing.T) {
	for _, at := range []int64{0, 1, 999, 70_000, 199_999} {
		l := NewLink(t, echo(t), Conditions{})
		p := random(200_000)
		l.FlipBit(at, Up)
		got := roundTrip(t, dial(t, l.Addr()), p)
		if len(got) != len(p) {
			t.Fatalf("%d bytes of %d came back", len(got), len(p))
		}
		for i := range p {
			if diff := p[i] ^ got[i]; (diff != 0) != (int64(i) == at) || diff&(diff-1) != 0 {
				t.Fatalf("flip at %d: byte %d differs by %#x", at, i, diff)
			}
		}
		l.Truncate(at, Down)
		got = roundTrip(t, dial(t, l.Addr()), p)
		if !bytes.Equal(got, p[:at]) {
			t.Fatalf("truncated after %d, got %d bytes", at, len(got))
		}
	}
}

// One connection can be cut while its neighbour goes on.
func TestConnCut(t *testing.T) {
	l := NewLink(t, echo(t), Conditions{})
	a := dial(t, l.Addr())
	a.Write([]byte{1})
	if _, err := io.ReadFull(a, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	first := l.Conns()
	b := dial(t, l.Addr())
	b.Write([]byte{1})
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if len(first) != 1 || len(l.Conns()) != 2 {
		t.Fatalf("%d, then %d connections", len(first), len(l.Conns()))
	}
	first[0].Cut()
	if _, err := a.Read(make([]byte, 1)); err == nil {
		t.Error("the connection that was cut still reads")
	}
	b.Write([]byte{7})
	var got [1]byte
	if _, err := io.ReadFull(b, got[:]); err != nil || got[0] != 7 {
		t.Errorf("its neighbour reads %d (%v)", got[0], err)
	}
}
