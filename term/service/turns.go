package service

import "sync/atomic"

// turns is how terminals share the processors: what is fed to a terminal is fed in
// turns of turnBytes at most, of which few are taken at once, first come first
// served. So among n terminals that print without end another one waits for n turns
// at most, and half of the processors stay with the frame.
type turns struct {
	slots chan struct{} // its senders wait in the order in which they came
	taken atomic.Uint64
	most  atomic.Uint64 // turns that others took while one waited
}

// take runs f as one turn.
func (t *turns) take(f func()) {
	from := t.taken.Load()
	t.slots <- struct{}{}
	now := t.taken.Add(1)
	for waited := now - 1 - from; ; {
		most := t.most.Load()
		if waited <= most || t.most.CompareAndSwap(most, waited) {
			break
		}
	}
	f()
	<-t.slots
}
