package want

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hearth/lumps"
	"hearth/store"
)

// leaveAfter is how many failures in a row, of blocks that others then gave or
// not, make a source one that is not asked again: beyond what a few damaged blocks
// of a store explain.
const leaveAfter = 8

// sources spreads the asking.
type sources struct {
	mu   sync.Mutex // guards lost and what is in all
	all  []*source
	lost error // why the last one that was left was left
}

type source struct {
	Source
	verifies bool // what it gives is verified already
	asked    int  // and not answered
	failed   int  // in a row
	left     bool
}

func newSources(from []Source) *sources {
	s := &sources{all: make([]*source, len(from))}
	for i, f := range from {
		_, verifies := f.(*Exchange)
		s.all[i] = &source{Source: f, verifies: verifies}
	}
	return s
}

// get asks one source after the other, the least busy first. A source that lacks
// the block, or fails, is passed over; the error is the last failure, or that none
// has the block.
func (s *sources) get(ctx context.Context, c lumps.CID) ([]byte, error) {
	tried := make(map[*source]bool, 1)
	var failure error
	for {
		from := s.choose(tried)
		if from == nil {
			return nil, s.none(c, failure)
		}
		tried[from] = true
		block, err := from.Get(ctx, c)
		if err == nil && !from.verifies && !lumps.Verify(c, block) {
			err = fmt.Errorf("lump %s: %w", c, &store.MismatchError{Want: c, Got: c.SumLike(block)})
		}
		switch {
		case err == nil:
			s.release(from, nil)
			return block, nil
		case ctx.Err() != nil:
			s.release(from, nil)
			return nil, context.Cause(ctx)
		}
		s.release(from, err)
		if !errors.Is(err, store.ErrNotFound) {
			failure = err
		}
	}
}

// choose returns the least busy source that was not tried, or nil.
func (s *sources) choose(tried map[*source]bool) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *source
	for _, o := range s.all {
		if !o.left && !tried[o] && (best == nil || o.asked < best.asked) {
			best = o
		}
	}
	if best != nil {
		best.asked++
	}
	return best
}

// none is why no source gave c.
func (s *sources) none(c lumps.CID, failure error) error {
	if failure == nil {
		s.mu.Lock()
		failure = s.lost
		s.mu.Unlock()
	}
	if failure == nil {
		failure = &store.NotFoundError{CID: c}
	}
	return fmt.Errorf("lump %s is needed and no source gives it: %w", c, failure)
}

// release takes note of how a source did.
func (s *sources) release(o *source, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.asked--
	was := o.left
	defer func() {
		if o.left && !was {
			s.lost = err
		}
	}()
	switch {
	case err == nil, errors.Is(err, store.ErrNotFound), errors.Is(err, ErrUnavailable):
		o.failed = 0
	case errors.Is(err, ErrClosed), errors.Is(err, ErrProtocol), errors.Is(err, store.ErrClosed):
		o.left = true
	default:
		o.failed++
		o.left = o.failed >= leaveAfter
	}
	if x, ok := o.Source.(*Exchange); ok && x.Err() != nil {
		o.left, err = true, x.Err()
	}
}
