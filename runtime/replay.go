package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// replay matches what processes cause while the journal is executed again with
// the events that were recorded for it. Both come in their own order: the events
// in that of the journal, the effects as the processes get there. It is guarded
// by durable.mu.
type replay struct {
	recorded  map[space.Cause]space.Event   // events whose effect has not been caused yet
	generated map[space.Cause]*space.Effect // effects whose event has not been read yet
}

func newReplay() *replay {
	return &replay{recorded: map[space.Cause]space.Event{}, generated: map[space.Cause]*space.Effect{}}
}

func (r *replay) caused(e *space.Effect) error {
	if ev, ok := r.recorded[e.Cause]; ok {
		delete(r.recorded, e.Cause)
		return space.Match(e, ev)
	}
	c := *e
	r.generated[e.Cause] = &c
	return nil
}

func (r *replay) read(ev space.Event) error {
	c := space.HeaderOf(ev).Cause
	if c.IsZero() {
		return nil
	}
	if e, ok := r.generated[c]; ok {
		delete(r.generated, c)
		return space.Match(e, ev)
	}
	r.recorded[c] = ev
	return nil
}

// unmatched returns the first recorded effect that nobody caused. What a process
// caused from the event on from which it is quarantined stays as it is recorded.
func (r *replay) unmatched(poison map[uint64]uint64) error {
	var first space.Event
	for c, ev := range r.recorded {
		if from, ok := poison[c.Process]; ok && c.Seq >= from {
			continue
		}
		if first == nil || space.HeaderOf(ev).Seq < space.HeaderOf(first).Seq {
			first = ev
		}
	}
	if first == nil {
		return nil
	}
	h := space.HeaderOf(first)
	return &space.MismatchError{Seq: h.Seq, Cause: h.Cause,
		What: fmt.Sprintf("a %s is recorded that process %d does not cause at event %d", first.Kind(), h.Cause.Process, h.Cause.Seq)}
}

// outbox is what was caused and has no event.
func (r *replay) outbox() []space.Effect {
	out := make([]space.Effect, 0, len(r.generated))
	for _, e := range r.generated {
		out = append(out, *e)
	}
	sortEffects(out)
	return out
}

// restore loads a snapshot as the state to go on from.
func (d *durable) restore(ctx context.Context, c lumps.CID) (*space.Snapshot, error) {
	get := space.Getter(d.rt.store)
	snap, err := space.LoadSnapshot(ctx, get, c)
	if err != nil {
		return nil, err
	}
	st, err := snap.Load(ctx, get)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.k = st.Kernel
	d.noteEpoch(snap.Epoch.Seq, snap.Epoch.Entropy)
	for _, sp := range d.k.Processes() {
		d.addProcess(sp, st.Images[sp.PID])
	}
	for i := range st.Outbox {
		d.replay.generated[st.Outbox[i].Cause] = &st.Outbox[i]
	}
	return snap, nil
}

// dequeued counts events that were executed, and wakes who waits for quiet or
// for room.
func (d *durable) dequeued(n int64) {
	after := d.queuedAll.Add(-n)
	if after == 0 || after < replayWindow/2 && after+n >= replayWindow/2 {
		select {
		case d.quiet <- struct{}{}:
		default:
		}
	}
}

