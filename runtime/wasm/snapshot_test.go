package wasm_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
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

// A snapshot that nobody waits for any more, or that the store refuses, takes
// nothing away from the next one: neither pages that it would have stored nor the
// processes that passed it.
func TestSnapshotAfterOneThatFailed(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, s *runtimetest.Space){
		"cancelled": func(t *testing.T, s *runtimetest.Space) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			for range 50 { // whether a process passes it before it is given up is chance
				if _, err := s.Snapshot(ctx, ""); err == nil {
					t.Fatal("a cancelled snapshot was taken")
				}
				if err := s.Quiesce(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		},
		"refused": func(t *testing.T, s *runtimetest.Space) {
			s.Store.(*refusing).refuse.Store(true)
			if _, err := s.Snapshot(context.Background(), ""); !errors.Is(err, errRefused) {
				t.Fatalf("the snapshot: %v", err)
			}
			s.Store.(*refusing).refuse.Store(false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := runtimetest.New(t)
			s.Kill()
			s.Store = &refusing{Store: s.Store}
			s.Start()
			pid := s.SpawnGuest("counter", true)
			s.Ask(pid, "add 5")
			s.Snap()
			s.Ask(pid, "add 2")
			fail(t, s)
			info := s.Snap() // without an event since
			sameState(t, s, info)
			s.Restart()
			if got := s.Ask(pid, "get"); got != "7" {
				t.Errorf("the counter says %s, want 7", got)
			}
		})
	}
}

// A process whose instance may go while a snapshot is being stored comes back as it
// was.
func TestRestDuringSnapshot(t *testing.T) {
	s := runtimetest.New(t)
	s.Kill()
	slow := &refusing{Store: s.Store, entered: make(chan struct{}), leave: make(chan struct{})}
	s.Store = slow
	s.Start()
	pid := s.SpawnGuest("counter", true)
	s.Ask(pid, "add 5")
	slow.slow.Store(true)
	taken := make(chan error, 1)
	go func() {
		_, err := s.Snapshot(context.Background(), "")
		taken <- err
	}()
	<-slow.entered
	s.Rest()
	s.Rest()
	if got := s.Ask(pid, "add 2"); got != "7" {
		t.Errorf("the counter says %s, want 7", got)
	}
	slow.slow.Store(false)
	close(slow.leave)
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
}

var errRefused = errors.New("the store refuses")

// refusing is a store that takes nothing, or takes its time, when it is told so.
type refusing struct {
	store.Store
	refuse, slow   atomic.Bool
	entered, leave chan struct{}
}

func (r *refusing) Put(ctx context.Context, blocks ...store.Block) error {
	if r.refuse.Load() {
		return errRefused
	}
	if r.slow.Load() {
		select {
		case r.entered <- struct{}{}:
		case <-r.leave:
		}
		<-r.leave
	}
	return r.Store.Put(ctx, blocks...)
}
