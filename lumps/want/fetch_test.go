package want

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// world puts a DAG: a root, over levels of nodes with shared children, over leaves
// of many sizes, and a large lump. It returns the root and all that it reaches.
func world(t testing.TB, s store.Store) (root lumps.CID, all []lumps.CID) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	put := func(c lumps.CID, data []byte) lumps.CID {
		if err := s.Put(bg, store.Block{CID: c, Data: data}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	var level []lumps.CID
	for i := range 1500 {
		data := bytesOf(uint64(i), r.IntN(3000))
		level = append(level, put(lumps.Sum(lumps.Raw, data), data))
	}
	lump, err := store.PutLump(bg, s, bytes.NewReader(bytesOf(7777, 3<<20)), store.KindFile)
	if err != nil {
		t.Fatal(err)
	}
	level = append(level, lump.CID)
	for len(level) > 1 {
		var above []lumps.CID
		for kids := range slices.Chunk(level, 10) {
			kids = append(slices.Clone(kids), level[0]) // a child of many
			data, err := lumps.Marshal(kids)
			if err != nil {
				t.Fatal(err)
			}
			above = append(above, put(lumps.Sum(lumps.DagCBOR, data), data))
		}
		level = above
	}
	err = store.Reach(bg, s, level, func(c lumps.CID) (bool, error) {
		all = append(all, c)
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return level[0], all
}

// complete fails the test unless all that root reaches is in s and in order.
func complete(t testing.TB, s store.Blocks, root lumps.CID, all []lumps.CID) {
	t.Helper()
	v, err := store.Verify(bg, s, []lumps.CID{root}, func(c lumps.CID, err error) { t.Errorf("%s: %v", c, err) })
	if err != nil || v.Blocks != int64(len(all)) {
		t.Errorf("%d blocks of %d are there, %v", v.Blocks, len(all), err)
	}
}

func sizeOf(t testing.TB, s store.Blocks, cids []lumps.CID) (n int64) {
	t.Helper()
	for _, c := range cids {
		size, err := s.Size(bg, c)
		if err != nil {
			t.Fatal(err)
		}
		n += size
	}
	return n
}

func TestFetch(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	p := newPair(t, tcpPipe, Options{}, serving(from))
	var told []Progress
	f := &Fetch{Roots: []lumps.CID{root, root}, To: to, From: []Source{p.ours}, Progress: func(p Progress) { told = append(told, p) }}
	s, err := f.Run(within(t))
	if err != nil {
		t.Fatal(err)
	}
	complete(t, to, root, all)
	if n := int64(len(all)); s.Blocks != n || s.Stored != n || s.Looked != n || s.Bytes != sizeOf(t, from, all) {
		t.Errorf("%+v for %d blocks", s, n)
	}
	if s.Puts > 10 {
		t.Errorf("%d Puts for %d blocks", s.Puts, s.Blocks)
	}
	if len(told) == 0 || told[len(told)-1].FetchStats != s || told[len(told)-1].Pending != 0 {
		t.Errorf("told %+v", told)
	}
	wants := p.ours.Stats().Wants

	// All is there: nothing is asked.
	s, err = f.Run(within(t))
	if err != nil || s.Blocks != 0 || p.ours.Stats().Wants != wants {
		t.Errorf("again: %+v, %v", s, err)
	}

	// A parent that is there does not vouch for its children.
	gone := []lumps.CID{all[len(all)-1], all[len(all)/2], all[3]}
	if err := to.Remove(bg, gone...); err != nil {
		t.Fatal(err)
	}
	s, err = f.Run(within(t))
	if err != nil || s.Blocks != 3 {
		t.Errorf("three blocks lacked: %+v, %v", s, err)
	}
	complete(t, to, root, all)
}

// Skip is trusted: below what it vouches for nothing is looked at.
func TestFetchSkips(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	skip := all[1]
	f := &Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{from}, Skip: func(c lumps.CID) bool { return c == skip }}
	s, err := f.Run(within(t))
	if err != nil || s.Skipped != 1 || s.Blocks >= int64(len(all)) {
		t.Errorf("%+v, %v", s, err)
	}
	if has, _ := to.Has(bg, skip); has {
		t.Error("what was vouched for was fetched")
	}
}

// The load is spread; when one source dies in the middle and another lacks half,
// all is brought all the same, and nothing twice.
func TestFetchFromSeveral(t *testing.T) {
	from, half, to := mem.New(), mem.New(), mem.New()
	root, all := world(t, from)
	for i, c := range all {
		if b, _ := from.Get(bg, c); i%2 == 0 {
			if err := half.Put(bg, store.Block{CID: c, Data: b}); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := newPair(t, tcpPipe, Options{}, serving(from))
	lacking := newPair(t, tcpPipe, Options{}, serving(half))
	dying := newPair(t, tcpPipe, Options{}, serving(from))
	dying.theirData.cutAfter(300_000)
	f := &Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{dying.ours, lacking.ours, whole.ours}}
	s, err := f.Run(within(t))
	if err != nil {
		t.Fatal(err)
	}
	complete(t, to, root, all)
	var in int64
	for _, p := range []*pair{whole, lacking, dying} {
		n := p.ours.Stats().BlocksIn
		if n == 0 {
			t.Error("one source gave nothing")
		}
		in += n
	}
	if in != s.Blocks || s.Blocks != int64(len(all)) {
		t.Errorf("%d blocks came of %d, %+v", in, len(all), s)
	}
	if dying.ours.Err() == nil {
		t.Error("the dying one lives")
	}
}

// A source that takes wants and never answers does not hold up those that do.
func TestFetchBesideASilentSource(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	var asked atomic.Int64
	silent := sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		asked.Add(1)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	stalled := newPair(t, tcpPipe, Options{}, Options{Provider: ProviderFunc(silent)})
	whole := newPair(t, tcpPipe, Options{}, serving(from))
	f := &Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{silent, stalled.ours, whole.ours}, Patience: 100 * time.Millisecond}
	s, err := f.Run(within(t))
	if err != nil || s.Blocks != int64(len(all)) {
		t.Fatalf("%+v, %v", s, err)
	}
	complete(t, to, root, all)
	if n := asked.Load(); n == 0 || n > 2*DefaultParallel {
		t.Errorf("the silent ones were asked for %d blocks", n)
	}
}

// However often a link is cut, a block that was verified crosses once, and the
// next try asks only for what lacks.
func TestFetchResumes(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	partials := NewPartials(0)
	var fetched, crossed int64
	for cuts := 0; ; cuts++ {
		p := newPair(t, memPipe, Options{Partials: partials}, serving(from))
		p.theirData.cutAfter(700_000)
		f := &Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{p.ours}}
		s, err := f.Run(within(t))
		p.ours.Close()
		p.theirs.Close()
		fetched += s.Blocks
		crossed += int64(p.theirData.bytes())
		if s.Stored != s.Blocks {
			t.Errorf("%d blocks were verified and %d persisted", s.Blocks, s.Stored)
		}
		if err == nil {
			if cuts < 5 {
				t.Errorf("it took %d cuts", cuts)
			}
			break
		}
		if cuts > 20 {
			t.Fatal(err)
		}
	}
	complete(t, to, root, all)
	if fetched != int64(len(all)) {
		t.Errorf("%d blocks were fetched, and there are %d", fetched, len(all))
	}
	overhead := int64(len(all)*(1+dataLen)*2 + 10*maxOpen*1000)
	if size := sizeOf(t, from, all); crossed > size+overhead {
		t.Errorf("%d bytes crossed for %d", crossed, size)
	}
}

func TestFetchIsCancelled(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	ctx, cancel := context.WithCancel(within(t))
	var given atomic.Int64
	slow := sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		if given.Add(1) == 500 {
			cancel()
		}
		return from.Get(ctx, c)
	})
	s, err := (&Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{slow}, Parallel: 8}).Run(ctx)
	if !errors.Is(err, context.Canceled) || s.Blocks < 400 || s.Stored != s.Blocks {
		t.Errorf("%+v, %v", s, err)
	}
	s2, err := (&Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{from}}).Run(within(t))
	if err != nil || s.Blocks+s2.Blocks != int64(len(all)) {
		t.Errorf("%d and then %d of %d, %v", s.Blocks, s2.Blocks, len(all), err)
	}
}

