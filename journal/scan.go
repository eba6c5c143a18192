package journal

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
)

// readPiece is how much a scanner reads at once: large enough that the calls
// are noise, small enough for looking up one record.
const readPiece = 64 << 10

var readBuffers = sync.Pool{New: func() any { b := make([]byte, 0, readPiece); return &b }}

// frame is a frame at its place. The body is valid until the scanner's next step.
type frame struct {
	head
	body []byte
	off  int64
	end  int64
}

// badFrame reports bytes that are no frame.
type badFrame struct {
	off int64
	err error // errHead, errBody, errPad or io.ErrUnexpectedEOF
}

func (e *badFrame) Error() string { return e.err.Error() }
func (e *badFrame) Unwrap() error { return e.err }

// scanner steps through the frames of a segment.
type scanner struct {
	r    io.Reader
	salt uint32
	pool *[]byte
	buf  []byte // unread: buf[lo:]
	lo   int
	off  int64 // of buf[lo]
	eof  bool
}

// newScanner reads frames from r, whose first byte is at off in the segment.
func newScanner(r io.Reader, off int64, salt uint64) *scanner {
	p := readBuffers.Get().(*[]byte)
	return &scanner{r: r, off: off, salt: saltCRC(salt), pool: p, buf: (*p)[:0]}
}

// close gives the buffer back; the last frame's body is not valid any more.
func (s *scanner) close() {
	if s.pool != nil {
		readBuffers.Put(s.pool)
	}
	s.pool, s.buf, s.lo, s.eof = nil, nil, 0, true
}

// need makes n bytes stand in the buffer, or as many as there are.
func (s *scanner) need(n int) ([]byte, error) {
	for len(s.buf)-s.lo < n && !s.eof {
		if s.lo > 0 {
			s.buf = s.buf[:copy(s.buf, s.buf[s.lo:])]
			s.lo = 0
		}
		want := max(readPiece, n)
		if cap(s.buf) < want {
			s.buf = append(make([]byte, 0, want), s.buf...)
		}
		m, err := io.ReadAtLeast(s.r, s.buf[len(s.buf):want], n-len(s.buf))
		s.buf = s.buf[:len(s.buf)+m]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			s.eof = true
		} else if err != nil {
			return nil, err
		}
	}
	return s.buf[s.lo:min(len(s.buf), s.lo+n)], nil
}

func (s *scanner) skip(n int) { s.lo += n; s.off += int64(n) }

// next returns the next frame, io.EOF when no byte is left, or a *badFrame, and
// stays where it is then.
func (s *scanner) next() (frame, error) {
	b, err := s.need(frameHead)
	if err != nil {
		return frame{}, err
	}
	if len(b) == 0 {
		return frame{}, io.EOF
	}
	if len(b) < frameHead {
		return frame{}, &badFrame{s.off, io.ErrUnexpectedEOF}
	}
	h, err := decodeHead(b, s.salt)
	if err != nil {
		return frame{}, &badFrame{s.off, err}
	}
	n := int(frameLen(int(h.len)))
	if b, err = s.need(n); err != nil {
		return frame{}, err
	}
	if len(b) < n {
		return frame{}, &badFrame{s.off, io.ErrUnexpectedEOF}
	}
	if err := h.checkBody(b[frameHead:]); err != nil {
		return frame{}, &badFrame{s.off, err}
	}
	f := frame{head: h, body: b[frameHead : frameHead+h.len : frameHead+h.len], off: s.off, end: s.off + int64(n)}
	s.skip(n)
	return f, nil
}

var zeroPage [4096]byte

// resync searches behind where it stands for the next head that is whole, after
// a bad frame at from in whose place the record seq was expected. It returns
// io.EOF when there is none, with s.off at the end. It calls used for where
// bytes other than zero end.
func (s *scanner) resync(seq uint64, from int64, used func(end int64)) (head, error) {
	s.skip(min(frameAlign, len(s.buf)-s.lo))
	for {
		b, err := s.need(max(frameHead, len(zeroPage)))
		if err != nil {
			return head{}, err
		}
		if len(b) == len(zeroPage) && bytes.Equal(b, zeroPage[:]) {
			s.skip(len(b) - frameHead) // a head may begin in its last bytes
			continue
		}
		i := 0
		for ; i+frameHead <= len(b); i += frameAlign {
			if binary.LittleEndian.Uint32(b[i:]) != 0 {
				used(s.off + int64(i) + frameAlign)
			}
			// Only so many records fit between the bad frame and this one.
			room := uint64(s.off+int64(i)-from) / frameHead
			if q := binary.LittleEndian.Uint64(b[i+16:]); q < seq-1 || q-(seq-1) > room+1 {
				continue
			}
			if h, err := decodeHead(b[i:], s.salt); err == nil {
				s.skip(i)
				return h, nil
			}
		}
		if s.eof && len(s.buf)-s.lo <= len(b) {
			if rest := bytes.TrimRight(b[min(i, len(b)):], "\x00"); len(rest) > 0 {
				used(s.off + int64(i+len(rest)))
			}
			s.skip(len(b))
			return head{}, io.EOF
		}
		s.skip(i)
	}
}

// isBad reports whether err is about the bytes and not about reading them. next
// returns *badFrame itself, so nothing needs to be unwrapped.
func isBad(err error) (*badFrame, bool) {
	b, ok := err.(*badFrame)
	return b, ok
}
