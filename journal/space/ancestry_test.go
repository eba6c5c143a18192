package space

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// goOn makes a world of a snapshot of another that lives on, on a branch of its
// own unless that is nil.
func (w *testWorld) goOn(at lumps.CID, branch []byte) *testWorld {
	w.t.Helper()
	s, dir := mem.New(), w.t.TempDir()
	_, err := Restore(context.Background(), s, dir, bytes.NewReader(backup(w.t, w, at)), nil)
	w.check(err)
	return resume(w.t, s, dir, branch)
}

// resume starts a stopped world.
func resume(t testing.TB, s store.Store, dir string, branch []byte) *testWorld {
	t.Helper()
	ctx := context.Background()
	w := &testWorld{t: t, dir: dir, store: s, k: NewKernel(), clock: 3e18, pages: map[uint64][]lumps.CID{}, counts: map[uint64]uint64{}}
	w.open()
	at, err := s.Root(ctx, RootSnapshot)
	w.check(err)
	snap, err := LoadSnapshot(ctx, Getter(s), at)
	w.check(err)
	st, err := snap.Load(ctx, Getter(s))
	w.check(err)
	w.k = st.Kernel
	for pid, im := range st.Images {
		w.pages[pid], err = im.Memory.Load(ctx, Getter(s))
		w.check(err)
		w.counts[pid] = im.Fuel / 10
	}
	w.commit(&Epoch{Number: snap.Epoch.Number + 1, Entropy: make([]byte, 32), Branch: branch})
	w.taken = nil
	return w
}

// Two histories are related by what they share, and the answer turns around with
// the question.
func TestRelate(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(4)
	fork := w.goOn(w.taken[1], bytes.Repeat([]byte{7}, 16))
	fork.send(3, "elsewhere")
	fork.snapshot("fork 1")
	fork.send(3, "elsewhere again")
	fork.snapshot("fork 2")
	late := fork.goOn(fork.taken[0], bytes.Repeat([]byte{8}, 16))
	late.snapshot("late")
	other := &testWorld{t: t, dir: t.TempDir(), store: mem.New(), k: NewKernel(), pages: map[uint64][]lumps.CID{}, counts: map[uint64]uint64{}, clock: 1e18}
	other.open()
	other.commit(&Genesis{Format: Format, Space: bytes.Repeat([]byte{9}, 16), Branch: make([]byte, 16), Limits: DefaultLimits})
	other.snapshot("other")

	seq := func(w *testWorld, c lumps.CID) uint64 {
		s, err := LoadSnapshot(ctx, Getter(w.store), c)
		w.check(err)
		return s.Seq
	}
	shared := seq(w, w.taken[1])
	for name, c := range map[string]struct {
		a    *testWorld
		at   lumps.CID
		b    *testWorld
		bt   lumps.CID
		want Relation
	}{
		"itself":            {w, w.taken[2], w, w.taken[2], Relation{OrderEqual, seq(w, w.taken[2]), w.taken[2], true}},
		"ahead":             {w, w.taken[3], w, w.taken[1], Relation{OrderAhead, shared, w.taken[1], true}},
		"behind":            {w, w.taken[0], w, w.taken[3], Relation{OrderBehind, seq(w, w.taken[0]), w.taken[0], true}},
		"a fork ahead":      {fork, fork.taken[1], w, w.taken[1], Relation{OrderAhead, shared, w.taken[1], false}},
		"fork and older":    {fork, fork.taken[1], w, w.taken[0], Relation{OrderAhead, seq(w, w.taken[0]), w.taken[0], false}},
		"fork and original": {fork, fork.taken[1], w, w.taken[3], Relation{OrderDiverged, shared, w.taken[1], false}},
		"fork of a fork":    {late, late.taken[0], w, w.taken[2], Relation{OrderDiverged, shared, w.taken[1], false}},
		"two forks":         {late, late.taken[0], fork, fork.taken[1], Relation{OrderDiverged, seq(fork, fork.taken[0]), fork.taken[0], false}},
		"another space":     {other, other.taken[0], w, w.taken[3], Relation{Order: OrderForeign}},
	} {
		got, err := Relate(ctx, Getter(c.a.store), c.at, Getter(c.b.store), c.bt)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
		back := c.want
		switch back.Order {
		case OrderAhead:
			back.Order = OrderBehind
		case OrderBehind:
			back.Order = OrderAhead
		}
		if got, err := Relate(ctx, Getter(c.b.store), c.bt, Getter(c.a.store), c.at); err != nil || got != back {
			t.Errorf("%s, turned around: %+v, %v; want %+v", name, got, err, back)
		}
	}
}

