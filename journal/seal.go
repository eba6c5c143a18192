package journal

import (
	"context"
	"io"
	"iter"
	"slices"
)

// Seal makes everything that was submitted durable and ends the segment there,
// so that the history so far is whole segments. It returns the last segment;
// the zero Segment if the journal has no record yet.
func (j *Journal) Seal(ctx context.Context) (Segment, error) {
	r, err := j.seal()
	if err != nil {
		return Segment{}, err
	}
	if err := j.awaitSeal(ctx, r); err != nil {
		return Segment{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range slices.Backward(j.sealed) {
		if s.Last == r.at {
			return s.Segment, nil
		}
	}
	return Segment{}, nil
}

// SealLater ends the segment behind what is submitted now, without waiting, so
// that a caller can choose the place under a lock of its own. The function that
// it returns waits until the segment is sealed.
func (j *Journal) SealLater() (wait func(ctx context.Context) error, err error) {
	r, err := j.seal()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return j.awaitSeal(ctx, r) }, nil
}

// seal asks the committer to end the segment behind what is submitted now.
func (j *Journal) seal() (*sealRequest, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return nil, j.err
	}
	if j.readOnly {
		return nil, ErrReadOnly
	}
	r := &sealRequest{at: j.headSeq, done: make(chan struct{})}
	j.seals = append(j.seals, r)
	j.work.Signal()
	return r, nil
}

func (j *Journal) awaitSeal(ctx context.Context, r *sealRequest) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
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
