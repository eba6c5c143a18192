package mux

import (
	"encoding/binary"
	"io"
	"time"
	"unicode/utf8"
)

// incoming is what the reader knows of the frame that it is in.
type incoming struct {
	stream *Stream // nil: drop the payload
	left   int     // bytes of a DATA payload that have not come
	fin    bool
	now    time.Duration // when the last bytes came
	tokens int           // how many frames that carry nothing may still come
	filled time.Duration // when tokens were last given
}

// read is the goroutine that receives. Payloads are handed to streams as they
// come, so its buffer need hold no more than a control frame; and the rest of a
// large payload is read into a block that its stream takes as it is.
func (m *Session) read() {
	defer m.leave()
	in := incoming{tokens: floodBurst}
	buf := make([]byte, readMin)
	var spare *block
	defer func() {
		if spare != nil {
			blocks.Put(spare)
		}
	}()
	held, limit := 0, readMin
	for {
		var n int
		var err error
		if in.left >= wholeMin && in.stream != nil {
			if spare == nil {
				spare = blocks.Get().(*block)
			}
			if n, err = m.c.Read(spare.data[:in.left]); n > 0 {
				m.hear(&in)
				in.left -= n
				if in.stream.deliver(spare, spare.data[:n], in.now, in.fin && in.left == 0) {
					spare = nil
				}
			}
			limit = readLarge
		} else if n, err = m.c.Read(buf[held:max(limit, held+headerLen)]); n > 0 {
			m.hear(&in)
			held += n
			used, perr := m.parse(&in, buf[:held])
			if perr != nil {
				m.fail(perr)
				return
			}
			if held == len(buf) && len(buf) < readMax && in.left < wholeMin {
				grown := make([]byte, min(4*len(buf), readMax))
				held = copy(grown, buf[used:held])
				buf = grown
			} else {
				held = copy(buf, buf[used:held])
			}
			limit = len(buf)
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			m.lost(err)
			return
		}
	}
}

// hear notes that bytes came.
func (m *Session) hear(in *incoming) {
	in.now = m.now()
	m.heard.Store(int64(in.now))
}

// parse handles what has come and returns how much of it is done with.
func (m *Session) parse(in *incoming, b []byte) (used int, err error) {
	all := len(b)
	for {
		if in.left > 0 {
			k := min(in.left, len(b))
			if k == 0 {
				return all, nil
			}
			in.left -= k
			if in.stream != nil {
				in.stream.deliver(nil, b[:k], in.now, in.fin && in.left == 0)
			}
			b = b[k:]
			continue
		}
		if len(b) < headerLen {
			return all - len(b), nil
		}
		typ, flags := b[0], b[1]
		length, id := int(binary.BigEndian.Uint16(b[2:])), binary.BigEndian.Uint32(b[4:])
		if typ == frameData {
			if err := m.onData(in, flags, length, id); err != nil {
				return 0, err
			}
			b = b[headerLen:]
			continue
		}
		if length > maxReason {
			return 0, violation("a control frame of type %d claims %d bytes", typ, length)
		}
		if len(b) < headerLen+length {
			return all - len(b), nil
		}
		if err := m.onControl(in, typ, flags, id, b[headerLen:headerLen+length]); err != nil {
			return 0, err
		}
		b = b[headerLen+length:]
	}
}

// spend accounts for a frame that carries nothing.
func (in *incoming) spend(what string) error {
	if in.tokens--; in.tokens > 0 {
		return nil
	}
	in.tokens = int(min((in.now-in.filled).Seconds()*floodRate, floodBurst))
	in.filled = in.now
	if in.tokens < 1 {
		return violation("it floods with %s", what)
	}
	return nil
}

// known reports whether a stream with such an id was ever opened; the caller
// holds mu.
func (m *Session) known(id uint32) bool {
	if m.ours(id) {
		return id < m.next
	}
	return id != 0 && id <= m.last
}

// onData begins a DATA frame.
func (m *Session) onData(in *incoming, flags byte, length int, id uint32) error {
	fin := flags&flagFin != 0
	switch {
	case flags&^flagFin != 0:
		return violation("unknown flags %#x of data", flags)
	case length > maxData:
		return violation("data of %d bytes, more than %d", length, maxData)
	case length == 0 && !fin:
		return violation("data without bytes")
	}
	in.left, in.fin = length, fin
	m.mu.Lock()
	s := m.streams[id]
	if s == nil {
		defer m.mu.Unlock()
		credit, refused := m.refused[id]
		switch {
		case m.err != nil:
		case !refused:
			return violation("data for stream %d, which is not open", id)
		case length > credit:
			return violation("more data than credit on refused stream %d", id)
		case fin:
			delete(m.refused, id)
		default:
			m.refused[id] = credit - length
		}
		in.stream = nil
		return nil
	}
	m.mu.Unlock()
	in.stream = s
	return s.expect(length, fin, in)
}

