package mux

import (
	"io"
	"sync"
	"time"
)

// A Stream is two byte streams, one each way, that end apart. It is an
// io.ReadWriteCloser with deadlines as a net.Conn has them; its methods may be
// called by many goroutines, and what one call of Write or Append queues stays
// together.
type Stream struct {
	m     *Session
	id    uint32
	kind  byte
	class Class

	writing sync.Mutex // held through one Write
	reading sync.Mutex // held through one Read

	mu       sync.Mutex // guards what follows
	accepted bool       // or opened here

	send      queue
	credit    int  // what the other end still lets us send
	queued    bool // in a list of the session, or in the writer's hands
	fin       bool // no more may be queued
	sentEnd   bool // FIN or RESET left
	sentReset bool
	werr      error
	writable  sync.Cond
	writeTime deadline
	low       int
	drained   func()
	above     bool // an Append left more than low

	recv     queue
	window   window
	avail    int  // what the other end may still send
	gotEnd   bool // FIN or RESET came
	gotReset bool
	shutRead bool // Close was called: drop what comes
	dropped  bool // something came that nobody will read
	rerr     error
	readable sync.Cond
	readTime deadline
	gone     bool // ended both ways, and the session has forgotten it

	// Guarded by the session's mutex.
	grant    uint32 // credit that waits to leave
	granting bool   // in the session's grants
}

func newStream(m *Session, id uint32, kind byte, class Class) *Stream {
	s := &Stream{m: m, id: id, kind: kind, class: class, credit: InitialWindow, avail: InitialWindow}
	s.window.size = InitialWindow
	s.accepted = m.ours(id)
	s.writable.L, s.readable.L = &s.mu, &s.mu
	s.writeTime.cond, s.readTime.cond = &s.writable, &s.readable
	return s
}

// accept takes the stream from the row of those that wait for it, and reports
// whether it is still any use.
func (s *Stream) accept() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = true
	return s.rerr == nil
}

// ID returns the stream's number, unique in its session.
func (s *Stream) ID() uint32 { return s.id }

// Kind returns what the opener said the stream is for.
func (s *Stream) Kind() byte { return s.kind }

// Class returns what goes first.
func (s *Stream) Class() Class { return s.class }

// Session returns the session that carries the stream.
func (s *Stream) Session() *Session { return s.m }

// canWrite returns why nothing more may be queued; the caller holds mu.
func (s *Stream) canWrite() error {
	switch {
	case s.werr != nil:
		return s.werr
	case s.fin:
		return ErrWriteClosed
	case s.m.shut.Load():
		return ErrClosed
	}
	return nil
}

// Write queues p, and waits while too much is queued. It returns when the last
// byte is queued, not when it has arrived.
func (s *Stream) Write(p []byte) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.canWrite(); err != nil {
			return n, err
		}
		if err := s.writeTime.passed(); err != nil {
			return n, err
		}
		// A piece that is not the last is at least a frame.
		if room := sendBuffer - s.send.n; room >= len(p)-n || room >= maxData {
			k := min(room, len(p)-n)
			s.push(p[n : n+k])
			if n += k; n == len(p) {
				return n, nil
			}
			continue
		}
		s.writable.Wait()
	}
}

// Append queues p whole, never blocks, and returns how many bytes of this stream
// now wait to leave. The caller bounds them: by not appending above a number that
// OnDrained tells it to go on below.
func (s *Stream) Append(p []byte) (waiting int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.canWrite(); err != nil {
		return s.send.n, err
	}
	s.push(p)
	s.above = s.send.n > s.low
	return s.send.n, nil
}

// push queues p for the writer; the caller holds mu.
func (s *Stream) push(p []byte) {
	if len(p) > 0 {
		s.send.push(p)
		s.m.pending.Add(int64(len(p)))
		s.schedule()
	}
}

// sendable reports whether the writer could take something; the caller holds mu.
func (s *Stream) sendable() bool {
	if s.sentEnd || s.werr != nil {
		return false
	}
	return s.send.n > 0 && s.credit > 0 || s.fin && s.send.n == 0
}

// schedule puts the stream in the row of those with something to send; the caller
// holds mu.
func (s *Stream) schedule() {
	if !s.queued && s.sendable() {
		s.queued = true
		s.m.mu.Lock()
		s.m.ready[s.class].push(s)
		s.m.wake.Signal()
		s.m.mu.Unlock()
	}
}

// Waiting returns how many bytes wait to leave.
func (s *Stream) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send.n
}

