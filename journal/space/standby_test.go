package space

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

func standby(t testing.TB, w *testWorld) Standby {
	s := mem.New()
	for _, c := range w.taken {
		copyDAG(t, w.store, s, c)
	}
	return Standby{Store: s, Journal: filepath.Join(t.TempDir(), "journal")}
}

func (y Standby) stands(t testing.TB, w *testWorld, at lumps.CID) {
	t.Helper()
	if c, err := y.At(t.Context()); err != nil || c != at {
		t.Errorf("the standby is at %s, %v; want %s", c, err, at)
	}
	s, err := LoadSnapshot(t.Context(), Getter(w.store), at)
	w.check(err)
	end, err := y.end()
	if err != nil || end.own || end.mark != (mark{s.Seq, [32]byte(s.Chain)}) {
		t.Errorf("the journal ends at %d, %v, %v; want %d", end.seq, end.own, err, s.Seq)
	}
	want, err := Manifests(t.Context(), Getter(w.store), s.Journal)
	w.check(err)
	if !slices.Equal(end.segments, want) {
		t.Errorf("the journal has %d segments, the history %d", len(end.segments), len(want))
	}
}

// A standby moves from snapshot to snapshot, is started and is one no more.
func TestStandby(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(4)
	y := standby(t, w)
	if c, err := y.At(ctx); err != nil || !c.IsZero() {
		t.Fatalf("one that is only begun is at %s, %v", c, err)
	}
	w.check(y.Settle(ctx)) // nothing to do
	for _, c := range []lumps.CID{w.taken[0], w.taken[0], w.taken[2]} {
		w.check(y.Move(ctx, c))
		y.stands(t, w, c)
	}
	at := w.taken[2]
	again := resume(t, y.Store, y.Journal, bytes.Repeat([]byte{7}, 16))
	again.send(3, "on a branch of its own")
	w.check(again.j.Wait(ctx, again.k.Seq))
	again.j.Close()
	if _, err := y.At(ctx); !errors.Is(err, ErrRan) {
		t.Errorf("a world that has run is a standby: %v", err)
	}
	if err := y.Move(ctx, w.taken[3]); !errors.Is(err, ErrRan) {
		t.Errorf("a world that has run was moved: %v", err)
	}
	if c, _ := y.Store.Root(ctx, RootSnapshot); c != at {
		t.Error("the root of a world that has run was moved")
	}
	w.check(y.Settle(ctx)) // left as it is
	j, _, err := journal.OpenReadOnly(y.Journal, journalOptions(NewArchive(y.Store)))
	w.check(err)
	defer j.Close()
	if seq, _ := j.Durable(); seq != again.k.Seq {
		t.Errorf("the journal of a world that has run ends at %d, and it was %d", seq, again.k.Seq)
	}
}

// Whatever step is the last before a kill, the standby is at the old snapshot or
// at the new one when it is opened, and can be moved on.
func TestStandbyKilled(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(4)
	type killed struct{}
	for _, first := range []bool{true, false} {
		for last := 0; ; last++ {
			y := standby(t, w)
			old, next := lumps.CID{}, w.taken[1]
			if !first {
				old = w.taken[1]
				next = w.taken[2]
				w.check(y.Move(ctx, old))
			}
			steps, name := 0, ""
			dying := y
			dying.step = func(what string) {
				if name = what; steps == last {
					panic(killed{})
				}
				steps++
			}
			dead := func() (dead bool) {
				defer func() {
					if r := recover(); r != nil {
						if _, dead = r.(killed); !dead {
							panic(r)
						}
					}
				}()
				w.check(dying.Move(ctx, next))
				return false
			}()
			w.check(y.Settle(ctx)) // what opens a world does
			at, err := y.At(ctx)
			w.check(err)
			if at != old && at != next || !dead && at != next || dead && name == "root" && at != old {
				t.Errorf("killed before %q: at %s", name, at)
			}
			if !at.IsZero() {
				y.stands(t, w, at)
			}
			w.check(y.Move(ctx, w.taken[3]))
			y.stands(t, w, w.taken[3])
			for _, left := range []string{".new", ".old"} {
				if _, err := os.Stat(y.Journal + left); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("killed before %q: %s is left, %v", name, left, err)
				}
			}
			if !dead {
				if steps < 6 {
					t.Errorf("only %d steps were seen", steps)
				}
				break
			}
		}
	}
}

