package peertest

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// overPath runs a test over what NewPath gives here, and over a link.
func overPath(t *testing.T, c Conditions, f func(t *testing.T, p *Path)) {
	t.Run("path", func(t *testing.T) {
		p := NewPath(t, c)
		echoOn(t, p.Listener())
		f(t, p)
	})
	t.Run("link", func(t *testing.T) {
		addr := echo(t)
		f(t, &Path{link: NewLink(t, addr, c)})
	})
}

func dialPath(t *testing.T, p *Path) net.Conn {
	t.Helper()
	c, err := p.Dial(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// A path carries everything in order, late and slow as it was told to.
func TestPathCarries(t *testing.T) {
	cond := Conditions{Delay: 10 * time.Millisecond, Rate: 4 << 20, Queue: 64 << 10, Loss: 0.005}
	overPath(t, cond, func(t *testing.T, p *Path) {
		c := dialPath(t, p)
		start := time.Now()
		c.Write([]byte{1})
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 2*cond.Delay {
			t.Errorf("a round trip over %v each way took %v", cond.Delay, d)
		}
		sent := random(1 << 20)
		start = time.Now()
		if !bytes.Equal(roundTrip(t, c, sent), sent) {
			t.Error("what came back is not what was sent")
		}
		if d := time.Since(start); d < 200*time.Millisecond {
			t.Errorf("a quarter of a second's bytes took %v", d)
		}
	})
}

// A partition holds everything and loses nothing.
func TestPathPartition(t *testing.T) {
	overPath(t, Conditions{Delay: time.Millisecond}, func(t *testing.T, p *Path) {
		c := dialPath(t, p)
		c.Write([]byte{1})
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		p.Partition(true)
		c.Write([]byte{2})
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Fatalf("a partition carried %d bytes (%v)", n, err)
		}
		p.Partition(false)
		p.Set(Conditions{})
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		var b [1]byte
		if _, err := io.ReadFull(c, b[:]); err != nil || b[0] != 2 {
			t.Fatalf("read %d (%v) after the partition", b[0], err)
		}
	})
}

// Packets are counted, and lost where they are told to be.
func TestNamespacesLosePackets(t *testing.T) {
	n, err := NewNamespaces(t, Conditions{Loss: 1})
	if err != nil {
		t.Logf("only the fallback is tested: %v", err)
		if NewPath(t, Conditions{}).Real() {
			t.Error("a path claims namespaces that there are not")
		}
		return
	}
	if !NewPath(t, Conditions{}).Real() {
		t.Error("a path does without the namespaces that there are")
	}
	l, err := n.Listen()
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, l)
	if c, err := n.Dial(l.Addr().String(), 50*time.Millisecond); err == nil {
		c.Close()
		t.Error("a connection came about without a packet")
	}
	if carried, dropped := n.Packets(); carried != 0 || dropped == 0 {
		t.Errorf("%d carried, %d dropped", carried, dropped)
	}
	n.Set(Conditions{})
	c, err := n.Dial(l.Addr().String(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if carried, _ := n.Packets(); carried < 3 {
		t.Errorf("%d packets carried a handshake", carried)
	}
}
