package pty

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	// ErrFull refuses input that the program does not read.
	ErrFull = errors.New("the program in the terminal does not read what is typed; wait until it does, or end it")

	// ErrEnded refuses input to a terminal whose program has ended or that was closed.
	ErrEnded = errors.New("the program in this terminal has ended; open another terminal")
)

// writePiece is how much goes to the kernel at once: more than its buffer takes.
const writePiece = 16 << 10

// writeRetry is how long a write waits for the kernel to say that there is room before
// it looks by itself. The word always came in tests, but a terminal that stops for good
// because of one that is lost is not worth the look.
const writeRetry = 250 * time.Millisecond

// A queue holds what was typed until the program reads it.
type queue struct {
	mu      sync.Mutex // guards what follows
	bytes   []byte     // waiting
	spare   []byte     // the buffer that was written before, to be filled again
	busy    int        // bytes that the writer took and has not written yet
	limit   int
	written uint64
	done    bool

	wake chan struct{} // holds one token when there is something to do
}

func (q *queue) init(limit int) {
	q.limit = limit
	q.wake = make(chan struct{}, 1)
}

// Write hands bytes to the program, all or nothing, and never waits: they are copied
// and written by a goroutine in their order. ErrFull says that so many wait already,
// ErrEnded that nobody will read them.
func (p *Process) Write(b []byte) (int, error) {
	if err := p.in.add(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (q *queue) add(b []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.done:
		return ErrEnded
	case len(b) > q.limit-q.busy-len(q.bytes):
		return fmt.Errorf("%w (%d bytes wait)", ErrFull, q.busy+len(q.bytes))
	case len(b) == 0:
		return nil
	}
	q.bytes = append(q.bytes, b...)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// take hands all that waits to the writer; the slice is its own until the next take.
func (q *queue) take() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.bytes
	q.bytes, q.spare = q.spare[:0], b
	if cap(q.bytes) > writePiece {
		q.bytes = nil // one large paste does not hold its memory for ever
	}
	q.busy = len(b)
	return b
}

func (q *queue) wrote(n int) {
	q.mu.Lock()
	q.busy -= n
	q.written += uint64(n)
	q.mu.Unlock()
}

// end refuses what comes and forgets what waits.
func (q *queue) end() {
	q.mu.Lock()
	q.done, q.bytes, q.spare, q.busy = true, nil, nil, 0
	q.mu.Unlock()
}

func (q *queue) counts() (written uint64, queued int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.written, q.busy + len(q.bytes)
}
