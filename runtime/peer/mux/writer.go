package mux

import (
	"fmt"
	"sync"
	"time"
)

// turnMax is how many streams have their turn in one batch.
const turnMax = 256

// batches are the buffers that batches are made in. An idle session holds none.
var batches = sync.Pool{New: func() any {
	b := make([]byte, 0, batchMax+2*(headerLen+maxData))
	return &b
}}

// busy reports whether the writer has something to do; the caller holds mu.
func (m *Session) busy() bool {
	return m.err != nil || len(m.control) > 0 || m.grants.len() > 0 || m.ready[Interactive].len() > 0 || m.ready[Bulk].len() > 0 || m.leaving()
}

// leaving reports whether it is time for the goodbye; the caller holds mu.
func (m *Session) leaving() bool {
	return m.closing != nil && (m.flushNow || m.pending.Load() == 0)
}

// write is the goroutine that sends.
func (m *Session) write() {
	defer m.leave()
	var turn []*Stream
	var drained []func()
	for {
		m.mu.Lock()
		for !m.busy() {
			m.wake.Wait()
		}
		if m.err != nil {
			m.mu.Unlock()
			return
		}
		buf := batches.Get().(*[]byte)
		b := m.takeControl((*buf)[:0])
		// Whose turn it is is settled while the OPEN frames are taken, so that no
		// stream's data goes before its OPEN.
		turn = turn[:0]
		for m.ready[Interactive].len() > 0 && len(turn) < turnMax {
			turn = append(turn, m.ready[Interactive].pop())
		}
		var bulk *Stream
		if m.ready[Bulk].len() > 0 {
			bulk = m.ready[Bulk].pop()
		}
		goodbye := bulk == nil && len(turn) == 0 && m.leaving()
		if goodbye {
			b = appendGoAway(b, m.closing.Reason)
			m.said = true
		}
		m.mu.Unlock()

		b, drained = m.gather(b, turn, bulk, drained[:0])
		clear(turn)
		for i, f := range drained {
			f()
			drained[i] = nil
		}
		if len(b) > 0 {
			if _, err := m.c.Write(b); err != nil {
				m.writeLost(err)
				return
			}
		}
		*buf = b[:0]
		batches.Put(buf)
		if goodbye {
			// The reader waits for the other end to hear it and to close. To close
			// here and now could overtake it.
			m.giveUp()
			return
		}
	}
}

// takeControl moves what goes first to b; the caller holds mu.
func (m *Session) takeControl(b []byte) []byte {
	b = append(b, m.control...)
	m.control = m.control[:0]
	m.pings.owed = 0
	for m.grants.len() > 0 {
		s := m.grants.pop()
		s.granting = false
		if s.grant > 0 {
			b = appendNumber(b, frameWindow, s.id, s.grant)
			s.grant = 0
		}
	}
	return b
}

// gather makes a batch: interactive streams in turn until it is full, then at
// most one frame of a bulk stream.
func (m *Session) gather(b []byte, turn []*Stream, bulk *Stream, drained []func()) ([]byte, []func()) {
	full := len(b) + batchMax
	for more := true; more; {
		more = false
		for i, s := range turn {
			if s == nil {
				continue
			}
			if len(b) >= full {
				more = false
				break
			}
			s.mu.Lock()
			b, drained = s.take(b, drained)
			if s.sendable() {
				more = true
			} else {
				s.queued = false
				turn[i] = nil
			}
			s.mu.Unlock()
		}
	}
	for _, s := range turn {
		if s != nil {
			s.requeue()
		}
	}
	if bulk != nil {
		bulk.mu.Lock()
		b, drained = bulk.take(b, drained)
		bulk.mu.Unlock()
		bulk.requeue()
	}
	return b, drained
}

// requeue ends a stream's turn.
func (s *Stream) requeue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = false
	s.schedule()
}

// take moves at most one frame of the stream to b; the caller holds mu.
func (s *Stream) take(b []byte, drained []func()) ([]byte, []func()) {
	if !s.sendable() {
		return b, drained
	}
	n := min(s.send.n, s.credit, maxData)
	var flags byte
	if s.fin && n == s.send.n {
		flags = flagFin
	}
	b = appendHeader(b, frameData, flags, n, s.id)
	b = b[:len(b)+s.send.pop(b[len(b):len(b)+n])]
	s.credit -= n
	left := int64(n)
	if flags == flagFin {
		s.sentEnd = true
		left++
		s.abandon()
		s.settle()
	}
	s.m.pending.Add(-left)
	if s.send.n <= sendBuffer/2 {
		s.writable.Signal()
	}
	if s.above && s.send.n <= s.low {
		s.above = false
		if s.drained != nil {
			drained = append(drained, s.drained)
		}
	}
	return b, drained
}

// lost ends the session because its connection did.
func (m *Session) lost(err error) {
	m.mu.Lock()
	closing, said := m.closing, m.said
	m.mu.Unlock()
	if closing != nil && said {
		m.fail(closing)
		return
	}
	m.fail(fmt.Errorf("%w: %w", ErrLost, err))
}

// writeLost ends the session because it cannot write. The reader may be about to
// find the other end's goodbye, which says more than a broken pipe, and gets
// lingerTime for it.
func (m *Session) writeLost(err error) {
	wait := time.NewTimer(lingerTime)
	defer wait.Stop()
	select {
	case <-m.done:
	case <-wait.C:
		m.lost(err)
	}
}
