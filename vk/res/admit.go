package res

import (
	"context"
	"time"
)

// What was decoded waits in memory until frames have copied it, and decoding is
// faster than copying. So a load begins only while little waits: what is queued
// and what those that began will probably queue is below maxQueued.
const (
	maxQueued = 256 << 20 // bytes; a second of copying at 60 frames
	// reserved is what a load counts as until it is decoded: a texture of 2048 x 2048.
	reserved = 16 << 20
	// reservedFor is how long it counts: a lump that has not arrived by then may never
	// arrive, and must not keep others out.
	reservedFor = 2 * time.Second
)

// admit waits until a load may begin.
func (r *Resources) admit(ctx context.Context, e *entry) error {
	for {
		r.mu.Lock()
		if e.state != Pending {
			defer r.mu.Unlock()
			return e.err
		}
		if r.queued+r.promised < maxQueued {
			r.promised += reserved
			e.promise = time.AfterFunc(reservedFor, func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				e.settle()
			})
			r.mu.Unlock()
			return nil
		}
		if r.room == nil {
			r.room = make(chan struct{})
		}
		room := r.room
		r.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle ends what admit reserved. mu is held.
func (e *entry) settle() {
	if e.promise == nil {
		return
	}
	e.promise.Stop()
	e.promise = nil
	e.r.promised -= reserved
	e.r.wake()
}

// wake lets those look again who wait to begin. mu is held.
func (r *Resources) wake() {
	if r.room != nil {
		close(r.room)
		r.room = nil
	}
}
