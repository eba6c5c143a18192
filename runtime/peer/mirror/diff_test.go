package mirror

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"hearth/journal/space"
	"hearth/lumps"
)

func lines(t *testing.T, d iter.Seq2[space.Difference, error]) (out []string) {
	t.Helper()
	for d, err := range d {
		must(t, err)
		out = append(out, d.String())
	}
	return out
}

// A comparison over the wire says what a local one says, and brings little more
// than the nodes in which the two differ.
func TestDiffAtADistance(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(60)
	counter := w.SpawnGuest("counter", true)
	old := w.Snap()
	w.touch(pids[5], 3, 99)
	w.Ask(counter, "add 7")
	w.SpawnGuest("counter", true)
	must(t, w.SetRoot(ctx, "scene", w.Module("counter"), 1, "test"))
	head := w.Snap()
	get := space.Getter(w.Store)
	want := lines(t, space.Diff(ctx, space.Side{Get: get, State: old.State}, space.Side{Get: get, State: head.State}))
	if len(want) < 4 {
		t.Fatalf("only %d differences", len(want))
	}
	// Two mirrors of the world, compared by a third that has neither.
	first, second := empty(t, "first"), empty(t, "second")
	for r, at := range map[*Repository]lumps.CID{first: old.CID, second: head.CID} {
		_, err := Pull(ctx, connect(t, w.repo, 0), r, PullOptions{Snapshot: at})
		must(t, err)
	}
	la, lb := connect(t, first, 0), connect(t, second, 0)
	a, err := RootSide(ctx, la, HeadRoot("home"))
	must(t, err)
	b, err := RootSide(ctx, lb, HeadRoot("home"))
	must(t, err)
	if got := lines(t, space.Diff(ctx, a, b)); !slices.Equal(got, want) {
		t.Errorf("at a distance:\n%q\nhere:\n%q", got, want)
	}
	total, _ := lacks(t, w.Store, empty(t, "none").Store, head.CID)
	for _, l := range []*link{la, lb} {
		if n := l.exchange.Stats().BlocksIn; n*5 > total {
			t.Errorf("%d blocks of %d were brought", n, total)
		}
	}
	t.Logf("%d and %d blocks of %d were brought", la.exchange.Stats().BlocksIn, lb.exchange.Stats().BlocksIn, total)
	// The newest of a world, and one by its CID.
	if s, err := Side(ctx, connect(t, w.repo, 0), lumps.CID{}); err != nil || s.State != head.State {
		t.Errorf("the newest: %s, %v", s.State, err)
	}
	if s, err := Side(ctx, connect(t, w.repo, 0), old.CID); err != nil || s.State != old.State {
		t.Errorf("one by its CID: %s, %v", s.State, err)
	}
	if _, err := Side(ctx, la, lumps.CID{}); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("a world without a snapshot: %v", err)
	}
	if _, err := RootSide(ctx, la, "nothing"); !errors.Is(err, ErrNoRoot) {
		t.Errorf("a root that is not there: %v", err)
	}
}

// sourceFunc is a Source of one function.
type sourceFunc func(ctx context.Context, c lumps.CID) ([]byte, error)

func (f sourceFunc) Get(ctx context.Context, c lumps.CID) ([]byte, error) { return f(ctx, c) }

// What a comparison keeps is bounded, and what it is given under a wrong name it
// does not take.
func TestCache(t *testing.T) {
	ctx := within(t)
	block := func(n byte) ([]byte, lumps.CID) {
		b := make([]byte, 1<<20)
		b[0] = n
		return b, lumps.Sum(lumps.Raw, b)
	}
	blocks := map[lumps.CID][]byte{}
	var order []lumps.CID
	for n := range byte(100) {
		b, c := block(n)
		blocks[c] = b
		order = append(order, c)
	}
	asked := 0
	c := &cache{blocks: map[lumps.CID][]byte{}, from: sourceFunc(func(_ context.Context, c lumps.CID) ([]byte, error) {
		asked++
		return blocks[c], nil
	})}
	for _, cid := range order {
		for range 2 {
			if _, err := c.get(ctx, cid); err != nil {
				t.Fatal(err)
			}
		}
	}
	if asked != len(order) || c.bytes > cacheBytes || len(c.blocks) != len(c.order) || len(c.blocks) != cacheBytes>>20 {
		t.Errorf("%d were asked for, %d are kept in %d bytes", asked, len(c.blocks), c.bytes)
	}
	liar := &cache{blocks: map[lumps.CID][]byte{}, from: sourceFunc(func(context.Context, lumps.CID) ([]byte, error) { return []byte("another"), nil })}
	if _, err := liar.get(ctx, order[0]); !errors.Is(err, ErrRequest) || len(liar.blocks) != 0 {
		t.Errorf("%v", err)
	}
}
