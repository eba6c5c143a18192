package mux

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// turnMax is how many streams have their turn in one batch.
const turnMax = 256

// buffers are what batches are made in. An idle session holds none.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, batchMax+2*(headerLen+maxData))
	return &b
}}

// A batch is frames that go out in one write. Large payloads stay in the blocks
// that they were queued in, where the connection can write from several places.
type batch struct {
	b       []byte   // headers, and payloads that were copied
	listed  int      // how much of b stands in pieces
	pieces  [][]byte // all of the batch in order, but for the end of b
	blocks  []*block // that pieces point into
	size    int
	whole   bool     // the connection can write from several places
	drained []func() // to be called for streams that fell below their mark
}

// A gatherer writes several pieces as one, as the secured connection does.
type gatherer interface {
	WriteBuffers([][]byte) (int, error)
}

// attach puts a block behind what is there.
func (b *batch) attach(x *block) {
	b.pieces = append(b.pieces, b.b[b.listed:len(b.b):len(b.b)], x.data[x.r:x.w])
	b.listed = len(b.b)
	b.blocks = append(b.blocks, x)
}

// send writes the batch, and gives back its blocks.
func (b *batch) send(m *Session) (err error) {
	if len(b.blocks) == 0 {
		if len(b.b) > 0 {
			_, err = m.c.Write(b.b)
		}
		return err
	}
	if b.listed < len(b.b) {
		b.pieces = append(b.pieces, b.b[b.listed:])
	}
	_, err = m.c.(gatherer).WriteBuffers(b.pieces)
	for _, x := range b.blocks {
		blocks.Put(x)
	}
	clear(b.pieces)
	clear(b.blocks)
	b.pieces, b.blocks = b.pieces[:0], b.blocks[:0]
	return err
}

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
	var turn, bulk []*Stream
	var b batch
	_, b.whole = m.c.(gatherer)
	pace := pace{frames: 1}
	kernel := newTuner(m.c)
	for {
		m.mu.Lock()
		for !m.busy() {
			m.wake.Wait()
		}
		if m.err != nil {
			m.mu.Unlock()
			return
		}
		buf := buffers.Get().(*[]byte)
		b.b, b.listed, b.size = m.takeControl((*buf)[:0]), 0, 0
		// Whose turn it is is settled while the OPEN frames are taken, so that no
		// stream's data goes before its OPEN.
		turn, bulk = turn[:0], bulk[:0]
		for m.ready[Interactive].len() > 0 && len(turn) < turnMax {
			turn = append(turn, m.ready[Interactive].pop())
		}
		frames := 1
		if len(turn) == 0 {
			frames = pace.frames
		}
		for m.ready[Bulk].len() > 0 && len(bulk) < frames {
			bulk = append(bulk, m.ready[Bulk].pop())
		}
		goodbye := len(bulk) == 0 && len(turn) == 0 && m.leaving()
		if goodbye {
			b.b = appendGoAway(b.b, m.closing.Reason)
			m.said = true
		}
		m.mu.Unlock()

		b.gather(turn)
		b.gatherBulk(bulk, frames)
		clear(turn)
		clear(bulk)
		for i, f := range b.drained {
			f()
			b.drained[i] = nil
		}
		b.drained = b.drained[:0]
		began := time.Now()
		if err := b.send(m); err != nil {
			m.writeLost(err)
			return
		}
		pace.note(b.size, time.Since(began))
		kernel.set(pace.fast >= fastAfter)
		*buf = b.b[:0]
		buffers.Put(buf)
		b.b = nil
		if goodbye {
			// The reader waits for the other end to hear it and to close. To close
			// here and now could overtake it.
			m.giveUp()
			return
		}
	}
}

// A pace says how many bulk frames a batch may have, from how fast the connection
// took those before it.
type pace struct {
	frames int
	bytes  float64 // both fade, by an eighth with each batch
	took   time.Duration
	fast   int // bytes since it was last slow
}

func (p *pace) note(size int, took time.Duration) {
	p.bytes = p.bytes*7/8 + float64(size)
	p.took = p.took*7/8 + took
	p.frames = int(p.bytes * float64(burstTime) / (float64(p.took+1) * maxData))
	p.frames = min(max(p.frames, 1), burstMax)
	switch {
	case p.frames < burstMax/2:
		p.fast = 0
	case p.frames == burstMax && p.fast < fastAfter:
		p.fast += size
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

// gather takes from interactive streams in turn until the batch is full.
func (b *batch) gather(turn []*Stream) {
	for more := true; more && b.size < batchMax; {
		more = false
		for i, s := range turn {
			if s == nil {
				continue
			}
			if b.size >= batchMax {
				break
			}
			s.mu.Lock()
			s.take(b)
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
}

// gatherBulk takes so many frames from bulk streams in turn. The first to go next
// is the first in the row again.
func (b *batch) gatherBulk(bulk []*Stream, frames int) {
	if len(bulk) == 0 {
		return
	}
	for i := range frames {
		s := bulk[i%len(bulk)]
		s.mu.Lock()
		s.take(b)
		s.mu.Unlock()
	}
	for i := range bulk {
		bulk[(frames+i)%len(bulk)].requeue()
	}
}

// requeue ends a stream's turn.
func (s *Stream) requeue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = false
	s.schedule()
}

// take moves at most one frame of the stream to a batch; the caller holds mu.
func (s *Stream) take(b *batch) {
	if !s.sendable() {
		return
	}
	n := min(s.send.n, s.credit, maxData)
	first := s.send.first()
	whole := b.whole && first >= wholeMin && first <= s.credit
	if whole {
		n = first
	}
	var flags byte
	if s.fin && n == s.send.n {
		flags = flagFin
	}
	b.b = appendHeader(b.b, frameData, flags, n, s.id)
	if whole {
		b.attach(s.send.detach())
	} else {
		b.b = slices.Grow(b.b, n)
		b.b = b.b[:len(b.b)+s.send.pop(b.b[len(b.b):len(b.b)+n])]
	}
	b.size += headerLen + n
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
			b.drained = append(b.drained, s.drained)
		}
	}
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
