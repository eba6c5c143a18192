//go:build linux

package mux

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"hearth/runtime/peer/peertest"
)

// overPath joins two sessions over a path, tuned.
func overPath(t *testing.T, p *peertest.Path, o Options) (client, server *Session) {
	t.Helper()
	a, err := p.Dial(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Listener().Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		if err := Tune(c); err != nil {
			t.Fatal(err)
		}
	}
	return join(t, a, b, o)
}

// Over a slow, lossy path everything arrives, both ways at once.
func TestLossyPath(t *testing.T) {
	p := peertest.NewPath(t, peertest.Conditions{Delay: 5 * time.Millisecond, Jitter: 2 * time.Millisecond, Rate: 4 << 20, Queue: 64 << 10, Loss: 0.005})
	client, server := overPath(t, p, Options{})
	var serving, wg sync.WaitGroup
	serving.Add(1)
	go echo(server, &serving)
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s, err := client.Open(0, Class(i%2))
			if err != nil {
				t.Error(err)
				return
			}
			sent := random(300_000 + i)
			go func() {
				s.Write(sent)
				s.CloseWrite()
			}()
			if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d of %d bytes came back (%v)", len(got), len(sent), err)
			}
		}()
	}
	wg.Wait()
	client.Close("")
	serving.Wait()
}

// A cable that is pulled is noticed by both ends in the time that was asked for,
// by one that has nothing to say and by one in the middle of a transfer.
func TestPartitionIsNoticed(t *testing.T) {
	const dead = 400 * time.Millisecond
	p := peertest.NewPath(t, peertest.Conditions{Delay: time.Millisecond})
	client, server := overPath(t, p, Options{KeepAlive: 100 * time.Millisecond, Dead: dead})
	near, _ := streams(t, client, server, Bulk)
	writing := make(chan error, 1)
	go func() {
		_, err := near.Write(make([]byte, 64<<20))
		writing <- err
	}()
	if _, err := client.Ping(soon(t)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	p.Partition(true)
	for _, m := range []*Session{client, server} {
		select {
		case <-m.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("nobody noticed")
		}
		if err := m.Err(); !errors.Is(err, ErrDead) {
			t.Errorf("it ended with %v", err)
		}
	}
	if d := time.Since(start); d < dead/2 {
		t.Errorf("given up after %v", d)
	}
	if err := <-writing; !errors.Is(err, ErrDead) {
		t.Errorf("the writer heard %v", err)
	}
	p.Partition(false)
}

// A pause shorter than the time that was asked for harms nothing.
func TestStallIsSurvived(t *testing.T) {
	p := peertest.NewPath(t, peertest.Conditions{Delay: time.Millisecond})
	client, server := overPath(t, p, Options{KeepAlive: 50 * time.Millisecond, Dead: 5 * time.Second})
	near, far := streams(t, client, server, Interactive)
	p.Partition(true)
	near.Append([]byte("patience"))
	time.Sleep(200 * time.Millisecond)
	p.Partition(false)
	got := make([]byte, 8)
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "patience" {
		t.Errorf("%q (%v)", got, err)
	}
}

// A connection that is cut or cut short is a loss, at both ends and at once.
func TestCutLink(t *testing.T) {
	for name, harm := range map[string]func(*peertest.Link){
		"reset":          func(l *peertest.Link) { l.Cut() },
		"truncated up":   func(l *peertest.Link) { l.Truncate(20_000, peertest.Up) },
		"truncated down": func(l *peertest.Link) { l.Truncate(20_000, peertest.Down) },
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			link := peertest.NewLink(t, ln.Addr().String(), peertest.Conditions{})
			a, err := net.Dial("tcp4", link.Addr())
			if err != nil {
				t.Fatal(err)
			}
			b, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			client, server := join(t, a, b, Options{})
			near, far := streams(t, client, server, Bulk)
			harm(link)
			far.Append(make([]byte, 100_000)) // a window is less: before, all of it might be through
			near.Append(make([]byte, 100_000))
			for _, m := range []*Session{client, server} {
				select {
				case <-m.Done():
				case <-time.After(10 * time.Second):
					t.Fatal("an end goes on")
				}
				if err := m.Err(); !errors.Is(err, ErrLost) {
					t.Errorf("it ended with %v", err)
				}
			}
		})
	}
}

// wrapped hides a connection behind NetConn.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// hidden hides it for good; looped is its own inside.
type hidden struct{ net.Conn }
type looped struct{ net.Conn }

func (l looped) NetConn() net.Conn { return l }

// Tune finds a TCP connection behind what wraps it, and takes what it does not
// find for what cannot be tuned.
func TestTune(t *testing.T) {
	a, b := tcp(t)
	defer a.Close()
	defer b.Close()
	x, y := net.Pipe()
	defer x.Close()
	defer y.Close()
	for name, c := range map[string]net.Conn{
		"tcp": a, "wrapped": wrapped{wrapped{b}}, "pipe": x, "hidden": hidden{a}, "its own inside": looped{a},
	} {
		if err := Tune(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]net.Conn{"tcp": a, "wrapped": b} {
		if got := unsent(t, c); got != unsentMax {
			t.Errorf("%s: the kernel may hold %d unsent", name, got)
		}
	}
	a.Close()
	if err := Tune(a); err == nil {
		t.Error("a closed connection was tuned")
	}
}
