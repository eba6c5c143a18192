package space

import (
	"context"
	"iter"

	"hearth/lumps"
	"hearth/store"
)

// Entry is a snapshot in the history of a space.
type Entry struct {
	CID    lumps.CID
	Parent lumps.CID
	State  lumps.CID
	Seq    uint64
	Time   int64 // when it was taken, Unix nanoseconds
	Text   string
}

// History yields the snapshots from head on, newest first. An error, such as a
// parent that is not stored, ends it.
func History(ctx context.Context, blocks store.Blocks, head lumps.CID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for c, s := range snapshots(ctx, Getter(blocks), head) {
			if s.err != nil {
				yield(Entry{CID: c}, s.err)
				return
			}
			if !yield(Entry{CID: c, Parent: s.Parent, State: s.State, Seq: s.Seq, Time: s.Time, Text: s.Text}, nil) {
				return
			}
		}
	}
}

type loadedSnapshot struct {
	*Snapshot
	err error
}

// snapshots yields a snapshot and its parents. None stands behind its child, so
// that also a chain that somebody made up ends.
func snapshots(ctx context.Context, get Get, c lumps.CID) iter.Seq2[lumps.CID, loadedSnapshot] {
	return func(yield func(lumps.CID, loadedSnapshot) bool) {
		last := ^uint64(0)
		for !c.IsZero() {
			err := ctx.Err()
			var s *Snapshot
			if err == nil {
				s, err = LoadSnapshot(ctx, get, c)
			}
			if err == nil && s.Seq > last {
				err = badState("snapshot %s is of event %d and the parent of one of event %d", c, s.Seq, last)
			}
			if !yield(c, loadedSnapshot{s, err}) || err != nil {
				return
			}
			last, c = s.Seq, s.Parent
		}
	}
}
