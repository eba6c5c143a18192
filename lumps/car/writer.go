package car

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"hearth/lumps"
	"hearth/store"
)

// Writer writes an archive of version 1.
type Writer struct {
	w    *bufio.Writer
	head []byte
}

// NewWriter begins an archive with the given roots.
func NewWriter(w io.Writer, roots ...lumps.CID) (*Writer, error) {
	if roots == nil {
		roots = []lumps.CID{}
	}
	h, err := lumps.Marshal(header{Roots: roots, Version: 1})
	if err != nil {
		return nil, err
	}
	if len(h) > maxHeader {
		return nil, fmt.Errorf("%d roots do not go into one archive", len(roots))
	}
	cw := &Writer{w: bufio.NewWriterSize(w, 256<<10)}
	if _, err := cw.w.Write(binary.AppendUvarint(nil, uint64(len(h)))); err != nil {
		return nil, err
	}
	_, err = cw.w.Write(h)
	return cw, err
}

// WriteBlock adds a block. That it is what its CID says is the caller's word.
func (w *Writer) WriteBlock(c lumps.CID, data []byte) error {
	if len(data) > lumps.MaxBlock {
		return fmt.Errorf("block %s of %d bytes is %w", c, len(data), store.ErrTooLarge)
	}
	w.head = binary.AppendUvarint(w.head[:0], uint64(lumps.CIDLen+len(data)))
	w.head = append(w.head, c[:]...)
	if _, err := w.w.Write(w.head); err != nil {
		return err
	}
	_, err := w.w.Write(data)
	return err
}

// Flush writes what is buffered. An archive is complete after it.
func (w *Writer) Flush() error { return w.w.Flush() }

// Export writes all that the roots reach: the bytes that `ipfs dag export` writes
// for a single root.
func Export(ctx context.Context, w io.Writer, b store.Blocks, roots ...lumps.CID) (blocks int64, err error) {
	cw, err := NewWriter(w, roots...)
	if err != nil {
		return 0, err
	}
	err = store.Walk(ctx, b, roots, func(c lumps.CID, data []byte) (bool, error) {
		blocks++
		return true, cw.WriteBlock(c, data)
	})
	if err != nil {
		return blocks, err
	}
	return blocks, cw.Flush()
}
