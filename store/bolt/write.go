package bolt

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// writeBytes is the size of one write. Kernels write one of 16 MiB two to five
// times slower than 64 of 256 KiB.
const writeBytes = 256 << 10

// undo cuts a write that failed. A full disk is an ordinary state of the world,
// and the store goes on; after any other error nothing is certain.
func (s *Store) undo(at int64, cause error) error {
	if !diskFull(cause) {
		return s.fail(cause)
	}
	f := s.active.file
	if err := errors.Join(f.Truncate(at), f.Sync()); err != nil {
		return s.fail(errors.Join(cause, err))
	}
	// Nothing may stand behind the end, and what stands before it must be there.
	var last [1]byte
	if n, _ := f.ReadAt(last[:], at); n != 0 {
		return s.fail(cause)
	}
	if _, err := f.ReadAt(last[:], at-1); err != nil {
		return s.fail(errors.Join(cause, err))
	}
	return fmt.Errorf("the disk is full, nothing was stored; make room and try again: %w", cause)
}

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// packWriter collects small buffers into writes of writeBytes.
type packWriter struct {
	file file
	at   int64
	buf  []byte // of writeBufs
}

var writeBufs = sync.Pool{New: func() any { return new([writeBytes]byte) }}

func (w *packWriter) write(b []byte) error {
	if len(w.buf) == 0 && len(b) >= writeBytes {
		whole := len(b) - len(b)%writeBytes
		if err := w.direct(b[:whole]); err != nil {
			return err
		}
		b = b[whole:]
	}
	for len(b) > 0 {
		if w.buf == nil {
			w.buf = writeBufs.Get().(*[writeBytes]byte)[:0]
		}
		n := min(len(b), writeBytes-len(w.buf))
		w.buf, b = append(w.buf, b[:n]...), b[n:]
		if len(w.buf) == writeBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *packWriter) flush() error {
	err := w.direct(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *packWriter) direct(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), writeBytes)
		if _, err := w.file.WriteAt(b[:n], w.at); err != nil {
			return err
		}
		w.at, b = w.at+int64(n), b[n:]
	}
	return nil
}

func (w *packWriter) release() {
	if w.buf != nil {
		writeBufs.Put((*[writeBytes]byte)(w.buf[:writeBytes]))
	}
}
