package peertest

import (
	"errors"
	"io"
	"math/rand"
	"net"
	"sync"
	"time"
)

const (
	// dialTimeout bounds how long a link tries its target, which is on this machine.
	dialTimeout = 5 * time.Second
	// pieceMax is how much a pipe moves at once where no rate asks for less.
	pieceMax = 64 << 10
	// packet is the least piece: what a link sends as a whole.
	packet = 1400
	// unlimitedFlight is what may be under way where no rate says how much a link
	// holds: enough for 250 MB/s over 30 ms.
	unlimitedFlight = 8 << 20
	// shortFlight is the same without a delay, so that a receiver that does not
	// read is felt by the sender soon.
	shortFlight = 256 << 10
	// endBuffer is the kernel's buffer at a link with a rate. Without it, the
	// kernel would be a queue of megabytes in front of the link's own.
	endBuffer = 32 << 10
)

// A Conn is one connection over a link.
type Conn struct {
	link      *Link
	near, far *net.TCPConn // the dialer's end, the target's
	done      chan struct{}
	once      sync.Once
}

// Cut resets this connection alone, at both ends.
func (c *Conn) Cut() { c.end(true) }

func (c *Conn) end(reset bool) {
	c.once.Do(func() {
		c.link.mu.Lock()
		delete(c.link.conns, c)
		c.link.mu.Unlock()
		close(c.done)
		for _, end := range []*net.TCPConn{c.near, c.far} {
			if reset {
				end.SetLinger(0)
			}
			end.Close()
		}
	})
}

func (c *Conn) shrink(cond Conditions) {
	if cond.Rate > 0 {
		for _, end := range []*net.TCPConn{c.near, c.far} {
			end.SetReadBuffer(endBuffer)
			end.SetWriteBuffer(endBuffer)
		}
	}
}

// connect dials the target for a connection and moves bytes until it ends.
func (l *Link) connect(near *net.TCPConn) {
	defer l.wg.Done()
	refuse := func() {
		near.SetLinger(0)
		near.Close()
	}
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	if cut {
		refuse()
		return
	}
	far, err := net.DialTimeout("tcp", l.target, dialTimeout)
	if err != nil {
		refuse()
		return
	}
	c := &Conn{link: l, near: near, far: far.(*net.TCPConn), done: make(chan struct{})}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.nextSeed += 2
	seed, gone := l.nextSeed, l.cut || l.closed
	c.shrink(l.cond)
	l.mu.Unlock()
	if gone {
		c.end(true)
		return
	}
	var wg sync.WaitGroup
	for _, p := range []*pipe{
		{conn: c, dir: Up, src: c.near, dst: c.far},
		{conn: c, dir: Down, src: c.far, dst: c.near},
	} {
		p.parcels = make(chan parcel, unlimitedFlight/packet)
		p.landed = make(chan struct{}, 1)
		p.random = rand.New(rand.NewSource(seed + int64(p.dir)))
		wg.Add(2)
		go func() { defer wg.Done(); p.take() }()
		go func() { defer wg.Done(); p.deliver() }()
	}
	wg.Wait()
	c.end(false)
}

// A parcel is bytes under way.
type parcel struct {
	bytes []byte
	due   time.Time
	end   bool // nothing follows
}

// A pipe is one direction of a connection: take reads and dates, deliver waits
// and writes.
type pipe struct {
	conn     *Conn
	dir      Direction
	src, dst *net.TCPConn
	parcels  chan parcel
	landed   chan struct{} // something was delivered
	random   *rand.Rand

	mu     sync.Mutex // guards flight
	flight int
}

// moving waits while the link is stalled and returns its conditions, or false
// when the connection ended.
func (p *pipe) moving() (Conditions, bool) {
	l := p.conn.link
	for {
		l.mu.Lock()
		cond, stalled, changed := l.cond, l.stalled, l.changed
		l.mu.Unlock()
		if !stalled {
			return cond, true
		}
		select {
		case <-changed:
		case <-p.conn.done:
			return cond, false
		}
	}
}

// sleep waits until a time, or returns false when the connection ended.
func (p *pipe) sleep(until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.conn.done:
		return false
	}
}

// room waits until less is under way than the link holds.
func (p *pipe) room(limit int) bool {
	for {
		p.mu.Lock()
		free := p.flight < limit
		p.mu.Unlock()
		if free {
			return true
		}
		select {
		case <-p.landed:
		case <-p.conn.done:
			return false
		}
	}
}

// capacity is how much a link holds, and piece how much of it moves as one.
func (c Conditions) capacity() (capacity, piece int) {
	if c.Rate <= 0 {
		if c.Delay+c.Jitter == 0 {
			return shortFlight, pieceMax
		}
		return unlimitedFlight, pieceMax
	}
	inWire := int64(float64(c.Rate) * (c.Delay + c.Jitter).Seconds())
	return c.queue() + 2*int(inWire) + pieceMax, min(max(int(c.Rate/1000), packet), pieceMax)
}

func (p *pipe) take() {
	defer close(p.parcels)
	var free, last time.Time // when the rate limit is idle again; when the last parcel is due
	for {
		cond, ok := p.moving()
		if !ok {
			return
		}
		if cond.Rate > 0 && !p.sleep(free.Add(-time.Duration(float64(cond.queue())/float64(cond.Rate)*float64(time.Second)))) {
			return
		}
		capacity, piece := cond.capacity()
		if !p.room(capacity) {
			return
		}
		buf := make([]byte, piece)
		n, err := p.src.Read(buf)
		if n > 0 {
			now := time.Now()
			if free.Before(now) {
				free = now
			}
			if cond.Rate > 0 {
				free = free.Add(time.Duration(int64(n) * int64(time.Second) / cond.Rate))
			}
			due := free.Add(cond.Delay)
			if cond.Jitter > 0 {
				due = due.Add(time.Duration(p.random.Int63n(int64(cond.Jitter))))
			}
			if due.Before(last) {
				due = last
			}
			last = due
			passed, end := p.conn.link.enter(p.dir, buf[:n])
			p.mu.Lock()
			p.flight += passed
			p.mu.Unlock()
			if !p.send(parcel{bytes: buf[:passed], due: due, end: end}) {
				return
			}
			if end {
				io.Copy(io.Discard, p.src)
				return
			}
		}
		if errors.Is(err, io.EOF) {
			due := time.Now().Add(cond.Delay)
			if due.Before(last) {
				due = last
			}
			p.send(parcel{due: due, end: true})
			return
		}
		if err != nil {
			p.conn.end(true)
			return
		}
	}
}

func (p *pipe) send(x parcel) bool {
	select {
	case p.parcels <- x:
		return true
	case <-p.conn.done:
		return false
	}
}

func (p *pipe) deliver() {
	for x := range p.parcels {
		if !p.sleep(x.due) {
			return
		}
		if _, ok := p.moving(); !ok {
			return
		}
		if len(x.bytes) > 0 {
			n, err := p.dst.Write(x.bytes)
			l := p.conn.link
			l.mu.Lock()
			l.carried[p.dir] += int64(n)
			l.mu.Unlock()
			p.mu.Lock()
			p.flight -= len(x.bytes)
			p.mu.Unlock()
			select {
			case p.landed <- struct{}{}:
			default:
			}
			if err != nil {
				p.conn.end(true)
				return
			}
		}
		if x.end {
			p.dst.CloseWrite()
			return
		}
	}
}
