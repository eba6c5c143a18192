package mux

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a session; the zero value asks for the defaults.
type Options struct {
	// MaxStreams is how many streams each end may have open. An OPEN beyond it is
	// refused.
	MaxStreams int
	// KeepAlive is how long the peer may be silent before it is asked for a sign.
	KeepAlive time.Duration
	// Dead is how long the peer may be silent before the session ends with
	// ErrDead.
	Dead time.Duration
	// MaxWindow bounds the receive window of a stream; InitialWindow is the least.
	MaxWindow int
	// Memory bounds what the windows of all streams hold together above
	// InitialWindow each.
	Memory int
	// Logger hears why the session ended. Nil is silent.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.MaxStreams <= 0 {
		o.MaxStreams = DefaultMaxStreams
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = DefaultKeepAlive
	}
	if o.Dead <= 0 {
		o.Dead = DefaultDead
	}
	if o.MaxWindow <= 0 || o.MaxWindow > MaxWindow {
		o.MaxWindow = MaxWindow
	}
	o.MaxWindow = max(o.MaxWindow, InitialWindow)
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	return o
}

// A Session is one end of a connection that carries streams. Its methods may be
// called by many goroutines.
type Session struct {
	c      io.ReadWriteCloser
	o      Options
	client bool
	start  time.Time // every instant is counted from here

	accepts chan *Stream
	done    chan struct{}
	ended   chan struct{} // both goroutines returned, and the connection is closed
	running atomic.Int32
	shut    atomic.Bool  // Close was called: nothing more may be queued
	pending atomic.Int64 // bytes and ends of streams that wait to leave
	heard   atomic.Int64 // when the last byte came
	alive   *time.Timer  // runs tend

	mu       sync.Mutex // guards what follows
	wake     sync.Cond  // the writer has something to do
	err      error
	streams  map[uint32]*Stream
	refused  map[uint32]int // credit of refused streams whose end has not come
	next     uint32         // id of the next stream from here
	last     uint32         // highest id from the other end
	counts   [2]int         // streams opened there, here
	control  []byte         // frames that go first
	ready    [classes]list  // streams with something to send
	grants   list           // streams with credit to give
	windows  int            // what windows hold above their floor
	closing  *ClosedError
	flushNow bool        // say goodbye without waiting for streams
	said     bool        // the goodbye is in the writer's hands
	hasty    *time.Timer // moves a close on
	pings    pings
}

// New starts a session over a connection, which is then the session's alone. One
// end is the client: the one that dialed. The session ends with Close or when the
// connection fails; it closes the connection.
func New(c io.ReadWriteCloser, client bool, o Options) *Session {
	o = o.withDefaults()
	m := &Session{
		c: c, o: o, client: client, start: time.Now(),
		accepts: make(chan *Stream, o.MaxStreams), done: make(chan struct{}), ended: make(chan struct{}),
		streams: make(map[uint32]*Stream), refused: make(map[uint32]int), next: 2,
	}
	if client {
		m.next = 1
	}
	m.wake.L = &m.mu
	m.pings.init()
	m.running.Store(3) // the two and fail
	m.mu.Lock()
	m.probe(m.now(), false)
	m.alive = time.AfterFunc(m.tick(), m.tend)
	m.mu.Unlock()
	go m.write()
	go m.read()
	return m
}

// now is the time since the session started.
func (m *Session) now() time.Duration { return time.Since(m.start) }

// ours reports whether this end opens streams with such an id.
func (m *Session) ours(id uint32) bool { return (id&1 == 1) == m.client }

// Open starts a stream. The other end learns its kind, a byte that says what the
// stream is for. ErrTooManyStreams when MaxStreams are open.
func (m *Session) Open(kind byte, class Class) (*Stream, error) {
	if class >= classes {
		panic("mux: no such class")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil:
		return nil, m.err
	case m.closing != nil:
		return nil, m.closing
	case m.counts[1] >= m.o.MaxStreams || m.next > math.MaxUint32-2:
		return nil, ErrTooManyStreams
	}
	s := newStream(m, m.next, kind, class)
	m.next += 2
	m.counts[1]++
	m.streams[s.id] = s
	m.control = appendOpen(m.control, s.id, class, kind)
	m.wake.Signal()
	return s, nil
}

// Accept waits for a stream that the other end opened. One that was reset before
// anybody accepted it is passed over.
func (m *Session) Accept(ctx context.Context) (*Stream, error) {
	for {
		select {
		case s := <-m.accepts:
			if s.accept() {
				return s, nil
			}
			continue
		default:
		}
		select {
		case s := <-m.accepts:
			if s.accept() {
				return s, nil
			}
		case <-m.done:
			return nil, m.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Done is closed when the session has ended.
func (m *Session) Done() <-chan struct{} { return m.done }

// Err says why the session ended: it matches ErrClosed, ErrDead, ErrLost or
// ErrProtocol. Nil while it lives.
func (m *Session) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// NumStreams returns how many streams have not ended both ways.
func (m *Session) NumStreams() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.streams)
}

// An aborter can end without the ceremony of Close, as the secured connection can.
type aborter interface{ Abort() }

// fail ends the session, once.
func (m *Session) fail(err error) {
	m.mu.Lock()
	if m.err != nil {
		m.mu.Unlock()
		return
	}
	defer m.leave()
	m.err = err
	m.shut.Store(true)
	close(m.done)
	streams := make([]*Stream, 0, len(m.streams))
	for _, s := range m.streams {
		streams = append(streams, s)
	}
	clear(m.streams)
	m.counts = [2]int{}
	m.wake.Broadcast()
	m.mu.Unlock()
	m.alive.Stop()
	if m.hasty != nil {
		m.hasty.Stop()
	}
	for _, s := range streams {
		s.lose(err)
	}
	if a, ok := m.c.(aborter); ok && errors.Is(err, ErrDead) {
		a.Abort() // there is nobody to say goodbye to
	} else {
		m.c.Close()
	}
	if m.o.Logger != nil {
		m.o.Logger.Debug("peer session ended", "why", err)
	}
}

// leave is called by each of the two goroutines as it returns, and by fail.
func (m *Session) leave() {
	if m.running.Add(-1) == 0 {
		close(m.ended)
	}
}

// A list is streams in a row. A stream stands in one list of a kind at a time.
type list struct {
	streams []*Stream
	head    int
}

func (l *list) len() int { return len(l.streams) - l.head }

func (l *list) push(s *Stream) {
	if l.head > 0 && len(l.streams) == cap(l.streams) {
		n := copy(l.streams, l.streams[l.head:])
		clear(l.streams[n:])
		l.streams, l.head = l.streams[:n], 0
	}
	l.streams = append(l.streams, s)
}

func (l *list) pop() *Stream {
	s := l.streams[l.head]
	l.streams[l.head] = nil
	if l.head++; l.head == len(l.streams) {
		l.streams, l.head = l.streams[:0], 0
	}
	return s
}
