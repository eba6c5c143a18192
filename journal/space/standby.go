package space

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

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
	c, _, _, err := y.look(ctx)
	return c, err
}

// look compares the journal with the root. settled says that they agree.
func (y Standby) look(ctx context.Context) (c lumps.CID, snap *Snapshot, settled bool, err error) {
	c, err = y.Store.Root(ctx, RootSnapshot)
	if errors.Is(err, store.ErrNotFound) {
		return lumps.CID{}, nil, false, y.blank()
	}
	if err != nil {
		return c, nil, false, err
	}
	if snap, err = LoadSnapshot(ctx, Getter(y.Store), c); err != nil {
		return c, nil, false, err
	}
	end, own, err := y.end()
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return c, snap, false, nil
	case err != nil:
		return c, nil, false, err
	case own:
		return c, nil, false, ErrRan
	case end == mark{snap.Seq, [32]byte(snap.Chain)}:
		return c, snap, true, nil
	}
	// Only a journal that the root has passed may be made anew.
	passed, err := snap.Passes(ctx, Getter(y.Store), end.seq, end.hash)
	if err == nil && !passed {
		err = ErrRan
	}
	return c, snap, false, err
}

// blank returns nil if there is no journal, or an empty one.
func (y Standby) blank() error {
	end, own, err := y.end()
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err == nil && (own || end.seq > 0) {
		err = ErrRan
	}
	return err
}

// end returns where the journal ends, and whether it has records of its own:
// some that are in no archive.
func (y Standby) end() (m mark, own bool, err error) {
	j, _, err := journal.OpenReadOnly(y.Journal, journal.Options{Archive: NewArchive(y.Store), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return m, false, err
	}
	m.seq, m.hash = j.Durable()
	last := j.First() - 1
	for _, s := range j.Segments() {
		if s.Archived() {
			last = s.Last
		}
	}
	return m, m.seq > last, j.Close()
}

// Move makes a snapshot that is ahead the one at which the standby stands. All
// that it reaches is stored and verified by now. ErrRan if this is no standby.
func (y Standby) Move(ctx context.Context, to lumps.CID) error {
	if _, err := y.At(ctx); err != nil {
		return err
	}
	snap, err := LoadSnapshot(ctx, Getter(y.Store), to)
	if err != nil {
		return err
	}
	// A snapshot behind which no journal can go on must not become the root.
	if _, err := snap.origin(ctx, Getter(y.Store)); err != nil {
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
	_, snap, settled, err := y.look(ctx)
	if errors.Is(err, ErrRan) || err == nil && snap == nil {
		return nil
	}
	if err != nil {
		return err
	}
	fresh, old := y.Journal+".new", y.Journal+".old"
	if settled {
		return errors.Join(os.RemoveAll(fresh), os.RemoveAll(old))
	}
	origin, err := snap.origin(ctx, Getter(y.Store))
	if err != nil {
		return err
	}
	y.now("remove left over")
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(old)); err != nil {
		return err
	}
	y.now("create")
	if err := journal.Create(fresh, journal.Options{}, origin); err != nil {
		return fmt.Errorf("the journal behind event %d cannot be made: %w", snap.Seq, err)
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
