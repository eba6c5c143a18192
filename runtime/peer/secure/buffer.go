package secure

import (
	"io"
	"sync"
)

const (
	// smallRead is the buffer of a connection on which little comes, so that a
	// thousand idle ones cost little.
	smallRead = 4 << 10
	// largeRead takes several records with one call.
	largeRead = 128 << 10
	// quietReads is how many small reads in a row give a large buffer back.
	quietReads = 16
	// batch is how many full records are sealed for one call of the socket.
	batch = 8
)

var (
	largeReads = sync.Pool{New: func() any { return new([largeRead]byte) }}
	writers    = sync.Pool{New: func() any { return &writer{b: make([]byte, 0, batch*maxRecord)} }}
)

// A reader holds what came from the socket: b[from:to] is unopened, plain is the
// unread rest of the record opened last, which lies before from.
type reader struct {
	small    []byte
	large    *[largeRead]byte
	b        []byte
	from, to int
	plain    []byte
	quiet    int
}

// next returns the next record if all of it is here.
func (r *reader) next() ([]byte, error) {
	have := r.b[r.from:r.to]
	n, err := recordLen(have)
	if err != nil || n == 0 || n > len(have) {
		return nil, err
	}
	r.from += n
	return have[:n], nil
}

// fill reads once from c, into a buffer that holds the whole of the next record.
// plain is empty.
func (r *reader) fill(c io.Reader) (int, error) {
	r.plain = nil
	r.room()
	n, err := c.Read(r.b[r.to:])
	r.to += n
	if r.large != nil {
		if r.quiet++; n > smallRead/2 {
			r.quiet = 0
		}
	} else if r.to == len(r.b) {
		r.grow()
	}
	return n, err
}

func (r *reader) room() {
	if r.b == nil {
		if r.small == nil {
			r.small = make([]byte, smallRead)
		}
		r.b = r.small
	}
	if r.from == r.to {
		r.from, r.to = 0, 0
		if r.large != nil && r.quiet >= quietReads {
			largeReads.Put(r.large)
			r.large, r.b = nil, r.small
		}
	}
	want, _ := recordLen(r.b[r.from:r.to])
	if want > len(r.b) {
		r.grow()
	}
	// A buffer that is nearly full would be read in crumbs.
	if r.from > 0 && (r.from+max(want, headerLen) > len(r.b) || len(r.b)-r.to < len(r.b)/4) {
		r.to = copy(r.b, r.b[r.from:r.to])
		r.from = 0
	}
}

func (r *reader) grow() {
	r.large = largeReads.Get().(*[largeRead]byte)
	r.to = copy(r.large[:], r.b[r.from:r.to])
	r.from, r.b, r.quiet = 0, r.large[:], 0
}

// release gives the buffers up. What was opened and is not read yet stays readable:
// a large buffer that holds it is left to the collector.
func (r *reader) release() {
	if r.large != nil && len(r.plain) == 0 {
		largeReads.Put(r.large)
	}
	r.large, r.b, r.small = nil, nil, nil
	r.from, r.to = 0, 0
}

// A writer packs buffers into sealed records.
type writer struct{ b []byte }

// pack seals the first bytes of bufs behind the skipped ones, up to a batch of
// records, into w.b. It returns how many bytes that took, what is left, and how much
// of its first buffer is done.
func (w *writer) pack(out *half, bufs [][]byte, skip int) (int, [][]byte, int) {
	w.b = w.b[:0]
	total := 0
	for range batch {
		start := len(w.b)
		w.b = append(w.b, 0, 0, 0, typeData)
		room := MaxPayload
		for len(bufs) > 0 && room > 0 {
			rest := bufs[0][skip:]
			n := min(room, len(rest))
			w.b = append(w.b, rest[:n]...)
			room -= n
			skip += n
			if n == len(rest) {
				bufs, skip = bufs[1:], 0
			}
		}
		if room == MaxPayload {
			w.b = w.b[:start]
			break
		}
		total += MaxPayload - room
		w.b = w.b[:start+len(out.seal(w.b[start:]))]
	}
	return total, bufs, skip
}

// close packs the close record.
func (w *writer) close(out *half) {
	w.b = append(w.b[:0], 0, 0, 0, typeClose)
	w.b = w.b[:len(out.seal(w.b))]
}
