package mux

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// What one end writes and ends, the other reads as any reader does.
func TestStreamIsAReader(t *testing.T) {
	client, server := pair(t, Options{})
	for _, size := range []int{0, 1, maxData, maxData + 1, 3 * InitialWindow} {
		near, far := streams(t, client, server, Bulk)
		p := random(size)
		go func() {
			near.Write(p)
			near.CloseWrite()
		}()
		if err := iotest.TestReader(far, p); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		far.Close()
	}
}

// A read of nothing asks for nothing; a write of nothing sends nothing.
func TestEmptyReadAndWrite(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	if n, err := near.Write(nil); n != 0 || err != nil {
		t.Errorf("an empty write: %d, %v", n, err)
	}
	if n, err := near.Append(nil); n != 0 || err != nil {
		t.Errorf("an empty append: %d, %v", n, err)
	}
	if n, err := far.Read(nil); n != 0 || err != nil {
		t.Errorf("an empty read: %d, %v", n, err)
	}
}

// A stream tells what it is for.
func TestStreamNames(t *testing.T) {
	client, server := pair(t, Options{})
	for _, from := range []*Session{client, server} {
		to := map[*Session]*Session{client: server, server: client}[from]
		near, far := streams(t, from, to, Bulk)
		if near.ID() != far.ID() || far.Kind() != 7 || far.Class() != Bulk || far.Session() != to || near.Session() != from {
			t.Errorf("opened %d, accepted %d of kind %d and class %d", near.ID(), far.ID(), far.Kind(), far.Class())
		}
	}
}

// Each direction ends alone.
func TestHalfClose(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	near.Write([]byte("question"))
	if err := near.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write([]byte("more")); !errors.Is(err, ErrWriteClosed) {
		t.Errorf("a write behind the end: %v", err)
	}
	if _, err := near.Append([]byte("more")); !errors.Is(err, ErrWriteClosed) {
		t.Errorf("an append behind the end: %v", err)
	}
	if got, err := io.ReadAll(far); string(got) != "question" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	far.Write([]byte("answer"))
	far.CloseWrite()
	if got, err := io.ReadAll(near); string(got) != "answer" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	waitFor(t, "the stream to be forgotten", func() bool { return client.NumStreams()+server.NumStreams() == 0 })
}

// A reset ends both directions at both ends, drops what was queued, and wakes who
// waits.
func TestReset(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Bulk)
	reading, writing := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		reading <- err
	}()
	go func() {
		_, err := near.Write(make([]byte, 1<<20))
		writing <- err
	}()
	waitFor(t, "the window to fill", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return far.avail == 0
	})
	far.Reset(CodeUser + 3)
	for what, c := range map[string]chan error{"reader": reading, "writer": writing} {
		var reset *ResetError
		if err := <-c; !errors.As(err, &reset) || reset.Code != CodeUser+3 || !reset.Remote || !errors.Is(err, ErrReset) {
			t.Errorf("the %s heard %v", what, err)
		}
	}
	var reset *ResetError
	if _, err := far.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Remote {
		t.Errorf("who reset reads with %v", err)
	}
	if _, err := far.Append([]byte{1}); !errors.Is(err, ErrReset) {
		t.Errorf("who reset appends with %v", err)
	}
	if near.Waiting() != 0 {
		t.Errorf("%d bytes still wait", near.Waiting())
	}
	near.Reset(0)
	far.Reset(0)
	waitFor(t, "the stream to be forgotten", func() bool { return client.NumStreams()+server.NumStreams() == 0 })
	if _, err := client.Ping(soon(t)); err != nil {
		t.Errorf("the session ended too: %v", err)
	}
}

// Data that is on its way to a stream that was reset is dropped, and the session
// lives.
func TestDataMeetsReset(t *testing.T) {
	client, server := pair(t, Options{})
	for range 200 {
		near, far := streams(t, client, server, Interactive)
		near.Append(make([]byte, 30_000))
		far.Reset(CodeCancel)
		near.Append(make([]byte, 30_000))
		near.CloseWrite()
	}
	if _, err := client.Ping(soon(t)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the streams to be forgotten", func() bool { return client.NumStreams()+server.NumStreams() == 0 })
}

// What came whole before a reset of the way back can be read.
func TestResetBehindTheEnd(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	near.Write([]byte("all of it"))
	near.CloseWrite()
	waitFor(t, "the end to come", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return far.gotEnd
	})
	near.Reset(CodeUser)
	waitFor(t, "the reset to come", func() bool { _, err := far.Append([]byte{1}); return errors.Is(err, ErrReset) })
	if got, err := io.ReadAll(far); string(got) != "all of it" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

// Close sends what was queued, and tells a writer that nobody reads.
func TestCloseStream(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Bulk)
	p := random(40_000)
	near.Write(p)
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	near.Close()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, ErrReadClosed) {
		t.Errorf("a closed stream reads with %v", err)
	}
	if _, err := near.Write([]byte{1}); !errors.Is(err, ErrWriteClosed) {
		t.Errorf("a closed stream writes with %v", err)
	}
	got, err := io.ReadAll(far)
	if err != nil || !bytes.Equal(got, p) {
		t.Errorf("%d of %d bytes came (%v)", len(got), len(p), err)
	}
	waitFor(t, "the writer to hear", func() bool {
		_, err := far.Write(make([]byte, 1000))
		var reset *ResetError
		return errors.As(err, &reset) && reset.Code == CodeClosed
	})
	waitFor(t, "the stream to be forgotten", func() bool { return client.NumStreams()+server.NumStreams() == 0 })
}

