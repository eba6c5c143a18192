package secure

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"
)

// GateLimits bound what a server does for those who have proved nothing. Zero
// fields take the value of DefaultGateLimits.
type GateLimits struct {
	// Waiting is how many connections may be without a complete hello. When they
	// are all taken, a newcomer displaces the oldest: a client that means it is
	// done within a round trip.
	Waiting int
	// Answered is how many may hold an answer and owe the proof; the oldest gives
	// way here too. A client stretches its password meanwhile.
	Answered int
	// PerAddress is how many of both one address may have.
	PerAddress int
	// Guesses is how many an address has in hand, and GuessEvery when it gets one
	// back. A login that succeeds gives its guess back.
	Guesses    int
	GuessEvery time.Duration
	// Rate is how many answers a second are given in all, and Reserve how many
	// beyond these are kept for addresses that have logged in lately.
	Rate, Reserve int
	// Addresses is how many are remembered one by one.
	Addresses int
}

// DefaultGateLimits let an address try ten passwords a minute and a flood take a
// third of a core: an answer costs about a millisecond.
var DefaultGateLimits = GateLimits{
	Waiting: 1024, Answered: 4096, PerAddress: 32,
	Guesses: 20, GuessEvery: 6 * time.Second,
	Rate: 250, Reserve: 100,
	Addresses: 1 << 16,
}

const (
	// goodFor is how long an address counts as one that has logged in.
	goodFor = 24 * time.Hour
	// sweepEvery spaces the searches for addresses that can be forgotten.
	sweepEvery = time.Second
	// maxLingering bounds the refusals that wait for the client to hear them.
	maxLingering = 64
)

// A Gate bounds unauthenticated work by address prefix, IPv4 /32 and IPv6 /64, and
// in all. A guess is spent when the server answers it, not when it fails: one who
// guesses wrong knows it from the answer and never comes back to fail.
type Gate struct {
	limits GateLimits
	now    func() time.Time

	mu        sync.Mutex // guards all below
	waiting   list.List  // of *ticket, oldest first
	answered  list.List
	addresses map[netip.Prefix]*address
	crowd     *address // shares one account among those who are not remembered
	swept     time.Time
	rate      bucket
	reserve   bucket
	lingering int
}

// An address is one prefix's account.
type address struct {
	guesses bucket
	pending int
	good    time.Time
}

// NewGate makes a gate. A server has one for all its listeners.
func NewGate(l GateLimits) *Gate { return newGate(l, time.Now) }

func newGate(l GateLimits, now func() time.Time) *Gate {
	def := func(p *int, d int) {
		if *p <= 0 {
			*p = d
		}
	}
	d := DefaultGateLimits
	def(&l.Waiting, d.Waiting)
	def(&l.Answered, d.Answered)
	def(&l.PerAddress, d.PerAddress)
	def(&l.Guesses, d.Guesses)
	def(&l.Rate, d.Rate)
	def(&l.Reserve, d.Reserve)
	def(&l.Addresses, d.Addresses)
	if l.GuessEvery <= 0 {
		l.GuessEvery = d.GuessEvery
	}
	g := &Gate{limits: l, now: now, addresses: make(map[netip.Prefix]*address)}
	t := now()
	g.rate = newBucket(float64(l.Rate), float64(l.Rate), t)
	g.reserve = newBucket(float64(l.Reserve), float64(l.Reserve), t)
	g.crowd = g.newAddress(t)
	return g
}

// sharedGate serves configurations that name no gate.
var sharedGate = NewGate(GateLimits{})

func (g *Gate) newAddress(t time.Time) *address {
	return &address{guesses: newBucket(float64(g.limits.Guesses), 1/g.limits.GuessEvery.Seconds(), t)}
}

// A ticket is one connection's place in the gate.
type ticket struct {
	gate    *Gate
	from    *address
	evict   func()
	queue   *list.List // where it stands; nil once it has left
	element *list.Element
	guessed bool
}

// enter admits a connection or says ErrBusy. evict is called at most once, when a
// newcomer takes the place.
func (g *Gate) enter(a net.Addr, evict func()) (*ticket, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.now()
	from := g.account(prefixOf(a), t)
	if from.pending >= g.limits.PerAddress || from.guesses.level(t) < 1 {
		return nil, ErrBusy
	}
	tk := &ticket{gate: g, from: from, evict: evict}
	g.place(tk, &g.waiting, g.limits.Waiting)
	from.pending++
	return tk, nil
}

