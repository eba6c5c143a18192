package journal

import (
	"context"
	"io"
	"iter"
)

// SealLater ends the segment behind what is submitted now, without waiting, so
// that a caller can choose the place under a lock of its own. The function that
// it returns waits until the segment is sealed.
func (j *Journal) SealLater() (wait func(ctx context.Context) error, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return nil, j.err
	}
	if j.readOnly {
		return nil, ErrReadOnly
	}
	r := sealRequest{at: j.headSeq, done: make(chan struct{})}
	j.seals = append(j.seals, r)
	j.work.Signal()
	return func(ctx context.Context) error {
		select {
		case <-r.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if j.durable.Load() < r.at {
			j.mu.Lock()
			defer j.mu.Unlock()
			return j.err
		}
		return nil
	}, nil
}

// ReadSegment yields the records of a sealed segment from its bytes, verified as
// Records does. The body is valid until the next step.
func ReadSegment(ctx context.Context, seg Segment, src io.ReadSeeker) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w, err := newWalker(span{Segment: seg, sealed: true, offsets: &offsets{}}, nopCloser{src}, seg.First)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer w.close()
		for seq := seg.First; seq <= seg.Last; seq++ {
			if err := ctx.Err(); err != nil {
				yield(Record{}, err)
				return
			}
			r, err := w.next()
			if err != nil {
				yield(Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := w.finish(seg.Last); err != nil {
			yield(Record{}, err)
		}
	}
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }
