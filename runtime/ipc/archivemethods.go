package ipc

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// history lists the snapshots from the newest back to the oldest that is still
// in the store.
func (k *call) history() (any, error) {
	head, _, err := k.s.w.newest(k.ctx)
	if err != nil {
		return nil, err
	}
	for e, err := range space.History(k.ctx, k.s.w.Store, head) {
		if errors.Is(err, store.ErrNotFound) && e.CID != head {
			break // pruned, with all before it
		}
		if err != nil {
			return nil, err
		}
		err := k.item(Snapshot{CID: e.CID, Parent: e.Parent, State: e.State, Seq: e.Seq, Time: time.Unix(0, e.Time).UTC(), Text: e.Text})
		if err != nil {
			return nil, err
		}
	}
	return done{}, nil
}

// backup writes an archive of a snapshot, of the state as it is now where none is
// named.
func (k *call) backup() (any, error) {
	var p backupParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	if p.At.IsZero() {
		var err error
		if p.At, err = k.current(); err != nil {
			return nil, err
		}
	}
	b, err := space.Backup(k.ctx, k.s.w.Store, p.At, k)
	if err != nil {
		return nil, err
	}
	return Backup{Snapshot: b.Snapshot, Seq: b.Seq, Blocks: b.Blocks, Bytes: b.Bytes}, nil
}

// current returns a snapshot of the state as it is now: the newest, where nothing
// has changed since, or one that is taken.
func (k *call) current() (lumps.CID, error) {
	w := &k.s.w
	c, snap, err := w.newest(k.ctx)
	if err != nil {
		return c, err
	}
	if snap != nil {
		head, _ := w.Journal.Durable()
		at, err := w.settled(k.ctx, head)
		if err != nil || snap.Seq >= at {
			return c, err
		}
	}
	if w.Runtime != nil {
		i, err := w.Runtime.Snapshot(k.ctx, "backup")
		return i.CID, err
	}
	s, err := w.snapshotStopped(k.ctx, "backup")
	return s.CID, err
}

func (k *call) copyWorld() (any, error) {
	var p copyParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(p.Into) {
		return nil, fmt.Errorf("%w: a world is copied into a folder that is named by its absolute path", ErrUsage)
	}
	if k.s.w.Copy == nil {
		return nil, ErrNoMethod
	}
	return done{}, k.s.w.Copy(k.ctx, p.To, p.Into)
}

// check verifies the space, and then the store below it: what is wrong there may
// be of something that the space does not name.
func (k *call) check() (any, error) {
	var p CheckParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	w := &k.s.w
	var ierr error
	faults := 0
	named := map[lumps.CID]bool{}
	report := func(f Fault) {
		if ierr != nil || !f.CID.IsZero() && named[f.CID] {
			return // store and space may both see it
		}
		named[f.CID] = true
		faults++
		ierr = k.item(f)
	}
	c, err := space.Check(k.ctx, space.World{Store: w.Store, Journal: w.Journal}, p.ReadData, func(f space.Fault) {
		report(Fault{Fault: f.Error(), CID: f.CID, Seq: f.Seq})
	})
	if err == nil && w.CheckStore != nil {
		err = w.CheckStore(k.ctx, p.ReadData, report)
	}
	if err := errors.Join(err, ierr); err != nil {
		return nil, err
	}
	return Checked{Segments: c.Segments, Events: c.Events, Snapshots: c.Snapshots, Processes: c.Processes,
		Lumps: c.Lumps, Blocks: c.Blocks, Bytes: c.Bytes, Faults: faults}, nil
}
