package mem

import "sync"

// Ranges divides something that is counted, such as the vertices of a large
// buffer, into ranges. It is safe for use by many goroutines.
type Ranges struct {
	mu sync.Mutex
	s  *space
}

// Range is a part of what is counted: Count from First on.
type Range struct {
	First, Count uint32
	node         int32
}

// NewRanges divides count things.
func NewRanges(count uint32) *Ranges { return &Ranges{s: newSpace(uint64(count) * grain)} }

// Take takes a range of n, at least 1, and tells whether there was one.
func (r *Ranges) Take(n uint32) (Range, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == 0 {
		return Range{}, false
	}
	i, off, ok := r.s.alloc(uint64(n)*grain, grain)
	if !ok {
		return Range{}, false
	}
	return Range{uint32(off / grain), n, i}, true
}

// Give gives a range back that was taken.
func (r *Ranges) Give(x Range) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.release(x.node)
}

// Used is how many are taken.
func (r *Ranges) Used() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint32(r.s.used / grain)
}
