package ipc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/store"
)

// What is done to a world here reads or adds to its store and journal alone, so
// that it works beside a runtime and without one.

// replayOptions are those of a runtime that executes the history again.
func (w *World) replayOptions() runtime.Options {
	o := w.Replay
	o.Store, o.Journal = w.Store, w.Journal
	o.SnapshotEvery, o.SnapshotEvents = -1, -1
	return o
}

// appendEvent adds an event to the journal of a stopped world.
func (w *World) appendEvent(ctx context.Context, ev space.Event) error {
	if w.Journal.Head() == 0 {
		return fmt.Errorf("this world has no history yet; start a server on it first: %w", ErrNoServer)
	}
	body, err := space.Encode(ev)
	if err != nil {
		return err
	}
	_, err = w.Journal.Append(ctx, uint16(ev.Kind()), time.Now().UnixNano(), body)
	return err
}

// newest returns the newest snapshot, nil where there is none.
func (w *World) newest(ctx context.Context) (lumps.CID, *space.Snapshot, error) {
	c, err := w.Store.Root(ctx, space.RootSnapshot)
	if errors.Is(err, store.ErrNotFound) {
		return lumps.CID{}, nil, nil
	}
	if err != nil {
		return lumps.CID{}, nil, err
	}
	s, err := space.LoadSnapshot(ctx, space.Getter(w.Store), c)
	return c, s, err
}

// kernel folds the history without executing anything: what the space knows of
// itself, without the memories of its processes.
func (w *World) kernel(ctx context.Context) (*space.Kernel, error) {
	k := space.NewKernel()
	_, snap, err := w.newest(ctx)
	if err != nil {
		return nil, err
	}
	if snap != nil {
		st, err := snap.Load(ctx, space.Getter(w.Store))
		if err != nil {
			return nil, err
		}
		k = st.Kernel
	}
	for r, err := range w.Journal.Records(ctx, k.Seq+1) {
		if err != nil {
			return nil, err
		}
		ev, err := space.Decode(r)
		if err != nil {
			return nil, err
		}
		if _, err := k.Apply(ev); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// settled returns the last event up to seq that changes the state: the CID of the
// state is the same from there to seq.
func (w *World) settled(ctx context.Context, seq uint64) (uint64, error) {
	for seq > w.Journal.First() {
		r, err := w.Journal.Record(ctx, seq)
		if err != nil {
			return 0, err
		}
		if space.Kind(r.Kind) != space.KindCheckpoint {
			break
		}
		seq--
	}
	return seq, nil
}

// now returns the state at the last event. Where no snapshot stands there, the
// history since the newest is executed.
func (w *World) now(ctx context.Context) (runtime.Replayed, error) {
	head, _ := w.Journal.Durable()
	_, snap, err := w.newest(ctx)
	if err != nil {
		return runtime.Replayed{}, err
	}
	if snap != nil {
		at, err := w.settled(ctx, head)
		if err != nil {
			return runtime.Replayed{}, err
		}
		if snap.Seq >= at && snap.Seq <= head {
			return runtime.Replayed{State: snap.State, Seq: snap.Seq, Snapshot: snap}, nil
		}
	}
	return runtime.Replay(ctx, w.replayOptions(), head)
}

// compare looks for the snapshot that running took where a replay came to, and
// returns its seq, 0 where it took none. Another state there is an error.
func (w *World) compare(ctx context.Context, r runtime.Replayed) (uint64, error) {
	from, err := w.settled(ctx, r.Seq)
	if err != nil {
		return 0, err
	}
	var last uint64 // nothing between from and r.Seq changes the state, but there may be several checkpoints
	for rec, err := range w.Journal.Records(ctx, from+1) {
		if err != nil {
			return 0, err
		}
		if space.Kind(rec.Kind) != space.KindCheckpoint {
			continue
		}
		ev, err := space.Decode(rec)
		if err != nil {
			return 0, err
		}
		c := ev.(*space.Checkpoint)
		if c.At > r.Seq {
			break
		}
		if c.At < from {
			continue
		}
		if c.State != r.State {
			return 0, fmt.Errorf("%w: at event %d it was %s and the replay gives %s", ErrStateDiffers, c.At, c.State, r.State)
		}
		last = c.At
	}
	return last, nil
}
