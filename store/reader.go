package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"hearth/lumps"
)

// maxDepth bounds how deep a file DAG goes: eight levels hold the largest file
// of Hearth's own layout, other layouts need some more.
const maxDepth = 64

// Reader reads a lump. It is an io.ReadSeeker and io.WriterTo for one goroutine;
// open another for another. Blocks are fetched, and verified, as they are needed.
type Reader struct {
	ctx    context.Context
	blocks Blocks
	path   []span // from the top to the block that was read last
	off    int64
}

// span is a block of a file and where its bytes are.
type span struct {
	start, end int64 // of the whole subtree
	data       []byte
	kids       []lumps.Child
	ends       []int64 // of the children
}

// OpenLump opens the lump c for reading. A file is read as its content, whatever
// the layout of its blocks; any other block as its own bytes. The context is
// that of all reading.
func OpenLump(ctx context.Context, b Blocks, c lumps.CID) (*Reader, error) {
	data, err := b.Get(ctx, c)
	if err != nil {
		return nil, err
	}
	f, err := lumps.ParseFile(c, data)
	if errors.Is(err, lumps.ErrNotFile) {
		f, err = lumps.File{Data: data, Size: int64(len(data))}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Reader{ctx: ctx, blocks: b, path: []span{newSpan(0, f)}}, nil
}

func newSpan(start int64, f lumps.File) span {
	s := span{start: start, end: start + f.Size, data: f.Data, kids: f.Children}
	at := start + int64(len(f.Data))
	s.ends = make([]int64, len(f.Children))
	for i, k := range f.Children {
		at += k.Size
		s.ends[i] = at
	}
	return s
}

// Size returns the bytes of the lump.
func (r *Reader) Size() int64 { return r.path[0].end }

// Read reads from the current offset.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.here()
	if err != nil {
		return 0, err
	}
	n := copy(p, b)
	r.off += int64(n)
	return n, nil
}

// WriteTo writes the rest of the lump to w, block by block.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	for {
		b, err := r.here()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		k, err := w.Write(b)
		n, r.off = n+int64(k), r.off+int64(k)
		if err != nil {
			return n, err
		}
		if k < len(b) {
			return n, io.ErrShortWrite
		}
	}
}

// Seek sets the offset. One beyond the end is no error; reading there is io.EOF.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.off
	case io.SeekEnd:
		offset += r.Size()
	case io.SeekStart:
	default:
		return r.off, fmt.Errorf("seek with whence %d: %w", whence, errors.ErrUnsupported)
	}
	if offset < 0 {
		return r.off, fmt.Errorf("seek to %d: before the beginning", offset)
	}
	r.off = offset
	return offset, nil
}

// here returns the bytes from the offset to the end of their block.
func (r *Reader) here() ([]byte, error) {
	if r.off >= r.Size() {
		return nil, io.EOF
	}
	for r.off < r.path[len(r.path)-1].start || r.off >= r.path[len(r.path)-1].end {
		r.path = r.path[:len(r.path)-1]
	}
	for {
		s := &r.path[len(r.path)-1]
		if at := r.off - s.start; at < int64(len(s.data)) {
			return s.data[at:], nil
		}
		if len(r.path) == maxDepth {
			return nil, fmt.Errorf("a lump of more than %d levels is not read", maxDepth)
		}
		i, _ := slices.BinarySearch(s.ends, r.off+1)
		kid := s.kids[i]
		f, err := r.fetch(kid)
		if err != nil {
			return nil, err
		}
		r.path = append(r.path, newSpan(s.ends[i]-kid.Size, f))
	}
}

func (r *Reader) fetch(kid lumps.Child) (lumps.File, error) {
	data, err := r.blocks.Get(r.ctx, kid.CID)
	if err != nil {
		return lumps.File{}, err
	}
	f, err := lumps.ParseFile(kid.CID, data)
	if err != nil {
		return lumps.File{}, err
	}
	return f, sizeAsClaimed(kid.CID, f.Size, kid.Size)
}

func sizeAsClaimed(c lumps.CID, size, claimed int64) error {
	if size == claimed {
		return nil
	}
	return &lumps.FormatError{CID: c, Err: fmt.Errorf("it holds %d bytes of a file, its parent says %d", size, claimed)}
}
