package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Checked says what Check went through.
type Checked struct {
	Segments int
	Records  uint64
	Bytes    int64
	Faults   int
}

// Check verifies every checksum and every link of the chain, in the folder and
// in the archive, up to the record that is durable at the call. It reports each
// fault and goes on behind it where it can. The error is of Check itself: the
// end of ctx, or a file that cannot be read.
func (j *Journal) Check(ctx context.Context, report func(*DamageError)) (Checked, error) {
	var c Checked
	to := j.durable.Load()
	found := func(e *DamageError) {
		c.Faults++
		report(e)
	}
	for from := j.First(); from <= to; {
		s, err := j.span(from)
		if err != nil {
			return c, err
		}
		next := s.Last + 1
		w, err := j.openWalker(ctx, from)
		var d *DamageError
		switch {
		case errors.As(err, &d):
			found(d)
		case err != nil:
			return c, err
		default:
			c.Segments++
			err := w.check(ctx, &c, found)
			c.Bytes += w.sc.off
			next = w.last + 1
			w.close()
			if err != nil {
				return c, err
			}
		}
		from = next
	}
	return c, nil
}

// check steps through the segment, which the walker stands at the beginning of.
func (w *walker) check(ctx context.Context, c *Checked, found func(*DamageError)) error {
	for w.seq <= w.last {
		if c.Records%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at := w.sc.off
		_, err := w.next()
		if err == nil {
			c.Records++
			continue
		}
		var d *DamageError
		if !errors.As(err, &d) {
			return err
		}
		found(d)
		if w.sc.off == at {
			// Not even a frame: search for the next.
			h, err := w.sc.resync(w.seq, at, func(int64) {})
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			w.seq = h.seq
			if h.mark() {
				w.seq++
			}
		} else {
			w.seq = w.at + 1 // a frame that is whole and does not fit: go on behind it
		}
		w.known, w.time = false, 0
	}
	if w.known && w.prev != w.LastHash {
		found(w.damage(w.sc.off, fmt.Sprintf("record %d is not the one that the next segment follows", w.last)))
	}
	if b, err := w.sc.need(1); err != nil {
		return err
	} else if len(b) > 0 && w.sealed {
		if f, err := w.sc.next(); err != nil || !f.mark() {
			found(w.damage(w.sc.off, "something stands behind the last record"))
		}
	}
	return nil
}

// verifySealed reads a sealed segment's file from end to end.
func (j *Journal) verifySealed(s *sealed, f File) error {
	w, err := newWalker(span{Segment: s.Segment, sealed: true, offsets: &offsets{}}, &fileSource{io.NewSectionReader(f, 0, s.Size), io.NopCloser(nil)}, s.First)
	if err != nil {
		return err
	}
	defer w.close()
	var c Checked
	var first *DamageError
	err = w.check(j.closing, &c, func(d *DamageError) {
		if first == nil {
			first = d
		}
	})
	if err == nil && first != nil {
		err = first
	}
	return err
}
