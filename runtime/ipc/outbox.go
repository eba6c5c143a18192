package ipc

import (
	"io"
	"sync"
)

// maxOutbox is how many bytes may wait for a peer before those who write to it
// wait too.
const maxOutbox = 1 << 20

// outbox writes frames to a connection. Whoever has a frame appends it; one
// goroutine writes everything that has gathered while it was writing, so a busy
// connection costs few system calls and an idle one no delay.
type outbox struct {
	mu     sync.Mutex
	more   sync.Cond // the writer waits here for frames
	room   sync.Cond // callers wait here for room
	queued []byte
	err    error // why nothing is written any more
	ending bool  // the writer ends when all is written
	done   chan struct{}
}

func newOutbox(w io.Writer) *outbox {
	o := &outbox{done: make(chan struct{})}
	o.more.L, o.room.L = &o.mu, &o.mu
	go o.run(w)
	return o
}

func (o *outbox) run(w io.Writer) {
	defer close(o.done)
	var spare []byte
	for {
		o.mu.Lock()
		for len(o.queued) == 0 && o.err == nil && !o.ending {
			o.more.Wait()
		}
		if o.err != nil || len(o.queued) == 0 {
			o.mu.Unlock()
			return
		}
		batch := o.queued
		o.queued = spare[:0]
		o.room.Broadcast()
		o.mu.Unlock()
		_, err := w.Write(batch)
		if cap(batch) > maxOutbox {
			batch = nil
		}
		spare = batch
		if err != nil {
			o.fail(err)
			return
		}
	}
}

// put appends what add appends. It waits while too much waits, and reports why
// nothing can be written any more.
func (o *outbox) put(add func(b []byte) []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queued) > maxOutbox && o.err == nil {
		o.room.Wait()
	}
	if o.err != nil {
		return o.err
	}
	o.queued = add(o.queued)
	o.more.Signal()
	return nil
}

// fail drops what waits and lets everybody go.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	if o.err == nil {
		o.err = err
	}
	o.queued = nil
	o.more.Broadcast()
	o.room.Broadcast()
	o.mu.Unlock()
}

// finish lets the writer end when it has written what waits.
func (o *outbox) finish() {
	o.mu.Lock()
	o.ending = true
	o.more.Broadcast()
	o.mu.Unlock()
}