// A journal that the root has not passed is not made anew, whoever asks.
func TestSettleSpares(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(3)
	world := func(head lumps.CID, root lumps.CID) Standby {
		y := standby(t, w)
		w.check(y.Move(ctx, head))
		w.check(y.Store.SetRoot(ctx, RootSnapshot, root))
		return y
	}
	ahead := world(w.taken[2], w.taken[1])
	w.check(ahead.Settle(ctx))
	s, err := LoadSnapshot(ctx, Getter(w.store), w.taken[2])
	w.check(err)
	if end, err := ahead.end(); err != nil || end.seq != s.Seq {
		t.Errorf("a journal ahead of its root ends at %d, %v", end.seq, err)
	}
	if _, err := ahead.At(ctx); !errors.Is(err, ErrRan) {
		t.Errorf("a journal ahead of its root: %v", err)
	}

	fork := w.goOn(w.taken[0], bytes.Repeat([]byte{7}, 16))
	head := fork.snapshot("fork")
	y := standby(t, w)
	w.check(y.Move(ctx, w.taken[1]))
	copyDAG(t, fork.store, y.Store, head)
	w.check(y.Store.SetRoot(ctx, RootSnapshot, head))
	w.check(y.Settle(ctx))
	s, err = LoadSnapshot(ctx, Getter(w.store), w.taken[1])
	w.check(err)
	if end, err := y.end(); err != nil || end.seq != s.Seq {
		t.Errorf("a journal of another history ends at %d, %v", end.seq, err)
	}

	// A folder that only looks like a journal is no reason to make one over it.
	y = standby(t, w)
	w.check(y.Move(ctx, w.taken[1]))
	names, err := filepath.Glob(filepath.Join(y.Journal, "*.seg"))
	w.check(err)
	for _, name := range names {
		w.check(os.WriteFile(name, []byte("damage"), 0o600))
	}
	var damage *journal.DamageError
	if err := y.Move(ctx, w.taken[2]); !errors.As(err, &damage) {
		t.Errorf("a damaged journal: %v", err)
	}
	if c, _ := y.Store.Root(ctx, RootSnapshot); c != w.taken[1] {
		t.Error("a world with a damaged journal was moved")
	}
}

// A journal that follows reads the manifests that are new to it.
func TestStandbyReadsLittle(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(30)
	y := standby(t, w)
	w.check(y.Move(ctx, w.taken[27]))
	counted := &countingStore{Store: y.Store}
	y.Store = counted
	w.check(y.Move(ctx, w.taken[29]))
	y.stands(t, w, w.taken[29])
	if counted.gets > 20 {
		t.Errorf("%d blocks were read to follow two snapshots", counted.gets)
	}
}

type countingStore struct {
	store.Store
	gets int
}

func (s *countingStore) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	s.gets++
	return s.Store.Get(ctx, c)
}

// What no journal can go on behind does not become the root.
func TestStandbyRefuses(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(2)
	y := standby(t, w)
	if err := y.Move(ctx, lumps.Sum(lumps.DagCBOR, nil)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a snapshot that is not there: %v", err)
	}
	head := w.forge(func(s *Snapshot, st *State) { s.Seq++ })
	copyDAG(t, w.store, y.Store, head)
	if err := y.Move(ctx, head); !errors.Is(err, ErrBadState) {
		t.Errorf("a snapshot without its history: %v", err)
	}
	if _, err := y.Store.Root(ctx, RootSnapshot); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the root was set: %v", err)
	}
}
