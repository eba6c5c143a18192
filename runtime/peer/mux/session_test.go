package mux

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Close sends what is queued, then the reason; both ends know it, and who closed.
func TestCloseTellsWhy(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Bulk)
	p := random(5 * InitialWindow)
	near.Append(p)
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(far)
		got <- b
	}()
	start := time.Now()
	client.Close("moving to another house")
	if d := time.Since(start); d > flushTime {
		t.Errorf("a close that nothing stood in the way of took %v", d)
	}
	if b := <-got; !bytes.Equal(b, p) {
		t.Errorf("%d of %d bytes were flushed", len(b), len(p))
	}
	<-server.Done()
	var here, there *ClosedError
	if err := client.Err(); !errors.As(err, &here) || here.Remote || here.Reason != "moving to another house" || !errors.Is(err, ErrClosed) {
		t.Errorf("who closed says %v", err)
	}
	if err := server.Err(); !errors.As(err, &there) || !there.Remote || there.Reason != "moving to another house" || !errors.Is(err, ErrClosed) {
		t.Errorf("the other says %v", err)
	}
	if _, err := client.Open(1, Bulk); !errors.Is(err, ErrClosed) {
		t.Errorf("open: %v", err)
	}
	if _, err := server.Accept(soon(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("accept: %v", err)
	}
	if _, err := server.Ping(soon(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("ping: %v", err)
	}
	if _, err := near.Write([]byte{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if _, err := near.Read([]byte{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("read: %v", err)
	}
	client.Close("again")
	if client.Err() != error(here) {
		t.Errorf("a second close changed the reason to %v", client.Err())
	}
}

// A reason is cut where a letter ends.
func TestReasonIsBounded(t *testing.T) {
	for _, reason := range []string{"", strings.Repeat("x", maxReason), strings.Repeat("x", 1000), strings.Repeat("ü", 300), "not \xff text"} {
		client, server := pair(t, Options{})
		server.Close(reason)
		<-client.Done()
		var closed *ClosedError
		if !errors.As(client.Err(), &closed) {
			t.Fatalf("%.20q: %v", reason, client.Err())
		}
		if len(closed.Reason) > maxReason || len(closed.Reason) < min(len(reason), maxReason-3) || strings.ToValidUTF8(closed.Reason, "") != closed.Reason {
			t.Errorf("%.20q arrived as %d bytes: %.20q", reason, len(closed.Reason), closed.Reason)
		}
	}
}

// Two ends that close at once both end, in order.
func TestBothClose(t *testing.T) {
	for range 50 {
		client, server := pair(t, Options{})
		var wg sync.WaitGroup
		for _, m := range []*Session{client, server} {
			wg.Add(1)
			go func() { defer wg.Done(); m.Close("bye") }()
		}
		wg.Wait()
		for _, m := range []*Session{client, server} {
			if !errors.Is(m.Err(), ErrClosed) {
				t.Fatal(m.Err())
			}
		}
	}
}

// A close does not wait for a reader who does not read, nor for a peer that does
// not take its bytes, longer than its bounds.
func TestCloseIsBounded(t *testing.T) {
	t.Run("stalled stream", func(t *testing.T) {
		t.Parallel()
		client, server := pair(t, Options{})
		near, _ := streams(t, client, server, Bulk)
		near.Append(make([]byte, 1<<20))
		start := time.Now()
		client.Close("no time")
		if d := time.Since(start); d < flushTime || d > flushTime+lingerTime+5*time.Second {
			t.Errorf("it took %v", d)
		}
		if err := server.Err(); !errors.Is(err, ErrClosed) {
			t.Errorf("the other end heard %v", err)
		}
	})
	t.Run("stalled connection", func(t *testing.T) {
		t.Parallel()
		a, b := net.Pipe()
		defer b.Close()
		m := New(a, true, Options{})
		start := time.Now()
		m.Close("no time")
		if d := time.Since(start); d > flushTime+lingerTime+5*time.Second {
			t.Errorf("it took %v", d)
		}
		if err := m.Err(); !errors.Is(err, ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// A connection that ends without a goodbye is told from one that was closed; what
// came before can be read.
func TestLostConnection(t *testing.T) {
	a, b := tcp(t)
	client, server := join(t, a, b, Options{})
	near, far := streams(t, client, server, Interactive)
	near.Write([]byte("last words"))
	waitFor(t, "them to come", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return far.recv.n == 10
	})
	a.Close()
	<-server.Done()
	<-client.Done()
	if err := server.Err(); !errors.Is(err, ErrLost) || errors.Is(err, ErrClosed) {
		t.Errorf("the session ended with %v", err)
	}
	got, err := io.ReadAll(far)
	if string(got) != "last words" || !errors.Is(err, ErrLost) {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := server.Accept(soon(t)); !errors.Is(err, ErrLost) {
		t.Errorf("accept: %v", err)
	}
}

// silence is a connection whose other end takes everything and says nothing.
type silence struct {
	io.Reader
	closed func() error
}

func (s silence) Write(p []byte) (int, error) { return len(p), nil }
func (s silence) Close() error                { return s.closed() }

// A peer that says nothing is dead after the time that was asked for, and who
// waits for it hears so.
func TestDeadPeer(t *testing.T) {
	r, w := io.Pipe()
	m := New(silence{r, w.Close}, true, Options{KeepAlive: 20 * time.Millisecond, Dead: 200 * time.Millisecond})
	s, err := m.Open(1, Interactive)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, ErrDead) {
		t.Errorf("read: %v", err)
	}
	if d := time.Since(start); d < 100*time.Millisecond || d > 10*time.Second {
		t.Errorf("it took %v to notice", d)
	}
	if err := m.Err(); !errors.Is(err, ErrDead) {
		t.Errorf("it ended with %v", err)
	}
	m.Close("")
}

// Two ends that have nothing to say stay together.
func TestKeepAlive(t *testing.T) {
	client, server := pair(t, Options{KeepAlive: 10 * time.Millisecond, Dead: 400 * time.Millisecond})
	time.Sleep(time.Second)
	if client.Err() != nil || server.Err() != nil {
		t.Errorf("they ended with %v and %v", client.Err(), server.Err())
	}
	if client.RTT() <= 0 {
		t.Error("the round trip is not known")
	}
}

// Many pings at once are all answered; one whose caller gave up costs no slot for
// good.
func TestPing(t *testing.T) {
	client, _ := pair(t, Options{})
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	var wg sync.WaitGroup
	for i := range 10 * maxPings {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if i%2 == 0 {
				client.Ping(gone)
				return
			}
			if d, err := client.Ping(soon(t)); d <= 0 || err != nil {
				t.Errorf("%v, %v", d, err)
			}
		}()
	}
	wg.Wait()
}

// A thousand streams live together, and every one carries.
func TestThousandStreams(t *testing.T) {
	client, server := pair(t, Options{})
	var serving sync.WaitGroup
	serving.Add(1)
	go echo(server, &serving)
	all := make([]*Stream, 1000)
	for i := range all {
		s, err := client.Open(0, Class(i%2))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = s
	}
	for range 3 {
		for i, s := range all {
			s.Append([]byte{byte(i), byte(i >> 8), 3, 4})
		}
		for i, s := range all {
			var b [4]byte
			if _, err := io.ReadFull(s, b[:]); err != nil || int(b[0])|int(b[1])<<8 != i {
				t.Fatalf("stream %d: %v (%v)", i, b, err)
			}
		}
	}
	for _, s := range all {
		s.Close()
	}
	waitFor(t, "the streams to be forgotten", func() bool { return client.NumStreams()+server.NumStreams() == 0 })
	client.Close("")
	serving.Wait()
}

// Neither end opens more than it may, and one that tries is refused without harm.
func TestTooManyStreams(t *testing.T) {
	a, b := tcp(t)
	client, server := New(a, true, Options{MaxStreams: 10}), New(b, false, Options{MaxStreams: 3})
	defer func() { client.Close(""); server.Close("") }()
	var open []*Stream
	for range 10 {
		s, err := client.Open(0, Interactive)
		if err != nil {
			t.Fatal(err)
		}
		s.Append(make([]byte, 5000))
		open = append(open, s)
	}
	for i := range 4 {
		if _, err := server.Open(0, Interactive); i < 3 && err != nil || i == 3 && !errors.Is(err, ErrTooManyStreams) {
			t.Errorf("stream %d of three at the end that has room for them: %v", i+1, err)
		}
	}
	for i, s := range open {
		if i < 3 {
			if _, err := server.Accept(soon(t)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var reset *ResetError
		if _, err := s.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Code != CodeRefused {
			t.Errorf("stream %d of three: %v", i+1, err)
		}
	}
	open[0].Reset(0)
	waitFor(t, "room", func() bool { return server.NumStreams() == 3+2 })
	if _, err := client.Open(9, Interactive); err != nil {
		t.Fatal(err)
	}
	if s, err := server.Accept(soon(t)); err != nil || s.Kind() != 9 {
		t.Errorf("the next: %v", err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.refused) != 0 {
		t.Errorf("%d refused streams are remembered", len(server.refused))
	}
}

// Accept gives up with its context.
func TestAcceptGivesUp(t *testing.T) {
	client, _ := pair(t, Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := client.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// What is queued for bulk does not go before what is interactive, and bulk
// streams take turns.
func TestClasses(t *testing.T) {
	here, there := net.Pipe()
	m := New(here, true, Options{})
	defer m.Close("")
	defer there.Close()
	// With one byte of its first ping taken, the writer is held until the rest is.
	var first [1]byte
	if _, err := io.ReadFull(there, first[:]); err != nil {
		t.Fatal(err)
	}
	a, _ := m.Open(1, Bulk)
	b, _ := m.Open(2, Bulk)
	talk, _ := m.Open(3, Interactive)
	a.Append(make([]byte, 5*maxData))
	b.Append(make([]byte, 5*maxData))
	talk.Append(make([]byte, 100))
	rest := io.MultiReader(bytes.NewReader(first[:]), there)
	order := ""
	for len(order) < 9 {
		if typ, _, id, p := readFrame(t, rest); typ == frameData {
			order += map[uint32]string{a.ID(): "a", b.ID(): "b", talk.ID(): "i"}[id]
			if id == talk.ID() && len(p) != 100 {
				t.Errorf("%d bytes of 100", len(p))
			}
		}
	}
	// Four frames of each is what the first credit is for.
	if order != "iabababab" {
		t.Errorf("they went in the order %s", order)
	}
}

// A reason gives no orders to the terminal that it is shown on.
func TestReasonIsText(t *testing.T) {
	err := hostile(t, raw(frameGoAway, 0, 0, []byte("a\x1b[2Jb\n")...), false)
	if err.Error() != "the peer closed the session: a [2Jb " {
		t.Errorf("%q", err.Error())
	}
}
