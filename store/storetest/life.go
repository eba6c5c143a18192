package storetest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// Who iterates holds no lock that a change would wait for.
func changesWhileIterating(t *testing.T, s store.Store) {
	bs := Blocks(20, 2000, 50)
	put(t, s, bs...)
	for i, b := range bs[:10] {
		if err := s.SetRoot(ctx, string(rune('a'+i)), b.CID); err != nil {
			t.Fatal(err)
		}
		if err := s.AddLump(ctx, store.Lump{CID: b.CID, Blocks: 1}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[lumps.CID]bool{}
	for info, err := range s.List(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[info.CID] {
			t.Fatalf("%s is listed twice", info.CID)
		}
		seen[info.CID] = true
		if err := s.Remove(ctx, info.CID); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != len(bs) {
		t.Errorf("%d of %d blocks were listed while they were removed", len(seen), len(bs))
	}
	for r, err := range s.Roots(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetRoot(ctx, r.Name, lumps.CID{}); err != nil {
			t.Fatal(err)
		}
	}
	for l, err := range s.Lumps(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveLump(ctx, l.CID); err != nil {
			t.Fatal(err)
		}
	}
	empty(t, s)
}

// every calls each method and returns the errors by its name.
func every(ctx context.Context, s store.Store, b store.Block) map[string]error {
	errs := map[string]error{"Put": s.Put(ctx, b), "Remove": s.Remove(ctx, b.CID)}
	_, errs["Get"] = s.Get(ctx, b.CID)
	_, errs["Has"] = s.Has(ctx, b.CID)
	_, errs["Size"] = s.Size(ctx, b.CID)
	errs["SetRoot"] = s.SetRoot(ctx, "a", b.CID)
	_, errs["Root"] = s.Root(ctx, "a")
	errs["AddLump"] = s.AddLump(ctx, store.Lump{CID: b.CID, Blocks: 1})
	_, errs["Lump"] = s.Lump(ctx, b.CID)
	errs["RemoveLump"] = s.RemoveLump(ctx, b.CID)
	errs["List"], errs["Roots"], errs["Lumps"] = nil, nil, nil
	for _, err := range s.List(ctx) {
		errs["List"] = err
	}
	for _, err := range s.Roots(ctx) {
		errs["Roots"] = err
	}
	for _, err := range s.Lumps(ctx) {
		errs["Lumps"] = err
	}
	return errs
}

func cancelled(t *testing.T, s store.Store) {
	a, b := raw("a"), raw("b")
	put(t, s, a)
	dead, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range every(dead, s, b) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s under a cancelled context: %v", name, err)
		}
	}
	lacks(t, s, b.CID)
	if got := collect(t, s.Roots(ctx)); len(got) != 0 {
		t.Errorf("roots %v were set under a cancelled context", got)
	}
	live, cancel := context.WithCancel(ctx)
	defer cancel()
	put(t, s, Blocks(21, 3000, 50)...)
	var last error
	n := 0
	for _, err := range s.List(live) {
		cancel()
		last = err
		n++
	}
	if !errors.Is(last, context.Canceled) || n > 2000 {
		t.Errorf("a cancelled List went on for %d blocks and ended with %v", n, last)
	}
}

func closed(t *testing.T, s store.Store) {
	put(t, s, raw("a"))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	for name, err := range every(ctx, s, raw("a")) {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s on a closed store: %v", name, err)
		}
	}
}

// Close ends calls cleanly: each that runs either succeeds or says ErrClosed.
func closeWaits(t *testing.T, s store.Store) {
	bs := Blocks(22, 400, 2000)
	var wg sync.WaitGroup
	var done atomic.Int64
	for w := range 4 {
		wg.Go(func() {
			for _, b := range bs[w*100 : (w+1)*100] {
				if err := s.Put(ctx, b); errors.Is(err, store.ErrClosed) {
					return
				} else if err != nil {
					t.Errorf("Put: %v", err)
					return
				}
				if _, err := s.Get(ctx, b.CID); err != nil && !errors.Is(err, store.ErrClosed) {
					t.Errorf("Get: %v", err)
				}
				done.Add(1)
			}
		})
	}
	for done.Load() < 5 && !t.Failed() {
		if ok, err := s.Has(ctx, bs[0].CID); err != nil {
			t.Errorf("Has: %v, %v", ok, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
}

// Writers own disjoint blocks, so each knows what must be there; readers accept
// what is there or not, but never wrong bytes.
func readersAndWriters(t *testing.T, s store.Store) {
	const writers, each, rounds = 6, 60, 4
	bs := Blocks(23, writers*each, 700)
	shared := Blocks(24, 20, 900) // everybody puts these, nobody removes them
	stop := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		own := bs[w*each : (w+1)*each]
		writing.Go(func() {
			for round := range rounds {
				for i := 0; i < each; i += 5 {
					if err := s.Put(ctx, append(own[i:i+5:i+5], shared[(w+i)%len(shared)])...); err != nil {
						t.Errorf("Put: %v", err)
						return
					}
					for _, b := range own[i : i+5] {
						if _, err := s.Get(ctx, b.CID); err != nil {
							t.Errorf("Get of what was just put: %v", err)
						}
					}
				}
				if round == rounds-1 {
					break
				}
				for _, b := range own[:each/2] {
					if err := s.Remove(ctx, b.CID); err != nil {
						t.Errorf("Remove: %v", err)
					}
					if ok, err := s.Has(ctx, b.CID); ok || err != nil {
						t.Errorf("Has after Remove: %v, %v", ok, err)
					}
				}
				if err := s.SetRoot(ctx, string(rune('a'+w)), own[round].CID); err != nil {
					t.Errorf("SetRoot: %v", err)
				}
				if err := s.AddLump(ctx, store.Lump{CID: own[round].CID, Blocks: 1}); err != nil {
					t.Errorf("AddLump: %v", err)
				}
			}
		})
	}
	for r := range 3 {
		reading.Go(func() {
			for i := r; ; i += 7 {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Get(ctx, bs[i%len(bs)].CID); err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("Get: %v", err)
					return
				}
				if i%100 == r {
					seen := map[lumps.CID]bool{}
					for info, err := range s.List(ctx) {
						if err != nil || seen[info.CID] {
							t.Errorf("List: %v, %v twice: %v", info, err, seen[info.CID])
							return
						}
						seen[info.CID] = true
					}
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	holds(t, s, bs...)
	holds(t, s, shared...)
	if m := listed(t, s); len(m) != len(bs)+len(shared) {
		t.Errorf("%d blocks are listed, want %d", len(m), len(bs)+len(shared))
	}
	if got := collect(t, s.Roots(ctx)); len(got) != writers {
		t.Errorf("%d roots, want %d", len(got), writers)
	}
	if got := collect(t, s.Lumps(ctx)); len(got) != writers*(rounds-1) {
		t.Errorf("%d lumps, want %d", len(got), writers*(rounds-1))
	}
}
