package runtime

import (
	"context"
	"errors"
	"fmt"

	"hearth/journal"
	"hearth/journal/space"
)

// Open starts a runtime on the space of a journal: the newest snapshot that can
// be read, then every event behind it, executed again. When Open returns, every
// durable process is where its last acknowledged message left it.
func Open(ctx context.Context, o Options) (*Runtime, error) {
	rt, err := open(ctx, o, ^uint64(0))
	if err != nil {
		return nil, err
	}
	d := rt.dur
	if err := d.live(ctx); err != nil {
		rt.Close()
		return nil, err
	}
	rt.wg.Add(3)
	go func() {
		defer rt.wg.Done()
		rt.sweepIdle()
	}()
	go func() {
		defer rt.wg.Done()
		rt.snapshotLoop()
	}()
	go func() {
		defer rt.wg.Done()
		// The last seq is never reached: this returns when the journal fails.
		if err := d.j.Wait(rt.ctx, ^uint64(0)); err != nil && rt.ctx.Err() == nil && !errors.Is(err, journal.ErrClosed) {
			d.fail(err)
		}
	}()
	return rt, nil
}

// open restores and replays up to `to`, and leaves the replay standing there.
func open(ctx context.Context, o Options, to uint64) (_ *Runtime, err error) {
	rt, err := New(o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			rt.Close()
		}
	}()
	d := newDurable(rt, o.Journal)
	rt.dur = d
	d.replay = newReplay()
	d.replaying.Store(true)
	if o.Crumbs != "" {
		var err error
		if d.crumbs, d.poison, err = openCrumbs(o.Crumbs); err != nil {
			return nil, err
		}
	}
	head, _ := o.Journal.Durable()
	to = min(to, head)
	if head == 0 {
		return rt, nil
	}
	first := o.Journal.First()
	if !o.IgnoreSnapshots || first > 1 {
		c, err := rt.store.Root(ctx, space.RootSnapshot)
		if err != nil && !isNotFound(err) {
			return nil, err
		}
		for !c.IsZero() {
			snap, serr := space.LoadSnapshot(ctx, space.Getter(rt.store), c)
			if serr == nil && (snap.Seq > to || snap.Seq+1 < first) {
				c = snap.Parent
				continue
			}
			if serr == nil {
				serr = d.verifyPlace(ctx, snap, first)
			}
			if serr == nil {
				_, serr = d.restore(ctx, c)
			}
			if serr == nil {
				break
			}
			var fe *space.FormatError
			if errors.As(serr, &fe) {
				return nil, serr
			}
			rt.log.Warn("a snapshot cannot be used; an older one is tried", "snapshot", c, "error", serr)
			if snap == nil {
				break
			}
			c = snap.Parent
		}
	}
	if d.k.Seq+1 < first {
		return nil, fmt.Errorf("the journal begins at event %d and no snapshot stands before it; restore the world from a backup", first)
	}
	if err := d.findQuarantines(ctx, to); err != nil {
		return nil, err
	}
	return rt, d.run(ctx, to)
}

// verifyPlace compares a snapshot with the journal that it claims to be of.
func (d *durable) verifyPlace(ctx context.Context, s *space.Snapshot, first uint64) error {
	if s.Seq < first {
		return nil
	}
	rec, err := d.j.Record(ctx, s.Seq)
	if err != nil {
		return err
	}
	if rec.Hash != [32]byte(s.Chain) {
		return fmt.Errorf("the snapshot at event %d is of another history: %w", s.Seq, space.ErrBadState)
	}
	return nil
}

// live ends the replay: a new epoch begins, and what was caused and has no event
// gets one, before anything new.
func (d *durable) live(ctx context.Context) error {
	d.mu.Lock()
	if err := d.replay.unmatched(d.poison); err != nil {
		d.mu.Unlock()
		return err
	}
	outstanding := d.replay.outbox()
	d.replay = nil
	d.replaying.Store(false)
	d.rt.epoch.Store(d.k.Epoch.Number + 1)
	begin := func() error {
		if d.k.Seq == 0 {
			if _, err := d.commit(nil, genesis()); err != nil {
				return err
			}
		}
		ev := &space.Epoch{Number: d.k.Epoch.Number + 1, Entropy: make([]byte, 32), Versions: d.rt.opts.Versions, Branch: d.rt.opts.Branch}
		randomRead(ev.Entropy)
		if _, err := d.commit(nil, ev); err != nil {
			return err
		}
		if err := d.quarantine(); err != nil {
			return err
		}
		for i := range outstanding {
			d.caused = append(d.caused, outstanding[i])
			for len(d.caused) > 0 {
				e := d.caused[0]
				d.caused = d.caused[1:]
				if err := d.record(nil, &e); err != nil {
					return err
				}
			}
		}
		d.armTimer()
		return nil
	}
	err := begin()
	seq := d.k.Seq
	d.events.Store(0)
	d.unlock()
	if err != nil {
		return err
	}
	if d.crumbs != nil {
		d.crumbs.clear()
	}
	d.j.OnDurable(d.onDurable)
	return d.wait(ctx, seq)
}

func genesis() *space.Genesis {
	g := &space.Genesis{Format: space.Format, Space: make([]byte, 16), Branch: make([]byte, 16), Limits: space.DefaultLimits}
	randomRead(g.Space)
	randomRead(g.Branch)
	return g
}