// Deadlines end what waits, can be moved, and harm nothing.
func TestDeadlines(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	near.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v", err)
	}
	near.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	n, err := near.Write(make([]byte, 1<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n > InitialWindow+sendBuffer {
		t.Fatalf("write: %d, %v", n, err)
	}
	near.SetDeadline(time.Now().Add(-time.Second))
	if _, err := near.Write([]byte{1}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a late write: %v", err)
	}
	near.SetDeadline(time.Time{})
	done := make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		done <- err
	}()
	near.SetReadDeadline(time.Now().Add(time.Hour))
	near.SetReadDeadline(time.Now())
	if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline that was moved: %v", err)
	}
	near.SetReadDeadline(time.Time{})
	go io.CopyN(io.Discard, far, int64(n))
	far.Write([]byte("x"))
	if got, err := io.ReadAll(io.LimitReader(near, 1)); string(got) != "x" || err != nil {
		t.Errorf("after all: %q, %v", got, err)
	}
}

// Append takes everything at once and says how much waits; the writer says when
// it may go on.
func TestAppendAndDrained(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	var drained atomic.Int32
	const low = 1000
	near.OnDrained(low, func() {
		if w := near.Waiting(); w > low {
			t.Errorf("drained with %d waiting", w)
		}
		drained.Add(1)
	})
	p := random(4 * InitialWindow)
	waiting, err := near.Append(p)
	if err != nil || waiting != len(p) {
		t.Fatalf("%d of %d wait (%v)", waiting, len(p), err)
	}
	// Nobody reads, so what is above the window waits.
	waitFor(t, "the window to fill", func() bool { return near.Waiting() == len(p)-InitialWindow })
	if drained.Load() != 0 {
		t.Fatal("drained while much waits")
	}
	got := make([]byte, len(p))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, p) {
		t.Fatalf("read: %v", err)
	}
	waitFor(t, "the first call", func() bool { return drained.Load() == 1 })
	// Once each time.
	for i := range 5 {
		if _, err := near.Append(p[:3*low]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, got[:3*low]); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the next call", func() bool { return drained.Load() == int32(i)+2 })
	}
	// What never was above is no news.
	near.Append(p[:10])
	io.ReadFull(far, got[:10])
	client.Ping(soon(t))
	if n := drained.Load(); n != 6 {
		t.Errorf("%d calls for 6 times", n)
	}
}

// A reader with room gets many small messages at once.
func TestReadTakesMany(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	for range 500 {
		near.Append(make([]byte, 64))
	}
	waitFor(t, "all to come", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return far.recv.n == 32_000
	})
	if n, err := far.Read(make([]byte, 64<<10)); n != 32_000 || err != nil {
		t.Errorf("one read took %d (%v)", n, err)
	}
}

// A stream whose reader does not read holds its window and no more, and stops
// nobody.
func TestStalledReader(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Bulk)
	stalled := make(chan int, 1)
	go func() {
		n, _ := near.Write(make([]byte, 8<<20))
		stalled <- n
	}()
	waitFor(t, "the window to fill", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return far.recv.n == InitialWindow
	})
	for range 50 {
		a, b := streams(t, client, server, Bulk)
		p := random(200_000)
		go func() {
			a.Write(p)
			a.CloseWrite()
		}()
		if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("a neighbour carries %d of %d (%v)", len(got), len(p), err)
		}
		b.CloseWrite()
	}
	select {
	case n := <-stalled:
		t.Fatalf("%d bytes went to who does not read", n)
	default:
	}
	near.Reset(0)
	if n := <-stalled; n > InitialWindow+sendBuffer+maxData {
		t.Errorf("%d bytes were taken", n)
	}
}

// In the steady state a small message allocates nothing, at either end.
func TestSmallMessagesAllocateNothing(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Interactive)
	var serving sync.WaitGroup
	serving.Add(1)
	go func() {
		defer serving.Done()
		io.Copy(far, far)
	}()
	p := make([]byte, 64)
	trip := func() {
		near.Append(p)
		if _, err := io.ReadFull(near, p); err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		trip()
	}
	// A collection in between empties the pools, so a few in a thousand are none.
	if n := testing.AllocsPerRun(300, func() {
		for range 10 {
			trip()
		}
	}); n > 1 && !raceEnabled {
		t.Errorf("%v allocations in ten round trips", n)
	}
	near.CloseWrite()
	serving.Wait()
}
