package mux

import "time"

const (
	// windowFactor is how much more than rate times round trip a window holds:
	// enough to notice that the path takes more, so little that the path queues
	// less than one round trip.
	windowFactor = 1.75
	// leastRound stands for shorter round trips: what two programs take to notice
	// one another is noise below it, and at 50 Mbit/s it is 12 KB.
	leastRound = 2 * time.Millisecond
	// shrink is how much of a window stays when a round needed less of it. A round
	// may be slow by chance, so it takes some fifty for a tenth.
	shrink = 0.96
)

// A window is how much of a stream this end takes in advance. It follows the rate
// at which data comes. The stream's mutex guards it.
type window struct {
	size  int
	bytes int           // came since begin
	begin time.Duration // of the round that is measured
}

// measure accounts for n bytes that came, and sets the window once a round trip;
// the caller holds mu.
func (s *Stream) measure(n int, now time.Duration) {
	w := &s.window
	w.bytes += n
	elapsed := now - w.begin
	round := max(time.Duration(s.m.pings.least.Load()), leastRound)
	if elapsed < round {
		return
	}
	bytes := w.bytes
	w.bytes, w.begin = 0, now
	// A round that is far too long held a pause, which says nothing of the path.
	if elapsed > 4*round && bytes < w.size/2 {
		return
	}
	target := int(windowFactor * float64(bytes) * float64(round) / float64(elapsed))
	if target < w.size {
		target = max(target, int(shrink*float64(w.size)))
	}
	s.resize(max(target, InitialWindow), now)
}

// resize sets the window as far as the limits allow; the caller holds mu.
func (s *Stream) resize(size int, now time.Duration) {
	m, w := s.m, &s.window
	size = min(size, m.o.MaxWindow)
	if s.gone {
		return
	}
	m.mu.Lock()
	size = min(size, w.size+max(m.o.Memory-m.windows, 0))
	m.windows += size - w.size
	m.wantProbe(now)
	m.mu.Unlock()
	w.size = size
}

// giveCredit gives the other end credit up to the window, if that is worth a
// frame; the caller holds mu.
func (s *Stream) giveCredit() {
	if s.gotEnd || s.rerr != nil {
		return
	}
	size := s.window.size
	if s.m.isQuiet() {
		size = max(size/quietShare, maxData)
	}
	more := size - s.avail - s.recv.n
	if more < size/4 {
		return
	}
	s.avail += more
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return
	}
	s.grant += uint32(more)
	if !s.granting {
		s.granting = true
		m.grants.push(s)
		m.wake.Signal()
	}
}
