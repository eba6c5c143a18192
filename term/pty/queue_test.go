package pty

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// A large paste arrives whole and in order, whatever bytes are in it, and Write does
// not wait for the reader.
func TestPasteArrives(t *testing.T) {
	const size = 1 << 20
	paste := make([]byte, size)
	random := rand.NewChaCha8([32]byte{5})
	random.Read(paste)
	p := shell(t, Options{}, fmt.Sprintf("stty raw -echo; echo ready; sleep 0.2; head -c %d | cat", size))
	r := bufio.NewReader(p)
	if got := line(t, r); got != "ready" {
		t.Fatalf("it said %q", got)
	}
	for b := paste; len(b) > 0; {
		n := min(len(b), 1+int(random.Uint64()%100_000))
		if m, err := p.Write(b[:n]); m != n || err != nil {
			t.Fatalf("wrote %d of %d: %v", m, n, err)
		}
		b = b[n:]
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, paste) {
		i := 0
		for i < min(len(got), size) && got[i] == paste[i] {
			i++
		}
		t.Errorf("%d of %d bytes came back, the first wrong at %d", len(got), size, i)
	}
	if s := p.Stats(); s.Written != size || s.Queued != 0 {
		t.Errorf("%d are counted, %d wait", s.Written, s.Queued)
	}
}

// Of a program that does not read, the queue takes so much and refuses the rest whole.
func TestWriteFull(t *testing.T) {
	const limit = 100_000
	p := shell(t, Options{WriteQueue: limit}, "stty raw -echo; echo ready; exec sleep 1000")
	if got := line(t, bufio.NewReader(p)); got != "ready" {
		t.Fatalf("it said %q", got)
	}
	if n, err := p.Write(make([]byte, limit+1)); n != 0 || !errors.Is(err, ErrFull) {
		t.Errorf("more than the queue holds: %d, %v", n, err)
	}
	var wrote int
	for range 100 {
		n, err := p.Write(make([]byte, limit/10))
		if wrote += n; err != nil {
			if n != 0 || !errors.Is(err, ErrFull) {
				t.Errorf("wrote %d: %v", n, err)
			}
			break
		}
	}
	// What the kernel holds comes on top.
	if s := p.Stats(); wrote < limit || wrote > limit+256<<10 || s.Queued > limit || s.Queued+int(s.Written) != wrote {
		t.Errorf("%d bytes were taken by a queue of %d; %d wait, %d are written", wrote, limit, s.Queued, s.Written)
	}
}

func TestWriteNothing(t *testing.T) {
	p := shell(t, Options{}, "read x; echo $x")
	for _, b := range [][]byte{nil, {}, []byte("yes\n")} {
		if n, err := p.Write(b); n != len(b) || err != nil {
			t.Errorf("%q: %d, %v", b, n, err)
		}
	}
	if out, err := io.ReadAll(p); err != nil || string(out) != "yes\r\nyes\r\n" {
		t.Errorf("it printed %q (%v)", out, err)
	}
}
