package service

import "sync"

// turns is how terminals share the processors: what is fed to a terminal is fed in
// turns of turnBytes at most, of which few are taken at once, first come first
// served. So among n terminals that print without end another one waits for n turns
// at most, and half of the processors stay with the frame.
type turns struct {
	// mu guards what follows.
	mu    sync.Mutex
	free  int
	queue []turn
	spare []chan struct{}
	taken uint64
	most  uint64 // turns that others took while one waited
}

// turn is somebody who waits.
type turn struct {
	ready chan struct{}
	from  uint64 // turns that were taken before
}

// take runs f as one turn.
func (t *turns) take(f func()) {
	var ready chan struct{}
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.taken++
		t.mu.Unlock()
	} else {
		if n := len(t.spare); n > 0 {
			ready, t.spare = t.spare[n-1], t.spare[:n-1]
		} else {
			ready = make(chan struct{}, 1)
		}
		t.queue = append(t.queue, turn{ready, t.taken})
		t.mu.Unlock()
		<-ready
	}
	f()
	t.mu.Lock()
	defer t.mu.Unlock()
	if ready != nil {
		t.spare = append(t.spare, ready)
	}
	if len(t.queue) == 0 {
		t.free++
		return
	}
	// The place goes on to the first who waits, and not to who comes meanwhile.
	next := t.queue[0]
	t.queue = append(t.queue[:0], t.queue[1:]...)
	t.most = max(t.most, t.taken-next.from)
	t.taken++
	next.ready <- struct{}{}
}
