package space

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

// ErrRan reports a world that has a history of its own behind the snapshot that
// it was made of.
var ErrRan = errors.New("the world has run since it was made; pull into a new folder, or keep the other history beside it with --fork")

// Standby is a world that ends at a snapshot and has not run since: the root of
// its store names the snapshot, and its journal goes on behind it and holds no
// record of its own.
//
// The root leads, the journal follows: to move a standby is to set the root, at
// once and durably, when everything below it is stored; Settle then makes the
// journal anew behind it. What a crash leaves in between is a root that is ahead
// of its journal, and Settle, which everybody calls who opens such a world, makes
// that whole. So a standby is at the old snapshot or at the new one, never
// between.
//
//	journal/      behind the snapshot
//	journal.new/  being made; worthless after a crash
//	journal.old/  what it replaced, being removed
type Standby struct {
	Store   store.Store
	Journal string // the journal's folder
	// step is called between the changes to the disk; tests end there.
	step func(string)
}

// At returns the snapshot at which the standby stands, zero if it was only
// begun, and ErrRan if it is none any more.
func (y Standby) At(ctx context.Context) (lumps.CID, error) {
	p, err := y.look(ctx)
	return p.cid, err
}

// place is where a standby stands.
type place struct {
	cid     lumps.CID
	snap    *Snapshot // nil without one
	settled bool      // the journal is behind it
	journal ending
}

// ending is how a journal ends.
type ending struct {
	mark
	own      bool              // it has records that are in no archive
	segments []journal.Segment // that are in it
}

// look compares the journal with the root.
func (y Standby) look(ctx context.Context) (p place, err error) {
	p.cid, err = y.Store.Root(ctx, RootSnapshot)
	if errors.Is(err, store.ErrNotFound) {
		return place{}, y.blank()
	}
	if err != nil {
		return p, err
	}
	snap, err := LoadSnapshot(ctx, Getter(y.Store), p.cid)
	if err != nil {
		return p, err
	}
	p.journal, err = y.end()
	switch {
	case errors.Is(err, journal.ErrNotFound):
		p.snap = snap
		return p, nil
	case err != nil:
		return p, err
	case p.journal.own:
		return p, ErrRan
	case p.journal.mark == mark{snap.Seq, [32]byte(snap.Chain)}:
		p.snap, p.settled = snap, true
		return p, nil
	}
	// Only a journal that the root has passed may be made anew.
	passed, err := snap.Passes(ctx, Getter(y.Store), p.journal.seq, p.journal.hash)
	if err == nil && !passed {
		err = ErrRan
	}
	p.snap = snap
	return p, err
}

// blank returns nil if there is no journal, or an empty one.
func (y Standby) blank() error {
	end, err := y.end()
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err == nil && (end.own || end.seq > 0) {
		err = ErrRan
	}
	return err
}

// end looks at the journal.
func (y Standby) end() (e ending, err error) {
	j, _, err := journal.OpenReadOnly(y.Journal, journal.Options{Archive: NewArchive(y.Store), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return e, err
	}
	e.seq, e.hash = j.Durable()
	last := j.First() - 1
	for _, s := range j.Segments() {
		if !s.Archived() {
			break
		}
		last = s.Last
		e.segments = append(e.segments, s)
	}
	e.own = e.seq > last
	return e, j.Close()
}

// Move makes a snapshot that is ahead the one at which the standby stands. All
// that it reaches is stored and verified by now. ErrRan if this is no standby.
func (y Standby) Move(ctx context.Context, to lumps.CID) error {
	p, err := y.look(ctx)
	if err != nil {
		return err
	}
	snap, err := LoadSnapshot(ctx, Getter(y.Store), to)
	if err != nil {
		return err
	}
	// A snapshot behind which no journal can go on must not become the root.
	if _, err := snap.originBehind(ctx, Getter(y.Store), p.journal.segments); err != nil {
		return err
	}
	y.now("root")
	if err := y.Store.SetRoot(ctx, RootSnapshot, to); err != nil {
		return err
	}
	return y.Settle(ctx)
}

// Settle makes the journal go on behind the snapshot that the root names, if it
// does not yet. A world that has run, or has no snapshot, is left as it is.
func (y Standby) Settle(ctx context.Context) error {
	p, err := y.look(ctx)
	if errors.Is(err, ErrRan) || err == nil && p.snap == nil {
		return nil
	}
	if err != nil {
		return err
	}
	fresh, old := y.Journal+".new", y.Journal+".old"
	if p.settled {
		return errors.Join(os.RemoveAll(fresh), os.RemoveAll(old))
	}
	origin, err := p.snap.originBehind(ctx, Getter(y.Store), p.journal.segments)
	if err != nil {
		return err
	}
	y.now("remove left over")
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(old)); err != nil {
		return err
	}
	y.now("create")
	if err := journal.Create(fresh, journal.Options{}, origin); err != nil {
		return fmt.Errorf("the journal behind event %d cannot be made: %w", p.snap.Seq, err)
	}
	y.now("put aside")
	if err := os.Rename(y.Journal, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	y.now("put in place")
	if err := os.Rename(fresh, y.Journal); err != nil {
		return err
	}
	y.now("sync")
	if err := syncFolder(filepath.Dir(y.Journal)); err != nil {
		return err
	}
	y.now("remove old")
	return os.RemoveAll(old)
}

// originBehind is where a journal goes on behind the snapshot. The manifests are
// read back to one of the segments that are known, which a journal that follows
// does not read again and again.
func (s *Snapshot) originBehind(ctx context.Context, get Get, known []journal.Segment) (journal.Origin, error) {
	if s.Journal.IsZero() || len(known) == 0 {
		return s.origin(ctx, get)
	}
	at := map[lumps.CID]int{}
	for i, seg := range known {
		at[seg.CID] = i
	}
	var segments []journal.Segment // newest first
	end := mark{s.Seq, [32]byte(s.Chain)}
	for c := s.Journal; !c.IsZero(); {
		if i, ok := at[c]; ok {
			if seg := known[i]; end != (mark{seg.Last, seg.LastHash}) {
				return journal.Origin{}, badState("the segment of events %d to %d does not end at event %d of the history that names it", seg.First, seg.Last, end.seq)
			}
			slices.Reverse(segments)
			return journal.Origin{Segments: append(slices.Clone(known[:i+1]), segments...)}, nil
		}
		m, err := LoadManifest(ctx, get, c)
		if err != nil {
			return journal.Origin{}, err
		}
		if end != (mark{m.Last, [32]byte(m.Hash)}) {
			return journal.Origin{}, badState("the segment of events %d to %d does not end at event %d of the history that names it", m.First, m.Last, end.seq)
		}
		segments = append(segments, m.Segment(c))
		end, c = mark{m.First - 1, [32]byte(m.Before)}, m.Prev
	}
	slices.Reverse(segments)
	return journal.Origin{Segments: segments}, nil
}

func (y Standby) now(what string) {
	if y.step != nil {
		y.step(what)
	}
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
