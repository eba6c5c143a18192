package mux

import (
	"io"
	"testing"
	"time"
)

// quietSession is a session whose connection says nothing, for what needs no peer.
func quietSession(t testing.TB, o Options) *Session {
	r, w := io.Pipe()
	m := New(silence{r, w.Close}, true, o)
	t.Cleanup(func() { w.Close(); m.Close("") })
	return m
}

// A pathway delivers what a window lets it: rate bytes a second, round apart.
type pathway struct {
	rate  float64
	round time.Duration
}

// run plays a sender that always has more over d of virtual time, a packet at a
// time, to the window of a stream.
func (p pathway) run(s *Stream, from, d time.Duration) time.Duration {
	const packet = 1400
	now := from
	for now < from+d {
		// One round: what the window holds, at no more than the rate.
		begin, sent := now, 0
		for limit := s.window.size; sent < limit && now < begin+p.round; sent += packet {
			now += time.Duration(packet / p.rate * float64(time.Second))
			s.mu.Lock()
			s.measure(packet, now)
			s.mu.Unlock()
		}
		now = max(now, begin+p.round)
	}
	return now
}

// A window comes to hold between one and two times what the path holds, from
// below and from above, within its bounds.
func TestWindowFollowsThePath(t *testing.T) {
	const second = time.Second
	mbit := func(n float64) float64 { return n * 1e6 / 8 }
	for _, c := range []struct {
		name     string
		o        Options
		paths    []pathway
		min, max int
	}{
		{"50 Mbit/s, 30 ms", Options{}, []pathway{{mbit(50), 30 * time.Millisecond}}, 187_500, 375_000},
		{"1 Gbit/s, 20 ms", Options{}, []pathway{{mbit(1000), 20 * time.Millisecond}}, 2_500_000, 5_000_000},
		{"from fast to slow", Options{}, []pathway{{mbit(500), 30 * time.Millisecond}, {mbit(50), 30 * time.Millisecond}}, 187_500, 375_000},
		{"from slow to fast", Options{}, []pathway{{mbit(10), 30 * time.Millisecond}, {mbit(500), 30 * time.Millisecond}}, 1_875_000, 3_750_000},
		{"1 Mbit/s, 30 ms", Options{}, []pathway{{mbit(1), 30 * time.Millisecond}}, InitialWindow, InitialWindow},
		{"bounded", Options{MaxWindow: 1 << 20}, []pathway{{mbit(1000), 100 * time.Millisecond}}, 1 << 20, 1 << 20},
		{"bounded in all", Options{Memory: 1 << 19}, []pathway{{mbit(1000), 100 * time.Millisecond}}, InitialWindow + 1<<19, InitialWindow + 1<<19},
		{"never above what the other end knows", Options{MaxWindow: 1 << 40, Memory: 1 << 40}, []pathway{{mbit(10_000), 200 * time.Millisecond}}, MaxWindow, MaxWindow},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := quietSession(t, c.o)
			s, err := m.Open(0, Bulk)
			if err != nil {
				t.Fatal(err)
			}
			now := second
			for _, p := range c.paths {
				m.pings.least.Store(int64(p.round))
				now = p.run(s, now, 5*second)
			}
			if s.window.size < c.min || s.window.size > c.max {
				t.Errorf("the window is %d, want %d to %d", s.window.size, c.min, c.max)
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.windows != s.window.size-InitialWindow {
				t.Errorf("%d are accounted for", m.windows)
			}
		})
	}
}

// What windows took above their floor comes back when streams end.
func TestWindowsGiveMemoryBack(t *testing.T) {
	m := quietSession(t, Options{})
	m.pings.least.Store(int64(50 * time.Millisecond))
	s, err := m.Open(0, Bulk)
	if err != nil {
		t.Fatal(err)
	}
	pathway{1e8, 50 * time.Millisecond}.run(s, time.Second, time.Second)
	if m.windows == 0 {
		t.Fatal("the window did not grow")
	}
	s.Reset(0)
	s.mu.Lock()
	s.finish()
	s.mu.Unlock()
	if m.windows != 0 {
		t.Errorf("%d are still accounted for", m.windows)
	}
}

// The shortest round trip is believed for a while. Then both ends hold back until
// it has been measured anew, and a path that got longer is known as such.
func TestRoundTripIsMeasuredAnew(t *testing.T) {
	client, server := pair(t, Options{})
	near, far := streams(t, client, server, Bulk)
	waitFor(t, "the first round trip", func() bool { return server.RTT() > 0 })
	// An age ago it was a nanosecond.
	server.mu.Lock()
	server.pings.least.Store(1)
	server.pings.leastAt = -2 * leastAge
	server.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, far)
	}()
	p := make([]byte, 64<<10)
	held := false
	waitFor(t, "a new round trip", func() bool {
		near.Write(p)
		held = held || client.isQuiet()
		return server.pings.least.Load() > 1
	})
	if !held {
		t.Error("the other end was not asked to hold back")
	}
	near.CloseWrite()
	<-done
}

// Who holds back gives a part of the credit, and the rest when it is over.
func TestHoldingBack(t *testing.T) {
	m := quietSession(t, Options{})
	s, err := m.Open(0, Bulk)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window.size = 8 * InitialWindow
	s.avail = 0
	m.pings.quietTil.Store(int64(m.now() + time.Hour))
	s.giveCredit()
	if s.avail != 2*InitialWindow {
		t.Errorf("holding back, it gave %d", s.avail)
	}
	m.pings.quietTil.Store(0)
	s.giveCredit()
	if s.avail != 8*InitialWindow {
		t.Errorf("then it gave %d", s.avail)
	}
}

// A path that got longer is noticed even where the window is the least: what is
// believed of it is doubted, and measured.
func TestLongerPathIsDoubted(t *testing.T) {
	for _, c := range []struct {
		smooth, age time.Duration
		quiet       bool
	}{
		{45 * time.Millisecond, doubtAge, false},
		{45 * time.Millisecond, leastAge, true},
		{120 * time.Millisecond, time.Second, false},
		{120 * time.Millisecond, doubtAge, true},
	} {
		m := quietSession(t, Options{})
		s, err := m.Open(0, Bulk)
		if err != nil {
			t.Fatal(err)
		}
		const now = time.Hour
		m.mu.Lock()
		m.pings.own = nil
		m.pings.least.Store(int64(30 * time.Millisecond))
		m.pings.smooth.Store(int64(c.smooth))
		m.pings.leastAt = now - c.age - 1
		m.mu.Unlock()
		s.mu.Lock()
		s.measure(1000, now)
		s.window.begin = now - 100*time.Millisecond
		s.measure(40_000, now)
		s.mu.Unlock()
		m.mu.Lock()
		if asked := m.pings.own != nil; !asked || (m.pings.quiet > 0) != c.quiet {
			t.Errorf("at %v, %v old: probe sent %v, quiet rounds %d", c.smooth, c.age, asked, m.pings.quiet)
		}
		m.mu.Unlock()
	}
}
