package storetest

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// model compares the store with one in memory over random sequences of calls.
func model(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer func() {
			if err := s.Close(); err != nil {
				rt.Fatalf("Close: %v", err)
			}
		}()
		m := mem.New()
		steps := rapid.IntRange(1, 40).Draw(rt, "steps")
		for range steps {
			step(rt, s, m)
		}
		Same(rt, s, m)
	})
}

// universe is small, so that random calls meet.
var universe = slices.Concat(Blocks(30, 12, 40), Blocks(31, 6, 3000), []store.Block{raw("")})

// step makes one random call on both stores.
func step(t *rapid.T, s, m store.Store) {
	index := rapid.IntRange(0, len(universe)-1)
	var some []store.Block
	var cids []lumps.CID
	for _, i := range rapid.SliceOfN(index, 0, 5).Draw(t, "blocks") {
		some, cids = append(some, universe[i]), append(cids, universe[i].CID)
	}
	one := universe[index.Draw(t, "block")].CID
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	var got, want error
	switch rapid.SampledFrom([]string{"put", "put", "remove", "root", "unroot", "lump", "unlump"}).Draw(t, "call") {
	case "put":
		got, want = s.Put(ctx, some...), m.Put(ctx, some...)
	case "remove":
		got, want = s.Remove(ctx, cids...), m.Remove(ctx, cids...)
	case "root":
		got, want = s.SetRoot(ctx, name, one), m.SetRoot(ctx, name, one)
	case "unroot":
		got, want = s.SetRoot(ctx, name, lumps.CID{}), m.SetRoot(ctx, name, lumps.CID{})
	case "lump":
		l := store.Lump{CID: one, Size: int64(len(some)), Blocks: 1, Kind: store.KindSnapshot}
		got, want = s.AddLump(ctx, l), m.AddLump(ctx, l)
	case "unlump":
		got, want = s.RemoveLump(ctx, one), m.RemoveLump(ctx, one)
	}
	if got != nil || want != nil {
		t.Fatalf("the store says %v, the model %v", got, want)
	}
	if ok, err := s.Has(ctx, one); err != nil {
		t.Fatalf("Has: %v", err)
	} else if w, _ := m.Has(ctx, one); ok != w {
		t.Fatalf("Has %s: %v, the model says %v", one, ok, w)
	}
}

// fataler is what testing.TB and rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Same fails unless both stores hold the same blocks, roots and lumps.
func Same(t fataler, got, want store.Store) {
	t.Helper()
	contents := func(s store.Store) (blocks map[[34]byte]int64, roots []store.Root, ls []store.Lump) {
		blocks = map[[34]byte]int64{}
		for i, err := range s.List(ctx) {
			if err != nil {
				t.Fatalf("List: %v", err)
			}
			if _, err := s.Get(ctx, i.CID); err != nil {
				t.Fatalf("Get of what is listed: %v", err)
			}
			blocks[i.CID.Multihash()] = i.Size
		}
		for r, err := range s.Roots(ctx) {
			if err != nil {
				t.Fatalf("Roots: %v", err)
			}
			roots = append(roots, r)
		}
		for l, err := range s.Lumps(ctx) {
			if err != nil {
				t.Fatalf("Lumps: %v", err)
			}
			ls = append(ls, l)
		}
		return blocks, roots, ls
	}
	gb, gr, gl := contents(got)
	wb, wr, wl := contents(want)
	if !maps.Equal(gb, wb) {
		t.Fatalf("%d blocks, want %d, or their sizes differ", len(gb), len(wb))
	}
	if !slices.Equal(gr, wr) {
		t.Fatalf("roots %v, want %v", gr, wr)
	}
	if !slices.Equal(gl, wl) {
		t.Fatalf("lumps %v, want %v", gl, wl)
	}
}

// RunDurable tests that what was put is there when the store is opened again.
// open opens the store in dir, which exists.
func RunDurable(t *testing.T, open func(t testing.TB, dir string) store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		s, m := open(t, dir), mem.New()
		for range rapid.IntRange(1, 4).Draw(rt, "times opened") {
			for range rapid.IntRange(0, 12).Draw(rt, "steps") {
				step(rt, s, m)
			}
			if err := s.Close(); err != nil {
				rt.Fatalf("Close: %v", err)
			}
			s = open(t, dir)
			Same(rt, s, m)
		}
		if err := s.Close(); err != nil {
			rt.Fatalf("Close: %v", err)
		}
	})
}