// expect checks a DATA frame against what the stream allows.
func (s *Stream) expect(length int, fin bool, in *incoming) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		in.stream = nil
		return nil
	case s.gotEnd:
		return violation("data behind the end of stream %d", s.id)
	case length > s.avail:
		return violation("%d bytes on stream %d, which has credit for %d", length, s.id, s.avail)
	}
	s.avail -= length
	if fin && length == 0 {
		s.finish()
	}
	return nil
}

// deliver gives a stream a piece of a payload, the last one before its end or
// not. It reports whether it kept the block that the piece stands in, if any.
func (s *Stream) deliver(x *block, p []byte, now time.Duration, end bool) (kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.rerr != nil:
	case s.shutRead:
		s.dropped = true
		if !end {
			s.abandon()
		}
	default:
		// A block that is mostly empty would let a peer fill memory with little.
		if x != nil && len(p) >= blockSize/2 {
			s.recv.attach(x, len(p))
			kept = true
		} else {
			s.recv.push(p)
		}
		s.measure(len(p), now)
		s.readable.Signal()
	}
	if end {
		s.finish()
	}
	return kept
}

// finish ends the direction that comes in; the caller holds mu.
func (s *Stream) finish() {
	s.gotEnd = true
	s.settle()
	s.readable.Broadcast()
}

// onControl handles a frame that is not DATA.
func (m *Session) onControl(in *incoming, typ, flags byte, id uint32, p []byte) error {
	if flags != 0 && (typ != framePing || flags != flagQuiet) {
		return violation("unknown flags %#x of a frame of type %d", flags, typ)
	}
	want, ok := map[byte]int{frameOpen: 2, frameWindow: 4, frameReset: 4, framePing: 8, framePong: 8}[typ]
	switch {
	case !ok && typ != frameGoAway:
		return violation("unknown frame type %d", typ)
	case ok && len(p) != want:
		return violation("a frame of type %d with %d bytes", typ, len(p))
	case typ >= framePing && id != 0:
		return violation("a frame of type %d on stream %d", typ, id)
	}
	switch typ {
	case frameOpen:
		return m.onOpen(in, id, Class(p[0]), p[1])
	case frameWindow:
		return m.onWindow(in, id, binary.BigEndian.Uint32(p))
	case frameReset:
		return m.onReset(in, id, binary.BigEndian.Uint32(p))
	case framePing:
		if err := in.spend("pings"); err != nil {
			return err
		}
		return m.onPing(flags == flagQuiet, binary.BigEndian.Uint64(p), in.now)
	case framePong:
		return m.onPong(binary.BigEndian.Uint64(p), in.now)
	default:
		if !utf8.Valid(p) {
			return violation("a goodbye that is not text")
		}
		return &ClosedError{Reason: clip(string(p)), Remote: true}
	}
}

func (m *Session) onOpen(in *incoming, id uint32, class Class, kind byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case class >= classes:
		return violation("a stream of unknown class %d", class)
	case id == 0 || m.ours(id):
		return violation("it opened stream %d, which is not its to open", id)
	case id <= m.last:
		return violation("it opened stream %d behind stream %d", id, m.last)
	}
	m.last = id
	if m.err != nil {
		return nil
	}
	if m.counts[0] < m.o.MaxStreams && m.closing == nil {
		s := newStream(m, id, kind, class)
		select {
		case m.accepts <- s:
			m.counts[0]++
			m.streams[id] = s
			return nil
		default:
		}
	}
	if len(m.refused) >= maxRefused {
		return violation("it floods with streams that are refused")
	}
	m.refused[id] = InitialWindow
	m.control = appendNumber(m.control, frameReset, id, CodeRefused)
	m.wake.Signal()
	return in.spend("streams that are refused")
}

func (m *Session) onWindow(in *incoming, id uint32, credit uint32) error {
	if credit == 0 || credit > MaxWindow {
		return violation("credit of %d bytes", credit)
	}
	m.mu.Lock()
	s, known := m.streams[id], m.known(id)
	m.mu.Unlock()
	if s == nil {
		if !known {
			return violation("credit for stream %d, which was never opened", id)
		}
		return in.spend("credit for streams that are gone")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.credit += int(credit); s.credit > MaxWindow {
		return violation("credit of %d bytes in all on stream %d", s.credit, id)
	}
	s.schedule()
	return nil
}

func (m *Session) onReset(in *incoming, id, code uint32) error {
	m.mu.Lock()
	s, known := m.streams[id], m.known(id)
	if s == nil {
		delete(m.refused, id)
		m.mu.Unlock()
		if !known {
			return violation("a reset of stream %d, which was never opened", id)
		}
		return in.spend("resets of streams that are gone")
	}
	m.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gotReset {
		return violation("two resets of stream %d", id)
	}
	s.gotReset = true
	err := &ResetError{Code: code, Remote: true}
	if !s.sentEnd {
		s.breakOff(err)
		s.sendReset(CodeCancel)
	} else {
		s.breakOff(err)
	}
	if !s.gotEnd {
		s.gotEnd = true
		s.recv.clear()
		if s.rerr == nil {
			s.rerr = err
		}
	}
	s.settle()
	s.readable.Broadcast()
	if !s.accepted {
		return in.spend("streams that it resets at once")
	}
	return nil
}
