package pty

import (
	"io"
	"testing"
	"time"
)

// With a limit output comes no faster than that, and it all comes. (No upper bound: a
// slow machine is no error.)
func TestOutputLimit(t *testing.T) {
	const limit, size = 100_000, 60_000
	p := shell(t, Options{OutputLimit: limit}, "stty -opost; head -c 60000 /dev/zero")
	start := time.Now()
	n, err := io.Copy(io.Discard, p)
	if n != size || err != nil {
		t.Errorf("%d of %d bytes arrived (%v)", n, size, err)
	}
	// The first slice is free, and so is the piece that is read last.
	if took, least := time.Since(start), time.Second*size/limit-3*meterSlice; took < least {
		t.Errorf("%d bytes took %v, less than %v", size, took, least)
	}
}

// A read that waits for the limit ends with Close.
func TestCloseEndsLimit(t *testing.T) {
	p := shell(t, Options{OutputLimit: 1}, "yes")
	ended := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, p)
		ended <- err
	}()
	eventually(t, "something is read", func() bool { return p.Stats().Read > 1 })
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRate(t *testing.T) {
	var m meter
	at := time.Now()
	m.turn(at)
	m.count += 500
	if m.turn(at.Add(900 * time.Millisecond)); m.last != 0 {
		t.Errorf("within the first second the rate is %d", m.last)
	}
	if m.turn(at.Add(1100 * time.Millisecond)); m.last != 500 {
		t.Errorf("in the next it is %d", m.last)
	}
	if m.turn(at.Add(3200 * time.Millisecond)); m.last != 0 {
		t.Errorf("after a pause it is %d", m.last)
	}
}
