package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

// intake brings snapshots and roots into a repository: of a pull here, of a push
// on the server.
type intake struct {
	to       *Repository
	from     want.Source
	progress func(Progress)
	patience time.Duration // with a sender of whom nothing comes; stallTimeout

	blocks, bytes int64 // fetched, and stored
}

// arrival is a snapshot that comes and the root that shall name it. path are
// snapshots and manifests that lead back from it; force moves the root to
// whatever it is.
type arrival struct {
	root  string
	head  lumps.CID
	path  []lumps.CID
	force bool
}

// snapshot brings a snapshot and moves a root to it.
func (in *intake) snapshot(ctx context.Context, a arrival) (Move, error) {
	if err := in.prefetch(ctx, append([]lumps.CID{a.head}, a.path...)); err != nil {
		return Move{}, err
	}
	old, err := in.at(ctx, a.root)
	if err != nil {
		return Move{}, err
	}
	if m, done, err := in.compare(ctx, a, old); done || err != nil {
		return m, err
	}
	base, err := in.base(ctx, a.head)
	if err != nil {
		return Move{}, err
	}
	skip, err := in.vouched(ctx, base)
	var damage *store.CorruptError
	if errors.Is(err, store.ErrNotFound) || errors.As(err, &damage) {
		// The root does not keep what it promised: everything is looked at, and what
		// is damaged comes again.
		base, skip, err = lumps.CID{}, nil, nil
	}
	if err != nil {
		return Move{}, err
	}
	if err := in.fetch(ctx, []lumps.CID{a.head}, skip); err != nil {
		return Move{}, err
	}
	if err := in.verify(ctx, a.head, base, skip); err != nil {
		return Move{}, err
	}
	return in.move(ctx, a)
}

// at returns where a root stands. That of a standby is the world itself.
func (in *intake) at(ctx context.Context, root string) (lumps.CID, error) {
	if in.isStandby(root) {
		return in.to.Standby.At(ctx)
	}
	return in.to.root(ctx, root)
}

func (in *intake) isStandby(root string) bool {
	return root == space.RootSnapshot && in.to.Standby != nil
}

