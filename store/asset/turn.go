package asset

import (
	"context"
	"sync"
)

// turn is the right of a load to use a processor. A load that waits for other assets
// gives it back meanwhile, so those that wait for each other, or for a lump that
// never arrives, hold up nobody.
type turn struct {
	slots chan struct{}

	mu      sync.Mutex
	held    bool
	ended   bool
	waiting int // goroutines of the load that wait
}

// begin waits for the turn.
func (t *turn) begin(ctx context.Context) error {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held || t.ended || t.waiting > 0 { // it changed meanwhile
		<-t.slots
		return nil
	}
	t.held = true
	return nil
}

// pause gives the turn back while a goroutine of the load waits. A nil turn is that
// of a caller who makes nothing.
func (t *turn) pause() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting++; t.held {
		t.held = false
		<-t.slots
	}
}

// resume takes the turn again when nobody of the load waits any more. When ctx ends
// first the load goes on without, to its end.
func (t *turn) resume(ctx context.Context) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.waiting--
	again := t.waiting == 0
	t.mu.Unlock()
	if again {
		t.begin(ctx)
	}
}

func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	if t.held {
		t.held = false
		<-t.slots
	}
}