// place puts a ticket at the end of a queue, at the cost of the oldest in a full one.
func (g *Gate) place(t *ticket, q *list.List, limit int) {
	if q.Len() >= limit {
		oldest := q.Front().Value.(*ticket)
		oldest.drop()
		go oldest.evict() // takes the lock of a handshake, which may wait for this one
	}
	t.queue, t.element = q, q.PushBack(t)
}

// drop leaves the queue. The pending count goes with it: what has no place waits
// for nothing.
func (t *ticket) drop() {
	if t.queue != nil {
		t.queue.Remove(t.element)
		t.queue = nil
		t.from.pending--
	}
}

// guess spends a guess, before the answer is computed.
func (t *ticket) guess() error {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.queue == nil {
		return ErrBusy
	}
	now := g.now()
	if t.from.guesses.level(now) < 1 {
		return ErrBusy
	}
	if !g.spendRate(t.from, now) {
		return ErrBusy
	}
	t.from.guesses.take(now)
	t.guessed = true
	t.queue.Remove(t.element)
	g.place(t, &g.answered, g.limits.Answered)
	return nil
}

// spendRate takes an answer from what is given in all. The more wrong guesses an
// address has behind it, the fuller the bucket must be, so that a flood of guessers
// leaves the rest of it to those who have none; below that is the reserve.
func (g *Gate) spendRate(from *address, now time.Time) bool {
	wrong := 1 - from.guesses.level(now)/from.guesses.size
	if g.rate.level(now) >= 1+wrong*(g.rate.size-1) && g.rate.take(now) {
		return true
	}
	return now.Sub(from.good) <= goodFor && g.reserve.take(now)
}

// leave gives the place up, and the guess back after a success.
func (t *ticket) leave(success bool) {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	t.drop()
	if success && t.guessed {
		now := g.now()
		t.from.guesses.give(now)
		if t.from != g.crowd {
			t.from.good = now
		}
	}
	t.guessed = false
}

// account finds or opens the account of a prefix. When too many are remembered,
// those without debts are forgotten; if none is, the newcomer shares the crowd's.
func (g *Gate) account(p netip.Prefix, t time.Time) *address {
	if a := g.addresses[p]; a != nil {
		return a
	}
	if len(g.addresses) >= g.limits.Addresses {
		if t.Sub(g.swept) >= sweepEvery {
			g.swept = t
			for p, a := range g.addresses {
				if a.pending == 0 && a.guesses.level(t) >= float64(g.limits.Guesses) && t.Sub(a.good) > goodFor {
					delete(g.addresses, p)
				}
			}
		}
		if len(g.addresses) >= g.limits.Addresses {
			return g.crowd
		}
	}
	a := g.newAddress(t)
	g.addresses[p] = a
	return a
}

// prefixOf is what one guesser has at hand: an IPv4 address, a /64 of IPv6.
// Connections without an address share one account.
func prefixOf(a net.Addr) netip.Prefix {
	if a == nil {
		return netip.Prefix{}
	}
	var ip netip.Addr
	if t, ok := a.(*net.TCPAddr); ok {
		ip, _ = netip.AddrFromSlice(t.IP)
	} else if ap, err := netip.ParseAddrPort(a.String()); err == nil {
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}

// mayLinger reports whether one more refusal may wait for its client to hear it.
func (g *Gate) mayLinger() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lingering >= maxLingering {
		return false
	}
	g.lingering++
	return true
}

func (g *Gate) lingered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lingering--
}

// A bucket fills at a rate up to its size. Taken tokens can be given back.
type bucket struct {
	size, perSecond, tokens float64
	at                      time.Time
}

func newBucket(size, perSecond float64, t time.Time) bucket {
	return bucket{size: size, perSecond: perSecond, tokens: size, at: t}
}

func (b *bucket) level(t time.Time) float64 {
	if d := t.Sub(b.at).Seconds(); d > 0 {
		b.tokens = min(b.size, b.tokens+d*b.perSecond)
		b.at = t
	}
	return b.tokens
}

func (b *bucket) take(t time.Time) bool {
	if b.level(t) < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *bucket) give(t time.Time) { b.tokens = min(b.size, b.level(t)+1) }
