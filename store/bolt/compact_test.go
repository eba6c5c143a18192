package bolt

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
	"hearth/store/storetest"
)

func diskBytes(t testing.TB, s *Store) (n int64) {
	t.Helper()
	for _, f := range packFiles(t, s.dir) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// Space comes back while others read and write.
func TestCompactUnderLoad(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{PackSize: 200_000, FlushEntries: 300, noSync: true})
	bs := storetest.Blocks(1, 4000, 500)
	for part := range slices.Chunk(bs, 100) {
		if err := s.Put(ctx, part...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetRoot(ctx, "keep", bs[0].CID); err != nil {
		t.Fatal(err)
	}
	before := diskBytes(t, s)
	keep := map[lumps.CID]bool{}
	var gone []lumps.CID
	for i, b := range bs {
		if i%10 == 0 {
			keep[b.CID] = true
		} else {
			gone = append(gone, b.CID)
		}
	}
	if err := s.Remove(ctx, gone...); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for w := range 3 {
		load.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 1))
			for seed := uint64(1000 * (w + 1)); ; seed++ {
				select {
				case <-stop:
					return
				default:
				}
				own := storetest.Blocks(seed, 5, 300)
				if err := s.Put(ctx, own...); err != nil {
					t.Errorf("Put: %v", err)
				}
				i := rnd.IntN(len(bs)/10) * 10
				if _, err := s.Get(ctx, bs[i].CID); err != nil {
					t.Errorf("Get while compacting: %v", err)
				}
				for _, b := range own {
					if err := s.Remove(ctx, b.CID); err != nil {
						t.Errorf("Remove: %v", err)
					}
				}
			}
		})
	}
	done, err := s.Compact(ctx, 0.5)
	close(stop)
	load.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if done.Packs < 9 || done.Moved < int64(len(keep))*500 {
		t.Errorf("compacted %+v", done)
	}
	if _, err := s.Compact(ctx, 0.5); err != nil {
		t.Fatal(err)
	}
	if after := diskBytes(t, s); after > before/4 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	for round := range 2 {
		n := 0
		for info, err := range s.List(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if !keep[info.CID] {
				t.Fatalf("%s came back", info.CID)
			}
			if _, err := s.Get(ctx, info.CID); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != len(keep) {
			t.Errorf("%d blocks, want %d", n, len(keep))
		}
		if err := s.Check(ctx, true, func(f Fault) { t.Errorf("fault: %v", f) }); err != nil {
			t.Error(err)
		}
		if round == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, _ = mustOpen(t, s.dir, Options{noSync: true})
		}
	}
}

