package bolt

import (
	"errors"
	"io"
)

const (
	// scanWindow is how much of a pack is read at a time when it is scanned: several
	// of the largest records.
	scanWindow = 4 << 20
	// searchBudget bounds the bytes that are summed in search of a record behind
	// damage. Content can be made so that every byte looks like the beginning of a
	// large record; this ends the search in seconds.
	searchBudget = 8 << 30
)

// window reads a pack forward through a buffer.
type window struct {
	file io.ReaderAt
	size int64 // of what may be read
	buf  []byte
	at   int64 // offset of buf
}

// bytes returns n bytes at off, or fewer if the pack ends before. They are valid
// until the next call.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), w.size-off))
	if n <= 0 {
		return nil, nil
	}
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, min(scanWindow, w.size-off))
		}
		w.buf = w.buf[:min(int64(cap(w.buf)), w.size-off)]
		w.at = off
		got, err := w.file.ReadAt(w.buf, off)
		w.buf = w.buf[:got]
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		n = min(n, got)
	}
	return w.buf[off-w.at:][:n], nil
}

// record reads the record at off. ok is false if there is no intact one.
func (w *window) record(off int64, salt uint32) (q queued, rec []byte, ok bool, err error) {
	h, err := w.bytes(off, recHeader)
	if err != nil || len(h) < recHeader {
		return q, nil, false, err
	}
	r, ok := parseHeader(h)
	if !ok {
		return q, nil, false, nil
	}
	q.record = r // for who wants to know where the next one would be
	if rec, err = w.bytes(off, int(r.size())); err != nil || int64(len(rec)) < r.size() {
		return q, nil, false, err
	}
	d, ok := decode(r, rec, salt)
	if ok {
		q = d
	}
	return q, rec, ok, nil
}

// gap is a stretch of a pack that holds no records.
type gap struct {
	off, len int64
	last     bool // nothing stands behind it
}

// scanRecords calls found for every intact record from off to the end of the
// window, and lost for every stretch between. Either ends the scan by an error.
func scanRecords(w *window, off int64, salt uint32, found func(off int64, q queued, rec []byte) error, lost func(gap) error) error {
	for off < w.size {
		q, rec, ok, err := w.record(off, salt)
		if err != nil {
			return err
		}
		if ok {
			if err := found(off, q, rec); err != nil {
				return err
			}
			off += q.size()
			continue
		}
		next, err := w.search(off, q, salt)
		if err != nil {
			return err
		}
		if err := lost(gap{off, next - off, next == w.size}); err != nil {
			return err
		}
		off = next
	}
	return nil
}

// search returns the offset of the first intact record behind off, or the size.
func (w *window) search(off int64, bad queued, salt uint32) (int64, error) {
	if bad.kind != 0 {
		// The body is damaged more often than the header: look where it says.
		if next := off + bad.size(); next < w.size {
			if _, _, ok, err := w.record(next, salt); ok || err != nil {
				return next, err
			}
		}
	}
	budget := int64(searchBudget)
	for off++; off < w.size && budget > 0; off++ {
		h, err := w.bytes(off, recHeader)
		if err != nil {
			return 0, err
		}
		// Before the costly look: most bytes cannot begin a record.
		if len(h) < recHeader {
			break
		}
		if k := h[8]; k < kindBlock || k > kindRoot || h[11] != 0 {
			continue
		}
		q, _, ok, err := w.record(off, salt)
		if ok || err != nil {
			return off, err
		}
		budget -= q.size()
	}
	return w.size, nil
}