// A relation is found by the manifests and snapshots between the two, and no page
// or segment is read for it.
func TestRelateReadsLittle(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(30)
	var read []lumps.CID
	get := func(ctx context.Context, c lumps.CID) ([]byte, error) {
		read = append(read, c)
		return w.store.Get(ctx, c)
	}
	head, old := w.taken[29], w.taken[27]
	if r, err := Relate(ctx, get, head, Getter(w.store), old); err != nil || r.Order != OrderAhead {
		t.Fatal(r, err)
	}
	path, err := Path(ctx, Getter(w.store), head, 0, 1000)
	w.check(err)
	on := map[lumps.CID]bool{}
	for _, c := range path {
		on[c] = true
	}
	for _, c := range read {
		if !on[c] {
			t.Errorf("%s was read and is neither a snapshot nor a manifest", c)
		}
	}
	if len(read) > 10 {
		t.Errorf("%d blocks were read for two snapshots", len(read))
	}
	oldSeq := uint64(0)
	if s, err := LoadSnapshot(ctx, Getter(w.store), old); err == nil {
		oldSeq = s.Seq
	}
	short, err := Path(ctx, Getter(w.store), head, oldSeq, 1000)
	w.check(err)
	if len(short) != 4 { // two snapshots, two segments
		t.Errorf("%d blocks lead from one snapshot to the second before it", len(short))
	}
	if few, err := Path(ctx, Getter(w.store), head, 0, 5); err != nil || len(few) != 10 {
		t.Errorf("%d blocks for a limit of 5 of each, %v", len(few), err)
	}
}

// Without sealed segments the snapshots themselves are the trail.
func TestRelateWithoutJournal(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(3)
	put := func(s *Snapshot, parent lumps.CID) lumps.CID {
		s.Journal, s.Parent = lumps.CID{}, parent
		c, err := EncodeSnapshot(s, w.blockPut)
		w.check(err)
		return c
	}
	var bare []lumps.CID
	var parent lumps.CID
	for _, c := range w.taken {
		s, err := LoadSnapshot(ctx, Getter(w.store), c)
		w.check(err)
		parent = put(s, parent)
		bare = append(bare, parent)
	}
	get := Getter(w.store)
	r, err := Relate(ctx, get, bare[2], get, bare[0])
	if err != nil || r.Order != OrderAhead || r.Snapshot != bare[0] {
		t.Errorf("%+v, %v", r, err)
	}
	// One whose chain is another's at the same place.
	s, err := LoadSnapshot(ctx, get, bare[1])
	w.check(err)
	s.Chain = bytes.Repeat([]byte{1}, 32)
	r, err = Relate(ctx, get, bare[2], get, put(s, bare[0]))
	if err != nil || r.Order != OrderDiverged || r.Snapshot != bare[0] {
		t.Errorf("%+v, %v", r, err)
	}
}

// What somebody made up is an error, not a loop and not a relation.
func TestRelateRefuses(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(3)
	get := Getter(w.store)
	forged := func(change func(s *Snapshot)) lumps.CID {
		s, err := LoadSnapshot(ctx, get, w.taken[2])
		w.check(err)
		change(s)
		c, err := EncodeSnapshot(s, w.blockPut)
		w.check(err)
		return c
	}
	older, err := LoadSnapshot(ctx, get, w.taken[0])
	w.check(err)
	for name, c := range map[string]lumps.CID{
		"the journal of another time": forged(func(s *Snapshot) { s.Journal = older.Journal }),
		"a seq that is not its own":   forged(func(s *Snapshot) { s.Seq++ }),
		"a hash that is not its own":  forged(func(s *Snapshot) { s.Chain = make([]byte, 32) }),
		"a parent ahead":              forged(func(s *Snapshot) { s.Journal, s.Parent, s.Seq = lumps.CID{}, w.taken[2], s.Seq-1 }),
	} {
		if r, err := Relate(ctx, get, c, get, w.taken[0]); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	missing := forged(func(s *Snapshot) { s.Journal = lumps.Sum(lumps.DagCBOR, []byte("nowhere")) })
	if _, err := Relate(ctx, get, missing, get, w.taken[0]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a manifest that is missing: %v", err)
	}
	if _, err := Relate(ctx, get, w.file([]byte("a file")).CID, get, w.taken[0]); !errors.Is(err, ErrBadState) {
		t.Errorf("a file: %v", err)
	}
}

// A hash vouches for its place in a history and no other.
func TestPasses(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(3)
	fork := w.goOn(w.taken[0], bytes.Repeat([]byte{7}, 16))
	fork.snapshot("fork")
	load := func(w *testWorld, c lumps.CID) *Snapshot {
		s, err := LoadSnapshot(ctx, Getter(w.store), c)
		w.check(err)
		return s
	}
	head := load(w, w.taken[2])
	for name, c := range map[string]struct {
		s    *Snapshot
		want bool
	}{
		"itself": {head, true}, "older": {load(w, w.taken[1]), true}, "first": {load(w, w.taken[0]), true},
		"fork": {load(fork, fork.taken[0]), false},
	} {
		if ok, err := head.Passes(ctx, Getter(w.store), c.s.Seq, [32]byte(c.s.Chain)); err != nil || ok != c.want {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if ok, err := head.Passes(ctx, Getter(w.store), head.Seq+1, [32]byte(head.Chain)); err != nil || ok {
		t.Errorf("an event that is yet to come: %v, %v", ok, err)
	}
}
