package wasm_test

import (
	"context"
	"sync"
	"testing"

	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/store"
)

func blocks(t testing.TB, s store.Blocks) (n int) {
	for _, err := range s.List(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// touchAll has every process of a list dirty one page, and waits for it.
func touchAll(t testing.TB, s *runtimetest.Space, pids []uint64, page int) {
	inParallel(len(pids), func(i int) {
		to := s.Cap(pids[i])
		if _, _, err := s.Send(context.Background(), to, runtime.Message{Data: make([]byte, page), Origin: "test"}); err != nil {
			t.Error(err)
		}
	})
	if err := s.Quiesce(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// inParallel calls f for every number below n, 64 at a time: what waits for the
// disk waits together.
func inParallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// A snapshot after one page changed in each of 1,000 processes of 16 pages writes
// the thousand pages and few blocks beside them.
func TestSnapshotWritesDifferences(t *testing.T) {
	const processes, limit = 1000, 1100
	s := runtimetest.New(t)
	pids := make([]uint64, processes)
	inParallel(processes, func(i int) { pids[i] = s.SpawnGuest("touch", true) })
	for page := range 16 {
		touchAll(t, s, pids, page)
	}
	s.Snap()
	before := blocks(t, s.Store)
	touchAll(t, s, pids, 5)
	info := s.Snap()
	// The journal's own blocks (the sealed segment and its manifest) are not the
	// snapshot's.
	segments := 0
	for l, err := range s.Store.Lumps(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Kind == store.KindSegment {
			segments += int(l.Blocks)
		}
	}
	wrote := blocks(t, s.Store) - before
	if wrote < processes {
		t.Errorf("%d blocks cannot hold %d pages that differ", wrote, processes)
	}
	t.Logf("%d blocks written, journal segments included (%d blocks of segments in all)", wrote, segments)
	if wrote > limit {
		t.Errorf("%d blocks, the limit is %d", wrote, limit)
	}
	sameState(t, s, info)
	// Nothing changed: nothing but the wrapping lump and the segment of the
	// checkpoint is new.
	before = blocks(t, s.Store)
	s.Snap()
	if wrote := blocks(t, s.Store) - before; wrote > 10 {
		t.Errorf("%d blocks for a snapshot of an unchanged space", wrote)
	}
}