// OnDrained has f called each time that the waiting bytes fall to low or less
// after an Append left more. The session's writer calls it: it may append, and
// must neither block nor close the session.
func (s *Stream) OnDrained(low int, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.low, s.drained = low, f
	s.above = s.send.n > low
}

// CloseWrite ends this direction behind what is queued. The other end reads
// io.EOF there.
func (s *Stream) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeWrite()
}

func (s *Stream) closeWrite() error {
	if s.werr != nil {
		return s.werr
	}
	if !s.fin {
		s.fin = true
		s.m.pending.Add(1)
		s.writable.Broadcast()
		s.schedule()
	}
	return nil
}

// Close ends the stream for the caller: what is queued is still sent, what is
// unread is dropped, and if the other end sends more it hears a reset.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shutRead {
		return nil
	}
	s.shutRead = true
	s.dropped = s.dropped || s.recv.n > 0
	s.recv.clear()
	s.closeWrite()
	s.abandon()
	s.readTime.set(time.Time{})
	s.readable.Broadcast()
	return nil
}

// abandon resets the reading direction of a stream that was closed with something
// unread, as soon as its own end has left; the caller holds mu.
func (s *Stream) abandon() {
	if s.shutRead && s.dropped && s.sentEnd && !s.gotEnd && s.rerr == nil {
		s.rerr = ErrReadClosed
		s.sendReset(CodeClosed)
	}
}

// Reset ends both directions at once: what is queued here and unread there is
// dropped. The code tells the other end why.
func (s *Stream) Reset(code uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := &ResetError{Code: code}
	s.breakOff(err)
	if s.rerr == nil {
		s.rerr = err
	}
	s.recv.clear()
	s.readable.Broadcast()
	if !s.gone && !(s.sentEnd && s.gotEnd) {
		s.sendReset(code)
		s.settle()
	}
}

// breakOff drops what is queued; the caller holds mu.
func (s *Stream) breakOff(err error) {
	unsent := int64(s.send.n)
	if s.fin && !s.sentEnd && s.werr == nil {
		unsent++
	}
	s.send.clear()
	s.above = false
	if s.werr == nil {
		s.werr = err
	}
	s.writable.Broadcast()
	if unsent > 0 && s.m.pending.Add(-unsent) == 0 && s.m.shut.Load() {
		s.m.mu.Lock()
		s.m.wake.Signal()
		s.m.mu.Unlock()
	}
}

// sendReset queues a RESET; the caller holds mu.
func (s *Stream) sendReset(code uint32) {
	if s.sentReset {
		return
	}
	s.sentEnd, s.sentReset = true, true
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.control = appendNumber(m.control, frameReset, s.id, code)
		s.grant = 0
		m.wake.Signal()
	}
}

// settle lets the session forget a stream that has ended both ways; the caller
// holds mu.
func (s *Stream) settle() {
	if !s.sentEnd || !s.gotEnd || s.gone {
		return
	}
	s.gone = true
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.streams[s.id] == s {
		delete(m.streams, s.id)
		m.counts[b2i(m.ours(s.id))]--
		m.windows -= s.window.size - InitialWindow
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lose ends a stream with its session. What came before can still be read.
func (s *Stream) lose(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	s.breakOff(err)
	if s.rerr == nil && !s.gotEnd {
		s.rerr = err
	}
	s.readable.Broadcast()
}

// Read takes what has come, up to len(p): where many small messages came, many.
// io.EOF behind the other end's CloseWrite.
func (s *Stream) Read(p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.shutRead {
			return 0, ErrReadClosed
		}
		if err := s.readTime.passed(); err != nil {
			return 0, err
		}
		if len(p) == 0 {
			return 0, nil
		}
		if s.recv.n > 0 {
			n := s.recv.pop(p)
			s.giveCredit()
			return n, nil
		}
		if s.rerr != nil {
			return 0, s.rerr
		}
		if s.gotEnd {
			return 0, io.EOF
		}
		s.readable.Wait()
	}
}

// SetReadDeadline ends reads that wait at t, and every read from then on, with an
// error that matches os.ErrDeadlineExceeded. The zero time is no deadline.
func (s *Stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readTime.set(t)
	return nil
}

// SetWriteDeadline does for Write what SetReadDeadline does for Read.
func (s *Stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeTime.set(t)
	return nil
}

// SetDeadline sets both.
func (s *Stream) SetDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readTime.set(t)
	s.writeTime.set(t)
	return nil
}
