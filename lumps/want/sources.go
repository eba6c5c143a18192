package want

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hearth/lumps"
	"hearth/store"
)

const (
	// leaveAfter is how many failures in a row, of blocks that others then gave or
	// not, make a source one that is not asked again: beyond what a few damaged
	// blocks of a store explain.
	leaveAfter = 8
	// DefaultPatience is longer than a block takes that is behind a full window on
	// a slow link, and shorter than a person's.
	DefaultPatience = 10 * time.Second
)

// sources spreads the asking.
type sources struct {
	patience time.Duration
	attempts sync.WaitGroup

	mu   sync.Mutex // guards lost and what is in all
	all  []*source
	lost error // why the last one that was left was left
}

type source struct {
	Source
	exchange *Exchange // if it is one
	asked    int       // and not answered
	failed   int       // in a row
	left     bool      // not asked any more
	heard    time.Time // it last answered, or was first asked after that
	bytes    int64     // of an exchange, when heard was set
	stalled  bool      // silent for too long; asked only if all are
}

func newSources(from []Source, patience time.Duration) *sources {
	if patience <= 0 {
		patience = DefaultPatience
	}
	s := &sources{all: make([]*source, len(from)), patience: patience}
	for i, f := range from {
		x, _ := f.(*Exchange)
		s.all[i] = &source{Source: f, exchange: x}
	}
	return s
}

// get asks one source after the other, the least busy first. A source that lacks
// the block, or fails, is passed over; beside one that is silent the next is asked,
// and who answers first is taken. The error is the last failure, or that none has
// the block.
func (s *sources) get(ctx context.Context, c lumps.CID) ([]byte, error) {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the attempts that came too late
	tried := make(map[*source]bool, 1)
	var failure error
	if len(s.all) == 1 {
		if from := s.choose(tried); from != nil {
			block, err := s.attempt(ctx, from, c)
			if err == nil {
				return block, nil
			}
			failure = notAbsence(err)
		}
		return nil, s.none(outer, c, failure)
	}

	type answer struct {
		block []byte
		err   error
	}
	answers := make(chan answer, len(s.all))
	var last *source
	running := 0
	next := func() {
		from := s.choose(tried)
		if from == nil {
			return
		}
		tried[from], last = true, from
		running++
		s.attempts.Go(func() {
			block, err := s.attempt(ctx, from, c)
			answers <- answer{block, err}
		})
	}
	next()
	look := time.NewTicker(s.patience / 4)
	defer look.Stop()
	for running > 0 {
		select {
		case a := <-answers:
			running--
			if a.err == nil {
				return a.block, nil
			}
			if err := notAbsence(a.err); err != nil {
				failure = err
			}
			if outer.Err() == nil {
				next()
			}
		case <-look.C:
			if s.silent(last) {
				next()
			}
		}
	}
	return nil, s.none(outer, c, failure)
}

// notAbsence returns err unless it only says that a block is not there.
func notAbsence(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// attempt asks one source.
func (s *sources) attempt(ctx context.Context, from *source, c lumps.CID) ([]byte, error) {
	block, err := from.Get(ctx, c)
	if err == nil && from.exchange == nil && !lumps.Verify(c, block) { // an exchange has verified it
		err = fmt.Errorf("lump %s: %w", c, &store.MismatchError{Want: c, Got: c.SumLike(block)})
	}
	s.release(from, err, ctx.Err() != nil)
	return block, err
}

// choose returns the least busy source that was not tried, or nil.
func (s *sources) choose(tried map[*source]bool) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *source
	for _, o := range s.all {
		if o.left || tried[o] {
			continue
		}
		if best == nil || best.stalled && !o.stalled || best.stalled == o.stalled && o.asked < best.asked {
			best = o
		}
	}
	if best != nil {
		if best.asked == 0 {
			best.heard = time.Now()
		}
		best.asked++
	}
	return best
}

// silent reports whether nothing came of a source that was asked for too long.
func (s *sources) silent(o *source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.exchange != nil {
		in := o.exchange.Stats()
		if n := in.BytesIn + in.PartialIn; n != o.bytes {
			o.bytes, o.heard, o.stalled = n, time.Now(), false
		}
	}
	if time.Since(o.heard) >= s.patience {
		o.stalled = true
	}
	return o.stalled
}

// release takes note of how a source did. What was cancelled says nothing of it.
func (s *sources) release(o *source, err error, cancelled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.asked--
	if err == nil || !cancelled {
		o.heard, o.stalled = time.Now(), false
	}
	switch {
	case err == nil, errors.Is(err, store.ErrNotFound), errors.Is(err, ErrUnavailable):
		o.failed = 0
	case cancelled, o.left:
	case errors.Is(err, ErrClosed), errors.Is(err, ErrProtocol), errors.Is(err, store.ErrClosed):
		o.left, s.lost = true, err
	default:
		o.failed++
		if o.failed >= leaveAfter || o.exchange != nil && o.exchange.Err() != nil {
			o.left, s.lost = true, err
		}
	}
}

// none is why no source gave c.
func (s *sources) none(ctx context.Context, c lumps.CID, failure error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
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
