package world

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/store"
)

// snapshots makes a world with two snapshots and returns its folder.
func snapshots(t *testing.T) (dir string, at []lumps.CID) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "server")
	w := made(t, dir)
	if err := errors.Join(w.Load(), w.Commit()); err != nil {
		t.Fatal(err)
	}
	o := w.Options()
	o.SnapshotEvery = -1
	rt, err := w.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		info, err := rt.Snapshot(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, info.CID)
	}
	if err := errors.Join(rt.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, at
}

// pull copies what a snapshot reaches.
func pull(t *testing.T, from string, to store.Store, at lumps.CID) {
	t.Helper()
	w, err := Open(from, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	err = store.Walk(t.Context(), w.Store, []lumps.CID{at}, func(c lumps.CID, data []byte) (bool, error) {
		return true, to.Put(t.Context(), store.Block{CID: c, Data: data})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, dir string) *World {
	t.Helper()
	w, err := OpenStandby(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A standby is begun, keeps what came when it is cut off, becomes a world, is
// moved on, and runs on a branch of its own; then it is a standby no more.
func TestStandby(t *testing.T) {
	ctx := t.Context()
	from, at := snapshots(t)
	dir := filepath.Join(t.TempDir(), "a", "standby")
	y := opened(t, dir)
	if !y.Made {
		t.Error("one that was begun is a world")
	}
	pull(t, from, y.Store, at[0])
	if err := y.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Exists(dir); !errors.Is(err, ErrNoWorld) {
		t.Errorf("cut off, it is a world: %v", err)
	}
	if err := Vacant(dir); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("cut off, what came would be lost: %v", err)
	}
	y = opened(t, dir)
	if has, err := y.Store.Has(ctx, at[0]); err != nil || !has || !y.Made {
		t.Errorf("what came was not kept: %v", err)
	}
	var locked *LockedError
	if _, err := OpenStandby(dir, me, quiet); !errors.As(err, &locked) {
		t.Errorf("twice: %v", err)
	}
	if err := errors.Join(y.following().Move(ctx, at[0]), y.Fork(), y.Commit(), y.Close()); err != nil {
		t.Fatal(err)
	}
	// Looking at it is not running it.
	w, err := Open(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	y = opened(t, dir)
	if y.Made {
		t.Error("it is no world yet")
	}
	pull(t, from, y.Store, at[1])
	if err := errors.Join(y.following().Move(ctx, at[1]), y.Close()); err != nil {
		t.Fatal(err)
	}

	w, err = Open(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	head, err := space.LoadSnapshot(ctx, space.Getter(w.Store), at[1])
	if err != nil {
		t.Fatal(err)
	}
	o := w.Options()
	o.SnapshotEvery = -1
	rt, err := w.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	info, err := rt.Snapshot(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	snap, err := space.LoadSnapshot(ctx, space.Getter(w.Store), info.CID)
	if err != nil || info.Parent != at[1] || string(snap.Epoch.Branch) == string(head.Epoch.Branch) {
		t.Errorf("it goes on from %s, %v", info.Parent, err)
	}
	if err := errors.Join(rt.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	// Also where a crash came before its marks were removed.
	for _, marks := range [][]string{nil, {standbyFile}, {standbyFile, "branch"}} {
		for _, name := range marks {
			if err := writeFile(dir, name, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := OpenStandby(dir, me, quiet); !errors.Is(err, space.ErrRan) {
			t.Errorf("after it ran, with %v: %v", marks, err)
		}
	}
	if _, err := OpenStandby(from, me, quiet); !errors.Is(err, space.ErrRan) {
		t.Errorf("a world of its own: %v", err)
	}
}

// A crash after the root was set leaves a world that opens at the new snapshot.
func TestStandbySettles(t *testing.T) {
	ctx := t.Context()
	from, at := snapshots(t)
	dir := filepath.Join(t.TempDir(), "standby")
	y := opened(t, dir)
	pull(t, from, y.Store, at[1])
	if err := errors.Join(y.following().Move(ctx, at[0]), y.Fork(), y.Commit()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(y.Store.SetRoot(ctx, space.RootSnapshot, at[1]), y.Close()); err != nil {
		t.Fatal(err)
	}
	w, err := Open(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	head, err := space.LoadSnapshot(ctx, space.Getter(w.Store), at[1])
	if err != nil {
		t.Fatal(err)
	}
	if seq, hash := w.Journal.Durable(); seq != head.Seq || hash != [32]byte(head.Chain) {
		t.Errorf("the journal ends at %d, the snapshot is of %d", seq, head.Seq)
	}
	rt, err := runtime.Open(ctx, w.Options())
	if err != nil {
		t.Fatal(err)
	}
	rt.Close()
}

// A folder that holds something else is not made a standby.
func TestStandbyRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStandby(dir, me, quiet); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "format"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStandby(dir, me, quiet); !errors.Is(err, ErrBadFormat) {
		t.Errorf("%v", err)
	}
}
