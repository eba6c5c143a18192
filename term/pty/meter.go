package pty

import (
	"sync"
	"sync/atomic"
	"time"
)

// meterSlice is the smallest part of a second's limit that is handed out at once: as
// much output as a frame can show, so that a limited program still looks fluent.
const meterSlice = 50 * time.Millisecond

// A meter counts what is read and holds the reader back to a limit.
type meter struct {
	total atomic.Uint64
	limit int // bytes a second, NoLimit for none

	mu     sync.Mutex // guards what follows
	due    time.Time  // when the limit allows the next byte
	second time.Time  // when the second that is counted began
	count  int        // bytes in it
	last   int        // bytes in the one before
}

func (m *meter) init(limit int) { m.limit = max(limit, NoLimit) }

// room is the part of b that may be filled at once.
func (m *meter) room(b []byte) []byte {
	if m.limit == NoLimit {
		return b
	}
	return b[:min(len(b), max(1, int(int64(m.limit)*int64(meterSlice)/int64(time.Second))))]
}

// wait returns when the limit allows another read, or at quit.
func (m *meter) wait(quit <-chan struct{}) {
	if m.limit == NoLimit {
		return
	}
	m.mu.Lock()
	// A slice is handed out ahead of its time, so that what a person sees of a quiet
	// program comes at once.
	wait := time.Until(m.due.Add(-meterSlice))
	m.mu.Unlock()
	if wait <= 0 {
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-quit:
	}
}

// took counts n bytes.
func (m *meter) took(n int) {
	m.total.Add(uint64(n))
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.count += n
	if m.limit != NoLimit {
		if m.due.Before(now) {
			m.due = now
		}
		m.due = m.due.Add(time.Duration(n) * time.Second / time.Duration(m.limit))
	}
}

// turn begins another second where the last one is over. It needs mu.
func (m *meter) turn(now time.Time) {
	switch passed := now.Sub(m.second); {
	case passed >= 2*time.Second:
		m.second, m.count, m.last = now, 0, 0
	case passed >= time.Second:
		m.second, m.count, m.last = m.second.Add(time.Second), 0, m.count
	}
}

func (m *meter) rate() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(time.Now())
	return m.last
}
