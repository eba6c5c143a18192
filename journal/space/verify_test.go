package space

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// copyDAG copies what c reaches, but for some blocks.
func copyDAG(t testing.TB, from, to store.Store, c lumps.CID, but ...lumps.CID) {
	t.Helper()
	err := store.Walk(context.Background(), from, []lumps.CID{c}, func(c lumps.CID, data []byte) (bool, error) {
		if slices.Contains(but, c) {
			return true, nil
		}
		return true, to.Put(context.Background(), store.Block{CID: c, Data: bytes.Clone(data)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func reached(t testing.TB, s store.Store, c lumps.CID) map[lumps.CID]struct{} {
	t.Helper()
	all := map[lumps.CID]struct{}{}
	err := store.Reach(context.Background(), s, []lumps.CID{c}, func(c lumps.CID) (bool, error) {
		all[c] = struct{}{}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A history that is verified in parts is verified: each part looks at what is new
// and no more, and the catalogue ends as that of a restored world.
func TestVerifyHistory(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(5)
	whole := mem.New()
	copyDAG(t, w.store, whole, w.taken[4])
	asked := map[Program]int{}
	program := func(_ context.Context, p Program) error { asked[p]++; return nil }
	all, err := VerifyHistory(ctx, whole, Verification{Head: w.taken[4], Program: program})
	if err != nil || all.Snapshots != 5 || all.Segments != 5 || len(asked) != 7 {
		t.Fatalf("%+v, %d programs, %v", all, len(asked), err)
	}
	for p, n := range asked {
		if n != 1 {
			t.Errorf("program %s was asked about %d times", p.Module, n)
		}
	}
	restored := mem.New()
	if _, err := Restore(ctx, restored, t.TempDir(), bytes.NewReader(backup(t, w, w.taken[4])), nil); err != nil {
		t.Fatal(err)
	}
	if a, b := catalogueOf(t, whole), catalogueOf(t, restored); !maps.Equal(a, b) {
		t.Errorf("the catalogue has %d lumps, that of a restored world %d", len(a), len(b))
	}

	parts := mem.New()
	var from lumps.CID
	var events uint64
	for _, c := range w.taken {
		var skip func(lumps.CID) bool
		if !from.IsZero() {
			known := reached(t, parts, from)
			skip = func(c lumps.CID) bool { _, ok := known[c]; return ok }
		}
		copyDAG(t, w.store, parts, c)
		sum, err := VerifyHistory(ctx, parts, Verification{Head: c, From: from, Skip: skip})
		if err != nil || sum.Snapshots != 1 || sum.Segments != 1 {
			t.Fatalf("%+v, %v", sum, err)
		}
		if !from.IsZero() && sum.Blocks*2 > all.Blocks {
			t.Errorf("%d blocks were looked at for a part of %d", sum.Blocks, all.Blocks)
		}
		events += sum.Events
		from = c
	}
	if events != all.Events {
		t.Errorf("%d events in parts, %d in the whole", events, all.Events)
	}
	if a, b := catalogueOf(t, parts), catalogueOf(t, restored); !maps.Equal(a, b) {
		t.Errorf("the catalogue has %d lumps, that of a restored world %d", len(a), len(b))
	}
}

// A fork is verified from where it began.
func TestVerifyFork(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(3)
	fork := w.goOn(w.taken[1], bytes.Repeat([]byte{7}, 16))
	fork.send(3, "elsewhere")
	head := fork.snapshot("fork")
	s := mem.New()
	copyDAG(t, w.store, s, w.taken[2])
	copyDAG(t, fork.store, s, head)
	if sum, err := VerifyHistory(ctx, s, Verification{Head: head, From: w.taken[1]}); err != nil || sum.Snapshots != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := VerifyHistory(ctx, s, Verification{Head: head, From: w.taken[2]}); !errors.Is(err, ErrUnsound) {
		t.Errorf("from a snapshot that is not before it: %v", err)
	}
}

// What does not agree is refused, whether the part before was verified or not.
func TestVerifyHistoryRefuses(t *testing.T) {
	ctx := t.Context()
	for name, harm := range map[string]func(w *testWorld, s *Snapshot, st *State){
		"another state":     func(w *testWorld, s *Snapshot, st *State) { st.Kernel.names["made up"] = durableTo(3) },
		"another process":   func(w *testWorld, s *Snapshot, st *State) { delete(st.Kernel.procs, 3); delete(st.Images, 3) },
		"another clock":     func(w *testWorld, s *Snapshot, st *State) { s.Clock++ },
		"another branch":    func(w *testWorld, s *Snapshot, st *State) { s.Epoch.Branch = bytes.Repeat([]byte{1}, 16) },
		"a hash made up":    func(w *testWorld, s *Snapshot, st *State) { s.Chain = make([]byte, 32) },
		"an event too many": func(w *testWorld, s *Snapshot, st *State) { s.Seq++ },
		"another parent": func(w *testWorld, s *Snapshot, st *State) {
			p, err := LoadSnapshot(ctx, Getter(w.store), s.Parent)
			w.check(err)
			p.State = s.State
			s.Parent, err = EncodeSnapshot(p, w.blockPut)
			w.check(err)
		},
		"a segment that lies": func(w *testWorld, s *Snapshot, st *State) {
			m, err := LoadManifest(ctx, Getter(w.store), s.Journal)
			w.check(err)
			p, err := LoadManifest(ctx, Getter(w.store), m.Prev)
			w.check(err)
			m.Bytes, m.Size = p.Bytes, p.Size
			s.Journal, err = putNode(w.blockPut, m)
			w.check(err)
		},
		"a lump that is named and not linked": func(w *testWorld, s *Snapshot, st *State) {
			m, err := LoadManifest(ctx, Getter(w.store), s.Journal)
			w.check(err)
			m.Lumps = lumps.CID{}
			s.Journal, err = putNode(w.blockPut, m)
			w.check(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.live(3)
			from := w.taken[1]
			head := w.forge(func(s *Snapshot, st *State) { harm(w, s, st) })
			for _, from := range []lumps.CID{{}, from} {
				s := mem.New()
				copyDAG(t, w.store, s, w.taken[1])
				copyDAG(t, w.store, s, head)
				if _, err := VerifyHistory(ctx, s, Verification{Head: head, From: from}); !errors.Is(err, ErrUnsound) {
					t.Errorf("from %v: %v", from, err)
				}
			}
		})
	}
}

// Each block that is missing is missed.
func TestVerifyHistoryMisses(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(2)
	old := reached(t, w.store, w.taken[0])
	for c := range reached(t, w.store, w.taken[1]) {
		s := mem.New()
		copyDAG(t, w.store, s, w.taken[1], c)
		if _, err := VerifyHistory(ctx, s, Verification{Head: w.taken[1]}); !errors.Is(err, store.ErrNotFound) || !errors.Is(err, ErrUnsound) && c != w.taken[1] {
			t.Errorf("without %s: %v", c, err)
		}
		if _, ok := old[c]; ok {
			continue
		}
		skip := func(c lumps.CID) bool { _, ok := old[c]; return ok }
		if _, err := VerifyHistory(ctx, s, Verification{Head: w.taken[1], From: w.taken[0], Skip: skip}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("without %s, in parts: %v", c, err)
		}
	}
}

// A program that is refused makes the snapshot unsound, and an error that is not
// about it stays what it is.
func TestVerifyHistoryPassesErrorsOn(t *testing.T) {
	w := newWorld(t)
	w.live(1)
	bad := errors.New("not derived")
	_, err := VerifyHistory(t.Context(), w.store, Verification{Head: w.taken[0], Program: func(context.Context, Program) error { return bad }})
	if !errors.Is(err, bad) || !errors.Is(err, ErrUnsound) {
		t.Errorf("a program: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := VerifyHistory(ctx, w.store, Verification{Head: w.taken[0]}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnsound) {
		t.Errorf("an end: %v", err)
	}
}
