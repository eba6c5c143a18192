package runtime

import (
	"context"
	"fmt"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
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
	for len(d.caused) > 0 {
		e := d.caused[0]
		d.caused = d.caused[1:]
		if err := d.record(nil, &e); err != nil {
			return err
		}
	}
	return nil
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