// A sealed pack in which nothing lives goes by itself.
func TestEmptyPacksGo(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{PackSize: 10_000, noSync: true})
	var cids []lumps.CID
	for i := range 20 {
		bs := storetest.Blocks(uint64(i), 10, 800)
		if err := s.Put(ctx, bs...); err != nil {
			t.Fatal(err)
		}
		for _, b := range bs {
			cids = append(cids, b.CID)
		}
	}
	if n := len(packFiles(t, s.dir)); n < 18 {
		t.Fatalf("%d packs", n)
	}
	if err := s.Remove(ctx, cids...); err != nil {
		t.Fatal(err)
	}
	// The sweeper holds this lock while it works; once we have it and nothing is
	// left to sweep, it is done.
	for {
		s.sweeping.Lock()
		left := len(s.hollowPacks(0))
		s.sweeping.Unlock()
		if left == 0 {
			break
		}
		s.wakeSweeper()
	}
	if n := len(packFiles(t, s.dir)); n != 1 {
		t.Errorf("%d packs are left", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, rep := mustOpen(t, s.dir, Options{noSync: true})
	if !rep.Clean() {
		t.Errorf("report %+v", rep)
	}
	if n := len(packFiles(t, s.dir)); n != 1 {
		t.Errorf("%d packs are left", n)
	}
	storetest.Same(t, s, mem.New())
}

// Whatever happens in whatever order, compactions, restarts, crashes and lost
// indexes among it, roots and catalogue are exact and no block is lost. Removed
// blocks may come back with a crash or a lost index.
func TestHistory(t *testing.T) {
	universe := append(storetest.Blocks(1, 8, 400), storetest.Blocks(2, 4, 1500)...)
	rapid.Check(t, func(rt *rapid.T) {
		opts := Options{
			PackSize:     int64(rapid.SampledFrom([]int{packHeader, 1000, 4000}).Draw(rt, "pack size")),
			FlushEntries: rapid.SampledFrom([]int{1, 4, 50}).Draw(rt, "flush"),
			noSync:       true,
		}
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		s, m := mustOpen1(rt, dir, opts), mem.New()
		defer func() { s.Close() }()
		index := rapid.IntRange(0, len(universe)-1)
		both := func(f func(store.Store) error) {
			if err := errors.Join(f(s), f(m)); err != nil {
				rt.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			b := universe[index.Draw(rt, "block")]
			switch call := rapid.SampledFrom([]string{"put", "put", "put", "remove", "remove", "root", "unroot", "lump", "unlump", "compact", "reopen", "crash", "rebuild"}).Draw(rt, "call"); call {
			case "put":
				both(func(s store.Store) error { return s.Put(ctx, b, universe[0]) })
			case "remove":
				both(func(s store.Store) error { return s.Remove(ctx, b.CID) })
			case "root":
				both(func(s store.Store) error { return s.SetRoot(ctx, string(b.CID.String()[20]), b.CID) })
			case "unroot":
				both(func(s store.Store) error { return s.SetRoot(ctx, string(b.CID.String()[20]), lumps.CID{}) })
			case "lump":
				l := store.Lump{CID: b.CID, Size: int64(index.Draw(rt, "size")), Blocks: 1}
				both(func(s store.Store) error { return s.AddLump(ctx, l) })
			case "unlump":
				both(func(s store.Store) error { return s.RemoveLump(ctx, b.CID) })
			case "compact":
				if _, err := s.Compact(ctx, rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(rt, "share")); err != nil {
					rt.Fatal(err)
				}
			default:
				if call == "crash" {
					// The lock of the sweeper: no file goes while the folder is copied.
					s.sweeping.Lock()
					if err := s.do(ctx, &request{flush: true, done: make(chan error, 1)}); err != nil {
						rt.Fatal(err)
					}
					// Fewer than begin a flush: a copy of a database while it is written
					// is no state that a crash leaves.
					for range min(index.Draw(rt, "more"), opts.FlushEntries-1) {
						both(func(s store.Store) error { return s.SetRoot(ctx, "more", b.CID) })
					}
					dir = copyDir(t, dir)
					s.sweeping.Unlock()
				}
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				o := opts
				o.RebuildIndex = call == "rebuild"
				s = mustOpen1(rt, dir, o)
				for _, b := range universe { // what came back goes again
					if ok, _ := m.Has(ctx, b.CID); !ok {
						if err := s.Remove(ctx, b.CID); err != nil {
							rt.Fatal(err)
						}
					}
				}
			}
			storetest.Same(rt, s, m)
		}
		if err := s.Check(ctx, true, func(f Fault) { rt.Fatalf("fault: %v", f) }); err != nil {
			rt.Fatal(err)
		}
		counted(rt, s)
	})
}

func mustOpen1(t *rapid.T, dir string, opts Options) *Store {
	s, rep, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Cut) > 0 || len(rep.Damaged) > 0 {
		t.Fatalf("report %+v", rep)
	}
	return s
}

// counted fails unless the live bytes of every pack are those of the records that
// the index points at.
func counted(t *rapid.T, s *Store) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	want := map[uint32]int64{}
	proceed := func() (func(), error) { return s.leave, s.enter(ctx) }
	err := errors.Join(
		scan(s, &s.blocks, proceed, func(_ key, e entry) bool { want[e.pack] += e.size(); return true }),
		scan(s, &s.lumps, proceed, func(_ lumpKey, e lumpEntry) bool { want[e.pack] += e.size(); return true }),
		scan(s, &s.roots, proceed, func(_ string, e rootEntry) bool { want[e.pack] += e.size(); return true }))
	if err != nil {
		t.Fatal(err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n, p := range s.packs {
		if p.live != want[n] {
			t.Fatalf("pack %d: %d live bytes are counted, %d are pointed at", n, p.live, want[n])
		}
	}
}