// prefetch brings what leads back from a snapshot all at once, as far as it is
// not here. What the sender does not give of it, the walk will miss if it is
// needed.
func (in *intake) prefetch(ctx context.Context, cs []lumps.CID) error {
	var lacking []lumps.CID
	seen := map[lumps.CID]bool{}
	for _, c := range cs {
		if seen[c] || c.Codec() != lumps.DagCBOR {
			continue
		}
		seen[c] = true
		has, err := in.to.Store.Has(ctx, c)
		if err != nil {
			return err
		}
		if !has {
			lacking = append(lacking, c)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var looked atomic.Int64
	defer in.guard(cancel, &looked)()
	var (
		mu     sync.Mutex
		blocks []store.Block
		size   int
		failed error
		wg     sync.WaitGroup
		next   = make(chan lumps.CID)
	)
	for range min(parallel, len(lacking)) {
		wg.Go(func() {
			for c := range next {
				data, err := in.from.Get(ctx, c)
				looked.Add(1)
				mu.Lock()
				switch {
				case err == nil && len(data) <= maxWrapper && size+len(data) <= maxPathBytes:
					blocks = append(blocks, store.Block{CID: c, Data: data})
					size += len(data)
				case err != nil && !errors.Is(err, store.ErrNotFound) && failed == nil:
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range lacking {
		next <- c
	}
	close(next)
	wg.Wait()
	// What came is kept, whatever ended it.
	if err := in.to.Store.Put(context.WithoutCancel(ctx), blocks...); err != nil {
		return named(err)
	}
	for _, b := range blocks {
		in.blocks++
		in.bytes += int64(len(b.Data))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed
}

// remote reads what is not here from the sender, and keeps it: the walk back
// through a history wants blocks that belong to it anyway.
func (in *intake) remote(ctx context.Context, c lumps.CID) ([]byte, error) {
	data, err := in.to.Store.Get(ctx, c)
	if !errors.Is(err, store.ErrNotFound) {
		return data, err
	}
	soon, cancel := context.WithTimeoutCause(ctx, stallTimeout, ErrStalled)
	defer cancel()
	if data, err = in.from.Get(soon, c); err != nil {
		if soon.Err() != nil {
			return nil, context.Cause(soon)
		}
		return nil, incomplete(err)
	}
	b := store.Block{CID: c, Data: data}
	if err := in.to.Store.Put(ctx, b); err != nil {
		return nil, named(err)
	}
	in.blocks++
	in.bytes += int64(len(data))
	return data, nil
}

// incomplete says of a block that the sender does not have what that means.
func incomplete(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	return err
}

// compare says whether a root may move to a snapshot. done: it is there already.
func (in *intake) compare(ctx context.Context, a arrival, old lumps.CID) (m Move, done bool, err error) {
	m = Move{Root: a.root, From: old, To: a.head}
	if _, err := space.LoadSnapshot(ctx, in.remote, a.head); err != nil {
		return m, false, err
	}
	if old == a.head {
		m.Already = true
		return m, true, nil
	}
	if old.IsZero() || a.force {
		return m, false, nil
	}
	// The sender may have what was lost here.
	switch _, err := space.LoadSnapshot(ctx, in.remote, old); {
	case errors.Is(err, space.ErrBadState) || errors.Is(err, ErrIncomplete):
		return m, false, &RootError{Root: a.root, New: a.head, Old: old}
	case err != nil:
		return m, false, err
	}
	rel, err := space.Relate(ctx, in.remote, a.head, in.remote, old)
	if err != nil {
		return m, false, err
	}
	switch {
	case rel.Order == space.OrderForeign:
		return m, false, &OtherSpaceError{Root: a.root, New: a.head, Old: old}
	case rel.Order == space.OrderEqual || rel.Order == space.OrderBehind:
		m.To, m.Already = old, true
		return m, true, nil
	case rel.Order == space.OrderAhead && rel.SameBranch:
		return m, false, nil
	}
	return m, false, &DivergedError{Root: a.root, Ours: old, Theirs: a.head, Common: rel.Snapshot, Seq: rel.Seq}
}

// base finds the newest snapshot before head that a root vouches for: it or a
// later one was brought here and verified whole. A root that is of no help, because
// it is of a newer format, say, or damaged, only costs that more is looked at.
func (in *intake) base(ctx context.Context, head lumps.CID) (lumps.CID, error) {
	known, err := in.to.vouched(ctx)
	if err != nil {
		return lumps.CID{}, err
	}
	var base lumps.CID
	var seq uint64
	done := map[lumps.CID]bool{}
	for _, c := range known {
		if done[c] {
			continue
		}
		done[c] = true
		rel, err := space.Relate(ctx, in.remote, head, in.to.get(), c)
		if err := ctx.Err(); err != nil {
			return lumps.CID{}, context.Cause(ctx)
		}
		if err != nil || rel.Snapshot.IsZero() {
			continue
		}
		s, err := space.LoadSnapshot(ctx, in.to.get(), rel.Snapshot)
		if err == nil && s.Seq > seq {
			base, seq = rel.Snapshot, s.Seq
		}
	}
	return base, nil
}

// vouched returns what a snapshot vouches for: itself and what is before it, by
// the links that lead there, and its state block by block. Reading the nodes of
// the state costs little beside its pages, which are not read.
func (in *intake) vouched(ctx context.Context, base lumps.CID) (func(lumps.CID) bool, error) {
	if base.IsZero() {
		return nil, nil
	}
	s, err := space.LoadSnapshot(ctx, in.to.get(), base)
	if err != nil {
		return nil, err
	}
	known := map[lumps.CID]struct{}{base: {}}
	for _, c := range []lumps.CID{s.Parent, s.Journal} {
		if !c.IsZero() {
			known[c] = struct{}{}
		}
	}
	err = store.Reach(ctx, in.to.Store, []lumps.CID{s.State}, func(c lumps.CID) (bool, error) {
		known[c] = struct{}{}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return func(c lumps.CID) bool {
		_, ok := known[c]
		return ok
	}, nil
}

// fetch brings what the roots reach.
func (in *intake) fetch(ctx context.Context, roots []lumps.CID, skip func(lumps.CID) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var looked atomic.Int64
	defer in.guard(cancel, &looked)()
	blocks, bytes := in.blocks, in.bytes
	f := want.Fetch{Roots: roots, To: in.to.Store, From: []want.Source{in.from}, Skip: skip, Parallel: parallel}
	f.Progress = func(p want.Progress) {
		looked.Store(p.Looked + p.Skipped)
		if in.progress != nil {
			in.progress(Progress{Blocks: blocks + p.Blocks, Bytes: bytes + p.Bytes})
		}
	}
	st, err := f.Run(ctx)
	in.blocks += st.Blocks
	in.bytes += st.Bytes
	return named(incomplete(err))
}

// guard ends a fetch that comes no further: nothing was looked at and nothing came
// for too long, though the connection stands. It returns what ends the guard.
func (in *intake) guard(cancel context.CancelCauseFunc, looked *atomic.Int64) (stop func()) {
	patience := in.patience
	if patience == 0 {
		patience = stallTimeout
	}
	come := func() int64 {
		n := looked.Load()
		if x, ok := in.from.(counted); ok {
			st := x.Stats()
			n += st.BytesIn + st.PartialIn
		}
		return n
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		tick := time.NewTicker(patience / 8)
		defer tick.Stop()
		for last, since := come(), time.Now(); ; {
			select {
			case <-done:
				return
			case now := <-tick.C:
				if n := come(); n != last {
					last, since = n, now
				} else if now.Sub(since) >= patience {
					cancel(ErrStalled)
					return
				}
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// verify checks a snapshot that is stored whole.
func (in *intake) verify(ctx context.Context, head, base lumps.CID, skip func(lumps.CID) bool) error {
	_, err := space.VerifyHistory(ctx, in.to.Store, space.Verification{Head: head, From: base, Skip: skip, Program: in.to.Verify})
	return named(err)
}

// move sets a root to a snapshot that is stored and verified, if it may still
// move there: somebody else may have moved it meanwhile.
func (in *intake) move(ctx context.Context, a arrival) (Move, error) {
	in.to.mu.Lock()
	defer in.to.mu.Unlock()
	old, err := in.at(ctx, a.root)
	if err != nil {
		return Move{}, err
	}
	m, done, err := in.compare(ctx, a, old)
	if done || err != nil {
		return m, err
	}
	if in.isStandby(a.root) {
		return m, named(in.to.Standby.Move(ctx, a.head))
	}
	return m, named(in.to.Store.SetRoot(ctx, a.root, a.head))
}

// root brings what a root of the other side names and sets it here. A snapshot
// moves forward; anything else is set where there was nothing. Force sets both.
func (in *intake) root(ctx context.Context, r rootAt) (Move, error) {
	if err := checkRoot(r.Name); err != nil {
		return Move{}, err
	}
	old, err := in.to.root(ctx, r.Name)
	if err != nil {
		return Move{}, err
	}
	m := Move{Root: r.Name, From: old, To: r.At, Already: old == r.At}
	if m.Already {
		return m, nil
	}
	if r.At.Codec() == lumps.DagCBOR {
		_, err := space.LoadSnapshot(ctx, in.remote, r.At)
		if err == nil {
			return in.snapshot(ctx, arrival{root: r.Name, head: r.At, force: r.Force})
		}
		if !errors.Is(err, space.ErrBadState) {
			return m, err
		}
	}
	if !old.IsZero() && !r.Force {
		return m, &RootError{Root: r.Name, New: r.At, Old: old}
	}
	if err := in.fetch(ctx, []lumps.CID{r.At}, nil); err != nil {
		return m, err
	}
	in.to.mu.Lock()
	defer in.to.mu.Unlock()
	now, err := in.to.root(ctx, r.Name)
	if err != nil {
		return m, err
	}
	if now != old && now != r.At && !r.Force {
		return m, &RootError{Root: r.Name, New: r.At, Old: now}
	}
	m.From, m.Already = now, now == r.At
	return m, named(in.to.Store.SetRoot(ctx, r.Name, r.At))
}
