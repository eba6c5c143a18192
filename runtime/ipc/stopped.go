package ipc

import (
	"context"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// snapshotStopped takes a snapshot of a world that nothing executes: the state
// after its last event, with the journal sealed there.
func (w *World) snapshotStopped(ctx context.Context, text string) (Snapshot, error) {
	r, err := w.now(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	parent, _, err := w.newest(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if _, err := w.Journal.Seal(ctx); err != nil {
		return Snapshot{}, err
	}
	if err := w.Journal.Archived(ctx); err != nil {
		return Snapshot{}, err
	}
	snap := *r.Snapshot
	snap.Parent, snap.Text, snap.Time = parent, text, time.Now().UnixNano()
	snap.Journal = w.segmentsTo(snap.Seq)
	c, err := w.putSnapshot(ctx, &snap)
	if err != nil {
		return Snapshot{}, err
	}
	if err := w.appendEvent(ctx, &space.Checkpoint{Snapshot: c, At: snap.Seq, State: snap.State}); err != nil {
		return Snapshot{}, err
	}
	if err := w.Store.SetRoot(ctx, space.RootSnapshot, c); err != nil {
		return Snapshot{}, err
	}
	out := snapshotOf(snap)
	out.CID = c
	return out, nil
}

func (w *World) putSnapshot(ctx context.Context, snap *space.Snapshot) (lumps.CID, error) {
	var block store.Block
	c, err := space.EncodeSnapshot(snap, func(c lumps.CID, data []byte) error {
		block = store.Block{CID: c, Data: data}
		return nil
	})
	if err != nil {
		return c, err
	}
	if err := w.Store.Put(ctx, block); err != nil {
		return c, err
	}
	return c, w.Store.AddLump(ctx, store.Lump{CID: c, Size: int64(len(block.Data)), Blocks: 1, Kind: store.KindSnapshot})
}

// segmentsTo is the manifest of the last archived segment that ends at or before
// seq.
func (w *World) segmentsTo(seq uint64) (last lumps.CID) {
	for _, s := range w.Journal.Segments() {
		if s.Last <= seq && s.Archived() {
			last = s.CID
		}
	}
	return last
}
