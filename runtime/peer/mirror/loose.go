package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/reconcile"
	"hearth/store"
)

// looseLumps returns the lumps that the catalogue names and no root reaches. Only
// what can have links is read for it.
func (r *Repository) looseLumps(ctx context.Context) (*reconcile.Set, error) {
	var roots []lumps.CID
	for root, err := range r.Store.Roots(ctx) {
		if err != nil {
			return nil, err
		}
		roots = append(roots, root.CID)
	}
	reached := map[lumps.CID]struct{}{}
	err := store.Reach(ctx, r.Store, roots, func(c lumps.CID) (bool, error) {
		reached[c] = struct{}{}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	var loose []lumps.CID
	for l, err := range r.Store.Lumps(ctx) {
		if err != nil {
			return nil, err
		}
		if _, ok := reached[l.CID]; !ok {
			loose = append(loose, l.CID)
		}
	}
	return reconcile.NewSet(slices.Values(loose)), nil
}

// records are what the catalogue says of lumps, without those that are gone.
func (r *Repository) records(ctx context.Context, cs []lumps.CID) (lumpsFrame, error) {
	var f lumpsFrame
	for _, c := range cs {
		l, err := r.Store.Lump(ctx, c)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return f, err
		}
		f.Lumps = append(f.Lumps, lumpRecord(l))
	}
	return f, nil
}

// lumps brings lumps that stand alone and puts them into the catalogue. Of what
// the sender says of them only the kind is believed.
func (in *intake) lumps(ctx context.Context, f lumpsFrame) (n int64, err error) {
	var roots []lumps.CID
	for _, l := range f.Lumps {
		if l.Kind > store.KindCode {
			return 0, fmt.Errorf("a lump of %s: %w", l.Kind, ErrRequest)
		}
		roots = append(roots, l.CID)
	}
	if err := in.fetch(ctx, roots, nil); err != nil {
		return 0, err
	}
	var ls []store.Lump
	for _, l := range f.Lumps {
		if _, err := in.to.Store.Lump(ctx, l.CID); err == nil {
			continue
		}
		m, err := space.Measure(ctx, in.to.Store, l.CID, l.Kind)
		if err != nil {
			return 0, err
		}
		ls = append(ls, m)
	}
	return int64(len(ls)), named(in.to.Store.AddLump(ctx, ls...))
}

// loose answers a request for loose lumps.
func (s *served) loose(ctx context.Context, body []byte) error {
	var q looseRequest
	if err := readBody(body, &q); err != nil {
		return err
	}
	if q.Take {
		if !s.Writable || s.peer == nil {
			return ErrReadOnly
		}
	}
	set, err := s.walked(ctx)
	if err != nil {
		return err
	}
	if err := s.say(isReady, readyAnswer{Lumps: int64(set.Len())}); err != nil {
		return err
	}
	err = s.soon(func() error { return reconcile.Respond(ctx, s.counting(), set) })
	if err != nil {
		// Whatever stands on the stream now, it is no place for a fault.
		s.broken = true
		return err
	}
	if q.Take {
		if err := s.begin(); err != nil {
			return err
		}
		defer s.end()
	}
	for moved := 0; ; {
		var f lumpsFrame
		next := func() error { return s.expect(isLumps, &f, nil) }
		if q.Take {
			err = s.soon(next)
		} else {
			err = next() // the dialer fetches, and that takes its time
		}
		if err != nil || len(f.Lumps) == 0 {
			return err
		}
		if moved += len(f.Lumps); moved > maxLoose {
			return tooMany("loose lumps", moved, maxLoose)
		}
		if err := s.batch(ctx, q, f); err != nil {
			return err
		}
	}
}

// walked finds the loose lumps, which holds a walk for no longer than it takes.
func (s *served) walked(ctx context.Context) (*reconcile.Set, error) {
	if err := s.begin(); err != nil {
		return nil, err
	}
	defer s.end()
	return s.looseLumps(ctx)
}

func (s *served) batch(ctx context.Context, q looseRequest, f lumpsFrame) error {
	if !q.Take {
		var cs []lumps.CID
		for _, l := range f.Lumps {
			cs = append(cs, l.CID)
		}
		out, err := s.records(ctx, cs)
		if err != nil {
			return err
		}
		return s.say(isLumps, out)
	}
	in := &intake{to: s.Repository, from: s.peer}
	var n int64
	err := s.working(ctx, in, func(ctx context.Context) (err error) {
		n, err = in.lumps(ctx, f)
		return err
	})
	if err != nil {
		return err
	}
	return s.say(isMoved, movedAnswer{Blocks: in.blocks, Bytes: in.bytes, Lumps: n})
}

// counting is the stream for messages that are not frames of this package.
func (w *wire) counting() io.ReadWriter { return countedStream{w} }

type countedStream struct{ *wire }

func (c countedStream) Read(p []byte) (int, error) {
	n, err := c.rw.Read(p)
	c.in += int64(n)
	return n, err
}

func (c countedStream) Write(p []byte) (int, error) {
	n, err := c.rw.Write(p)
	c.out += int64(n)
	return n, err
}

// exchangeLoose finds how the loose lumps of both sides differ and calls batch
// with those that are to move, some at a time.
func exchangeLoose(ctx context.Context, s Session, local *Repository, take bool, r *Result, batch func(*call, []lumps.CID) error) (err error) {
	set, err := local.looseLumps(ctx)
	if err != nil {
		return err
	}
	c, err := ask(ctx, s, opLoose, looseRequest{Take: take})
	if err != nil {
		return err
	}
	defer func() {
		r.Wire += c.in + c.out
		r.RoundTrips += c.turns
		err = errors.Join(c.because(err), c.close())
	}()
	var ready readyAnswer
	if err := c.expect(isReady, &ready, nil); err != nil {
		return err
	}
	have, need, stats, err := reconcile.Initiate(ctx, c.counting(), set, reconcile.Options{MaxNeed: maxLoose})
	r.RoundTrips += stats.Rounds
	if err != nil {
		return err
	}
	moving := need
	if take {
		moving = have
	}
	moving = moving[:min(len(moving), maxLoose)]
	for some := range slices.Chunk(moving, maxBatch) {
		if err := batch(c, some); err != nil {
			return err
		}
	}
	return c.say(isLumps, lumpsFrame{})
}

// pushLoose gives the other side the loose lumps that it lacks.
func pushLoose(ctx context.Context, s Session, local *Repository, progress func(Progress), r *Result) error {
	return exchangeLoose(ctx, s, local, true, r, func(c *call, cs []lumps.CID) error {
		f, err := local.records(ctx, cs)
		if err != nil || len(f.Lumps) == 0 {
			return err
		}
		defer s.Offers().offer(local.Store, cs)()
		if err := c.say(isLumps, f); err != nil {
			return err
		}
		var a movedAnswer
		before := Progress{Blocks: r.Blocks, Bytes: r.Bytes}
		err = c.expect(isMoved, &a, func(p progressAnswer) {
			if progress != nil {
				progress(Progress{Blocks: before.Blocks + p.Blocks, Bytes: before.Bytes + p.Bytes})
			}
		})
		r.add(a)
		return err
	})
}

// pullLoose takes the loose lumps that the other side has.
func pullLoose(ctx context.Context, s Session, in *intake, r *Result) error {
	return exchangeLoose(ctx, s, in.to, false, r, func(c *call, cs []lumps.CID) error {
		var q, a lumpsFrame
		wanted := map[lumps.CID]bool{}
		for _, cid := range cs {
			q.Lumps = append(q.Lumps, lumpRecord{CID: cid})
			wanted[cid] = true
		}
		if err := c.say(isLumps, q); err != nil {
			return err
		}
		if err := c.expect(isLumps, &a, nil); err != nil {
			return err
		}
		for _, l := range a.Lumps {
			if !wanted[l.CID] {
				return fmt.Errorf("a lump that nobody asked for: %w", ErrRequest)
			}
		}
		n, err := in.lumps(ctx, a)
		r.Lumps += n
		return err
	})
}
