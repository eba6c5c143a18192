package peertest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Conditions are what a link does to what it carries, each way alike.
type Conditions struct {
	Delay  time.Duration // one way
	Jitter time.Duration // added to Delay at random, up to this much; the order stays
	Rate   int64         // bytes a second; 0 is unlimited
	Queue  int           // bytes that may wait in front of the rate limit; 0 is DefaultQueue
	Loss   float64       // share of packets that are lost; a Link, whose bytes TCP keeps, has none
}

// DefaultQueue is the queue of a link that names none: a tenth of a second at
// 5 Mbit/s, what a cheap router has.
const DefaultQueue = 64 << 10

func (c Conditions) queue() int {
	if c.Queue > 0 {
		return c.Queue
	}
	return DefaultQueue
}

// A Direction is one way over a link.
type Direction int

const (
	Up   Direction = iota // from the one who dialed to the target
	Down                  // from the target back
)

// A Link is a relay on a loopback address: what is dialed at Addr is dialed again
// at the target, and what passes between the two suffers the link's conditions.
// It ends with its test and leaves no goroutine.
type Link struct {
	target   string
	listener *net.TCPListener
	done     chan struct{}
	wg       sync.WaitGroup

	mu       sync.Mutex // guards what follows, and is never held while bytes move
	cond     Conditions
	cut      bool
	stalled  bool
	closed   bool
	changed  chan struct{} // closed and replaced when stalled, cut or cond changes
	conns    map[*Conn]struct{}
	carried  [2]int64 // delivered
	entered  [2]int64 // read from the sender
	faults   [2][]fault
	nextSeed int64
}

// A fault waits for the byte at a position of one direction.
type fault struct {
	at   int64 // in bytes that entered the link
	kind faultKind
	bit  byte
}

type faultKind int

const (
	flip faultKind = iota
	truncate
)

// NewLink starts a link to a target, host:port.
func NewLink(t testing.TB, target string, c Conditions) *Link {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("peertest: a link needs a loopback port: %v", err)
	}
	l := &Link{
		target: target, listener: ln, cond: c,
		done: make(chan struct{}), changed: make(chan struct{}), conns: make(map[*Conn]struct{}),
	}
	l.wg.Add(1)
	go l.serve()
	t.Cleanup(l.close)
	return l
}

// Addr is what to dial instead of the target.
func (l *Link) Addr() string { return l.listener.Addr().String() }

func (l *Link) close() {
	l.mu.Lock()
	l.closed = true
	close(l.done)
	l.mu.Unlock()
	l.listener.Close()
	for _, c := range l.Conns() {
		c.Cut()
	}
	l.wg.Wait()
}

// notify wakes the pipes to look at the link again; the caller holds mu.
func (l *Link) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Set changes the conditions for what enters the link from now on.
func (l *Link) Set(c Conditions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cond = c
	for conn := range l.conns {
		conn.shrink(c)
	}
	l.notify()
}

// Cut resets every connection and, until Heal, every new one as soon as it is
// made. What was under way is lost.
func (l *Link) Cut() {
	l.mu.Lock()
	l.cut = true
	l.notify()
	l.mu.Unlock()
	for _, c := range l.Conns() {
		c.Cut()
	}
}

// Heal takes back Cut and Stall, and forgets faults that have not happened.
// Connections that were cut stay cut.
func (l *Link) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.stalled = false, false
	l.faults = [2][]fault{}
	l.notify()
}

// Stall stops all movement while connections stay, or lets it go on with nothing
// lost. A connection that is made meanwhile is accepted and hears nothing.
func (l *Link) Stall(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = on
	l.notify()
}

// FlipBit changes one bit of the byte that follows the next after bytes in a
// direction, counted over all connections from this call. Where two connections
// move at once, which of them it hits is open.
func (l *Link) FlipBit(after int64, d Direction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.entered[d] + after
	l.faults[d] = append(l.faults[d], fault{at: at, kind: flip, bit: byte(at % 8)})
}

// Truncate lets the next after bytes pass in a direction, counted as for FlipBit,
// and ends there what the receiver of the last of them hears, as if its sender had
// closed. The other direction goes on, and what the sender still says is lost.
func (l *Link) Truncate(after int64, d Direction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults[d] = append(l.faults[d], fault{at: l.entered[d] + after, kind: truncate})
}

// Carried returns how many bytes were delivered each way.
func (l *Link) Carried() (up, down int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.carried[Up], l.carried[Down]
}

// Conns returns the connections that are open.
func (l *Link) Conns() []*Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := make([]*Conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	return conns
}

// enter counts bytes that a sender gave to the link and does to them what the
// test asked for. It returns how many of them go on, and whether the stream ends
// behind them.
func (l *Link) enter(d Direction, p []byte) (n int, end bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.entered[d]
	n = len(p)
	l.entered[d] += int64(n)
	kept := l.faults[d][:0]
	for _, f := range l.faults[d] {
		i := f.at - from
		switch {
		case f.kind == flip && i >= 0 && i < int64(len(p)):
			p[i] ^= 1 << f.bit
		case f.kind == truncate && i <= int64(n):
			n, end = max(int(i), 0), true
		default:
			kept = append(kept, f)
		}
	}
	l.faults[d] = kept
	return n, end
}

func (l *Link) serve() {
	defer l.wg.Done()
	for {
		near, err := l.listener.AcceptTCP()
		if err != nil {
			return
		}
		l.wg.Add(1)
		go l.connect(near)
	}
}