// Latency is paid for each level and not for each block.
func TestFetchPipelines(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	const latency = 20 * time.Millisecond
	var busy, most atomic.Int64
	far := sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		if n := busy.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer busy.Add(-1)
		time.Sleep(latency)
		return from.Get(ctx, c)
	})
	if _, err := (&Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{far}}).Run(within(t)); err != nil {
		t.Fatal(err)
	}
	complete(t, to, root, all)
	if n := most.Load(); n < 128 || n > DefaultParallel*5/4 {
		t.Errorf("%d blocks were asked for at once", n)
	}
}

// Blocks without links, however many and slow, do not hold up those that lead to
// more.
func TestFetchUnrollsChains(t *testing.T) {
	from, to := mem.New(), mem.New()
	const length = 40
	var head lumps.CID
	for i := range length {
		kids := append(stock(t, from, uint64(i+1), 5, 100), head)
		data, err := lumps.Marshal(kids)
		if err != nil {
			t.Fatal(err)
		}
		head = lumps.Sum(lumps.DagCBOR, data)
		if err := from.Put(bg, store.Block{CID: head, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	var nodes atomic.Int64
	unrolled := make(chan struct{})
	source := sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		if c.Codec() != lumps.Raw {
			if priorityOf(ctx) != Urgent {
				t.Errorf("a block with links is asked for with priority %d", priorityOf(ctx))
			}
			if nodes.Add(1) == length {
				close(unrolled)
			}
			return from.Get(ctx, c)
		}
		select {
		case <-unrolled:
			return from.Get(ctx, c)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	s, err := (&Fetch{Roots: []lumps.CID{head}, To: to, From: []Source{source}, Parallel: 4}).Run(within(t))
	if err != nil || s.Blocks != 6*length {
		t.Errorf("%+v, %v", s, err)
	}
}

// A Put that blocks stops the fetching when two batches are full: memory is
// bounded.
func TestFetchHoldsTwoBatches(t *testing.T) {
	from := mem.New()
	var cids []lumps.CID
	for i := range 60 {
		cids = append(cids, stock(t, from, uint64(i+1), 1, 400_000)...)
	}
	release := make(chan struct{})
	stuck := &blocking{Blocks: mem.New(), release: release}
	var given atomic.Int64
	source := sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		given.Add(1)
		return from.Get(ctx, c)
	})
	done := make(chan error)
	go func() {
		_, err := (&Fetch{Roots: cids, To: stuck, From: []Source{source}, Parallel: 4}).Run(within(t))
		done <- err
	}()
	time.Sleep(300 * time.Millisecond)
	most := int64(2*(batchBytes/400_000+1) + 4)
	if n := given.Load(); n > most {
		t.Errorf("%d blocks were fetched while nothing was put, and %d is the most", n, most)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

type blocking struct {
	store.Blocks
	release chan struct{}
}

func (b *blocking) Put(ctx context.Context, blocks ...store.Block) error {
	<-b.release
	return b.Blocks.Put(ctx, blocks...)
}

func ExampleFetch() {
	from, to := mem.New(), mem.New()
	lump, err := store.PutLump(bg, from, bytes.NewReader(make([]byte, 1<<20)), store.KindFile)
	if err != nil {
		panic(err)
	}
	f := &Fetch{Roots: []lumps.CID{lump.CID}, To: to, From: []Source{from}}
	stats, err := f.Run(bg)
	fmt.Println(stats.Blocks, err)
	// Output: 2 <nil>
}