// await waits until at most n events are in queues.
func (d *durable) await(ctx context.Context, n int64) error {
	for d.queuedAll.Load() > n {
		select {
		case <-d.quiet:
		case <-d.failed:
			return d.failure
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return d.err()
}

// run executes the journal from the kernel's place up to `to`.
func (d *durable) run(ctx context.Context, to uint64) error {
	if d.k.Seq >= to {
		return nil
	}
	for rec, err := range d.j.Records(ctx, d.k.Seq+1) {
		if err != nil {
			return err
		}
		if rec.Seq > to {
			break
		}
		ev, err := space.Decode(rec)
		if err != nil {
			return err
		}
		if err := d.feed(ev); err != nil {
			return err
		}
		if d.queuedAll.Load() > replayWindow {
			if err := d.await(ctx, replayWindow/2); err != nil {
				return err
			}
		}
	}
	return d.await(ctx, 0)
}

// feed folds one recorded event and hands it out.
func (d *durable) feed(ev space.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.replay.read(ev); err != nil {
		return err
	}
	if err := d.apply(nil, ev); err != nil {
		return err
	}
	for len(d.todo) > 0 {
		e := d.todo[0]
		d.todo = d.todo[1:]
		if err := d.record(nil, &e); err != nil {
			return err
		}
	}
	return nil
}

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
			d.todo = append(d.todo, outstanding[i])
			for len(d.todo) > 0 {
				e := d.todo[0]
				d.todo = d.todo[1:]
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

// Replayed is what Replay found.
type Replayed struct {
	State    lumps.CID
	Seq      uint64
	Snapshot *space.Snapshot // wraps the state, without a parent or text
}

// Replay executes the journal of o from its beginning up to `to`, guests
// included, and returns the CID of the state. What running did otherwise than
// the replay is a *space.MismatchError. The journal is only read; the blocks of
// the state are put in o.Store.
func Replay(ctx context.Context, o Options, to uint64) (Replayed, error) {
	rt, err := open(ctx, o, to)
	if err != nil {
		return Replayed{}, err
	}
	defer rt.Close()
	d := rt.dur
	d.mu.Lock()
	if err := d.replay.unmatched(d.poison); err != nil {
		d.mu.Unlock()
		return Replayed{}, err
	}
	job := d.begin()
	d.mu.Unlock()
	state, err := d.finish(ctx, job)
	if err != nil {
		return Replayed{}, err
	}
	rec, err := d.j.Record(ctx, job.at)
	if err != nil {
		return Replayed{}, err
	}
	snap := &space.Snapshot{State: state, Seq: job.at, Chain: slices.Clone(rec.Hash[:]), Time: rt.now(), Clock: job.kernel.Time, Epoch: job.kernel.Epoch}
	return Replayed{State: state, Seq: job.at, Snapshot: snap}, nil
}

// noteEpoch remembers from which seq on an entropy is in force. The caller holds
// mu.
func (d *durable) noteEpoch(seq uint64, entropy []byte) {
	var list []epochEntropy
	if p := d.epochs.Load(); p != nil {
		list = *p
	}
	list = append(slices.Clip(list), epochEntropy{seq, entropy})
	d.epochs.Store(&list)
}

type epochEntropy struct {
	seq     uint64
	entropy []byte
}

// entropyAt returns the entropy that was in force at a seq.
func (d *durable) entropyAt(seq uint64) []byte {
	list := *d.epochs.Load()
	for i := len(list) - 1; i > 0; i-- {
		if list[i].seq <= seq {
			return list[i].entropy
		}
	}
	return list[0].entropy
}

// archivedSegments returns the manifest of the segment that ends at or before a
// seq, when it is in the archive.
func (rt *Runtime) archivedSegments(ctx context.Context, at uint64) (lumps.CID, error) {
	j := rt.dur.j
	if err := j.Archived(ctx); err != nil {
		if errors.Is(err, journal.ErrNoArchive) {
			return lumps.CID{}, nil
		}
		return lumps.CID{}, err
	}
	var last lumps.CID
	for _, s := range j.Segments() {
		if s.Last <= at {
			last = s.CID
		}
	}
	return last, nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// snapshotLoop takes snapshots of a space that changes.
func (rt *Runtime) snapshotLoop() {
	every := rt.opts.SnapshotEvery
	if every == 0 {
		every = DefaultSnapshotEvery
	}
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-rt.ctx.Done():
			return
		case <-rt.dur.failed:
			return
		case <-rt.snapSoon:
		case <-tick:
			if rt.dur.events.Load() == 0 {
				continue
			}
		}
		if _, err := rt.Snapshot(rt.ctx, ""); err != nil && rt.ctx.Err() == nil {
			rt.log.Error("a snapshot failed", "error", err)
		}
	}
}

// Shutdown stops the processes that live in this epoch only, takes a snapshot
// and closes.
func (rt *Runtime) Shutdown(ctx context.Context) error {
	var err error
	if rt.dur != nil && rt.dur.err() == nil {
		_, err = rt.Snapshot(ctx, "")
	}
	return errors.Join(err, rt.Close())
}
