package peer

import (
	"encoding/binary"
	"io"
)

// frames cuts a stream into frames. A frame is valid until the next call.
type frames struct {
	r          io.Reader
	buf        []byte
	start, end int
}

// busyBuffer is how much is read at a time where much comes.
const busyBuffer = 64 << 10

func newFrames(r io.Reader) *frames { return &frames{r: r, buf: make([]byte, 4<<10)} }

func (f *frames) next() (op byte, body []byte, err error) {
	if err := f.fill(4); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint32(f.buf[f.start:]))
	if n < 1 || n > MaxFrame {
		return 0, nil, broken("a frame of %d bytes", n)
	}
	if err := f.fill(4 + n); err != nil {
		return 0, nil, err
	}
	b := f.buf[f.start+4 : f.start+4+n]
	f.start += 4 + n
	return b[0], b[1:], nil
}

// fill reads until n bytes are there.
func (f *frames) fill(n int) error {
	if f.end-f.start >= n {
		return nil
	}
	if f.start > 0 {
		f.end = copy(f.buf, f.buf[f.start:f.end])
		f.start = 0
	}
	if n > len(f.buf) {
		// Grown by what has come, not by what is announced.
		grown := make([]byte, min(n, 4*len(f.buf)))
		copy(grown, f.buf[:f.end])
		f.buf = grown
	}
	for f.end < n {
		if f.end == len(f.buf) {
			return f.fill(n)
		}
		k, err := f.r.Read(f.buf[f.end:])
		f.end += k
		if f.end == len(f.buf) && len(f.buf) < busyBuffer {
			f.buf = append(f.buf, make([]byte, len(f.buf))...)
		}
		if err != nil && f.end < n {
			if err == io.EOF && f.end > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
