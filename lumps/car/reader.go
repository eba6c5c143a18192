package car

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"hearth/lumps"
	"hearth/store"
)

// Reader reads an archive of version 1, or the one within an archive of version 2.
type Reader struct {
	r     *bufio.Reader
	at    int64 // in the file
	end   int64 // of the part that holds blocks
	roots []lumps.CID
	err   error // what ended the reading
}

// pragma is how every archive of version 2 begins, its length included.
var pragma = []byte{0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02}

// header2Len is the header of version 2 behind the pragma.
const header2Len = 40

// NewReader reads the header of an archive. An error of r is returned as it is,
// one of the archive as an *Error.
func NewReader(r io.Reader) (*Reader, error) {
	cr := &Reader{r: bufio.NewReaderSize(r, 64<<10), end: math.MaxInt64}
	if b, err := cr.r.Peek(len(pragma)); err == nil && bytes.Equal(b, pragma) {
		if err := cr.enterVersion2(); err != nil {
			return nil, err
		}
	}
	start := cr.at
	b, err := cr.section(maxHeader)
	if err == io.EOF {
		err = cr.bad(start, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, err
	}
	var h header
	if err := lumps.Unmarshal(b, &h); err != nil {
		return nil, cr.bad(start, fmt.Errorf("the header cannot be read: %w", err))
	}
	if h.Version != 1 {
		return nil, cr.bad(start, fmt.Errorf("version %d is unknown", h.Version))
	}
	for _, c := range h.Roots {
		if c.IsZero() {
			return nil, cr.bad(start, errors.New("a root is no CID"))
		}
	}
	cr.roots = h.Roots
	return cr, nil
}

func (r *Reader) bad(at int64, err error) error { return &Error{at, err} }

// enterVersion2 goes to the blocks within an archive of version 2.
func (r *Reader) enterVersion2() error {
	b := make([]byte, len(pragma)+header2Len)
	if err := r.full(b, 0); err != nil {
		return err
	}
	b = b[len(pragma)+16:]
	from, size := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if from < uint64(r.at) || from > math.MaxInt64 || size > math.MaxInt64-from {
		return r.bad(int64(len(pragma)), fmt.Errorf("%d bytes at %d cannot be", size, from))
	}
	n, err := io.CopyN(io.Discard, r.r, int64(from)-r.at)
	r.at += n
	if err == io.EOF {
		return r.bad(r.at, io.ErrUnexpectedEOF)
	}
	r.end = int64(from + size)
	return err
}

// Roots returns the roots that the header names. Whether their blocks are in the
// archive is not said by that.
func (r *Reader) Roots() []lumps.CID { return r.roots }

// Offset returns how much of the archive was read.
func (r *Reader) Offset() int64 { return r.at }

// Next returns the next block, verified. io.EOF behind the last; after another
// error the reading is over.
func (r *Reader) Next() (lumps.CID, []byte, error) {
	if r.err != nil {
		return lumps.CID{}, nil, r.err
	}
	c, data, err := r.next()
	r.err = err
	return c, data, err
}

func (r *Reader) next() (c lumps.CID, data []byte, err error) {
	start := r.at
	b, err := r.section(maxSection)
	if err != nil {
		return c, nil, err
	}
	n := lumps.CIDLen
	if len(b) >= 2 && b[0] == lumps.SHA256 && b[1] == 32 { // version 0 is the multihash alone
		n = 34
	}
	if len(b) < n {
		return c, nil, r.bad(start, fmt.Errorf("a section of %d bytes has no room for a CID", len(b)))
	}
	if c, err = lumps.FromBytes(b[:n]); err != nil {
		return c, nil, r.bad(start, err)
	}
	data = b[n:]
	if err := (store.Block{CID: c, Data: data}).Verify(); err != nil {
		return c, nil, r.bad(start, err)
	}
	return c, data, nil
}

// section reads a length and that many bytes. io.EOF if there is nothing more.
func (r *Reader) section(limit uint64) ([]byte, error) {
	start := r.at
	var n uint64
	for shift := 0; ; shift += 7 {
		if r.at == r.end {
			if shift == 0 {
				return nil, io.EOF
			}
			return nil, r.bad(start, io.ErrUnexpectedEOF)
		}
		b, err := r.r.ReadByte()
		if err == io.EOF {
			if shift == 0 && r.end == math.MaxInt64 {
				return nil, io.EOF
			}
			err = r.bad(start, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, err
		}
		r.at++
		n |= uint64(b&0x7f) << shift
		if n > limit || shift > 21 {
			return nil, r.bad(start, fmt.Errorf("a length of more than %d", limit))
		}
		if b < 0x80 {
			break
		}
	}
	if int64(n) > r.end-r.at {
		return nil, r.bad(start, io.ErrUnexpectedEOF)
	}
	b := make([]byte, n)
	return b, r.full(b, start)
}

// full reads all of b; start is what an archive that ends is blamed on.
func (r *Reader) full(b []byte, start int64) error {
	n, err := io.ReadFull(r.r, b)
	r.at += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.bad(start, io.ErrUnexpectedEOF)
	}
	return err
}

// importBatch is how many bytes of blocks are put at a time.
const importBatch = 4 << 20

// Imported is what an import brought.
type Imported struct {
	Roots  []lumps.CID
	Blocks int64
	Bytes  int64
}

// Import puts the blocks of an archive. Blocks that were read before an error stay.
func Import(ctx context.Context, r io.Reader, b store.Blocks) (Imported, error) {
	cr, err := NewReader(r)
	if err != nil {
		return Imported{}, err
	}
	done := Imported{Roots: cr.Roots()}
	var batch []store.Block
	size := 0
	put := func() error {
		if err := b.Put(ctx, batch...); err != nil {
			return err
		}
		done.Blocks += int64(len(batch))
		done.Bytes += int64(size)
		batch, size = batch[:0], 0
		return nil
	}
	for {
		c, data, err := cr.Next()
		if err != nil {
			if perr := put(); perr != nil || err == io.EOF {
				return done, perr
			}
			return done, err
		}
		batch, size = append(batch, store.Block{CID: c, Data: data}), size+len(data)
		if size >= importBatch {
			if err := put(); err != nil {
				return done, err
			}
		}
	}
}
