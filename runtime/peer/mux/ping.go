package mux

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// probeEvery is how often the round trip is measured while windows follow it.
	probeEvery = 250 * time.Millisecond
	// leastAge is how long the shortest round trip is believed. Then it is
	// measured again with the path emptied for it, as the queue that the windows
	// themselves keep would else pass for distance.
	leastAge = 10 * time.Second
	// doubtAge is the same where round trips take more than twice as long, as they
	// do when the path got longer: windows are too small for it then.
	doubtAge = 2 * time.Second
	// quietShare is the part of a window that is given meanwhile: a quarter, so
	// that less than the path holds is under way even where both ends send all
	// they may and each measures what the other queues.
	quietShare = 4
	// quietRounds is how many round trips it takes to empty the path.
	quietRounds = 2
	// quietMin bounds how long a peer is asked to hold back, from below, for
	// when the round trip is not known.
	quietMin = 50 * time.Millisecond
)

// A ping waits for its answer.
type ping struct {
	sent  time.Duration
	done  chan struct{} // nil for the session's own
	round time.Duration
}

// pings is what a session knows of round trips. The session's mutex guards what
// is not atomic.
type pings struct {
	slots   chan struct{} // one for each ping that a caller waits for
	waiting map[uint64]*ping
	token   uint64
	owed    int   // PONGs that wait to leave
	own     *ping // the session's own, one at a time
	quiet   int   // rounds until the path is empty enough; 0: none is measured

	least    atomic.Int64 // the shortest round trip, or 0
	smooth   atomic.Int64
	leastAt  time.Duration // when it was measured
	probedAt time.Duration
	quietTil atomic.Int64 // until when less credit is given
}

func (p *pings) init() {
	p.slots = make(chan struct{}, maxPings-1)
	p.waiting = make(map[uint64]*ping)
}

// Ping measures a round trip.
func (m *Session) Ping(ctx context.Context) (time.Duration, error) {
	select {
	case m.pings.slots <- struct{}{}:
	case <-m.done:
		return 0, m.Err()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	m.mu.Lock()
	if m.err != nil {
		m.mu.Unlock()
		return 0, m.err
	}
	p := &ping{sent: m.now(), done: make(chan struct{})}
	m.sendPing(p, 0)
	m.mu.Unlock()
	select {
	case <-p.done:
		return p.round, nil
	case <-m.done:
		return 0, m.Err()
	case <-ctx.Done():
		// Its slot is free when the answer comes.
		return 0, ctx.Err()
	}
}

// RTT returns the round trip as lately measured, smoothed; 0 if it is not known.
func (m *Session) RTT() time.Duration { return time.Duration(m.pings.smooth.Load()) }

// sendPing queues a PING; the caller holds mu.
func (m *Session) sendPing(p *ping, flags byte) {
	m.pings.token++
	m.pings.waiting[m.pings.token] = p
	m.control = appendPing(m.control, framePing, flags, m.pings.token)
	m.wake.Signal()
}

// probe sends the session's own ping unless one is out; the caller holds mu.
func (m *Session) probe(now time.Duration, quiet bool) {
	if m.pings.own != nil || m.err != nil {
		return
	}
	m.pings.own = &ping{sent: now}
	m.pings.probedAt = now
	var flags byte
	if quiet {
		flags = flagQuiet
		m.holdBack(now)
	}
	m.sendPing(m.pings.own, flags)
}

// wantProbe measures the round trip where windows depend on it; the caller holds
// mu.
func (m *Session) wantProbe(now time.Duration) {
	p := &m.pings
	if p.own != nil || now-p.probedAt < probeEvery {
		return
	}
	age := leastAge
	least := p.least.Load()
	if p.smooth.Load() > 2*least {
		age = doubtAge
	}
	if least > 0 && now-p.leastAt > age {
		p.quiet = quietRounds
	}
	m.probe(now, p.quiet > 0)
}

// holdBack gives less credit for a few round trips; the caller holds mu.
func (m *Session) holdBack(now time.Duration) {
	m.pings.quietTil.Store(int64(now + max(4*time.Duration(m.pings.smooth.Load()), quietMin)))
}

func (m *Session) isQuiet() bool {
	til := m.pings.quietTil.Load()
	return til != 0 && int64(m.now()) < til
}

// onPing answers.
func (m *Session) onPing(quiet bool, token uint64, now time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pings.owed++; m.pings.owed > 2*maxPings {
		return violation("it floods with pings")
	}
	if quiet {
		m.holdBack(now)
	}
	m.control = appendPing(m.control, framePong, 0, token)
	m.wake.Signal()
	return nil
}

// onPong takes an answer.
func (m *Session) onPong(token uint64, now time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, all := m.pings.waiting[token], &m.pings
	if p == nil {
		return violation("an answer to no ping")
	}
	delete(all.waiting, token)
	p.round = max(now-p.sent, 1)
	if old := all.smooth.Load(); old == 0 {
		all.smooth.Store(int64(p.round))
	} else {
		all.smooth.Store(old + (int64(p.round)-old)/8)
	}
	if least := all.least.Load(); least == 0 || int64(p.round) <= least {
		all.least.Store(int64(p.round))
		all.leastAt = now
	}
	if p != all.own {
		close(p.done)
		<-all.slots
		return nil
	}
	all.own = nil
	if all.quiet > 0 {
		if all.quiet--; all.quiet > 0 {
			m.probe(now, true)
			return nil
		}
		all.least.Store(int64(p.round))
		all.leastAt = now
		all.quietTil.Store(0)
	}
	return nil
}

// tick is how often tend looks.
func (m *Session) tick() time.Duration {
	return max(min(m.o.KeepAlive, m.o.Dead)/4, time.Millisecond)
}

// tend asks a silent peer for a sign and gives up on one that gives none.
func (m *Session) tend() {
	now := m.now()
	silent := now - time.Duration(m.heard.Load())
	if silent >= m.o.Dead {
		m.fail(ErrDead)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return
	}
	if silent >= m.o.KeepAlive {
		m.probe(now, false)
	}
	m.alive.Reset(min(m.tick(), max(m.o.Dead-silent, time.Millisecond)))
}
