package ipc

import (
	"errors"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// history lists the snapshots from the newest back to the oldest that is still
// in the store.
func (k *call) history() (any, error) {
	c, _, err := k.s.w.newest(k.ctx)
	if err != nil {
		return nil, err
	}
	for seen := (lumps.CID{}); !c.IsZero() && c != seen; {
		snap, err := space.LoadSnapshot(k.ctx, space.Getter(k.s.w.Store), c)
		if errors.Is(err, store.ErrNotFound) {
			break // pruned, with all before it
		}
		if err != nil {
			return nil, err
		}
		out := snapshotOf(*snap)
		out.CID = c
		if err := k.item(out); err != nil {
			return nil, err
		}
		seen, c = c, snap.Parent
	}
	return done{}, nil
}
