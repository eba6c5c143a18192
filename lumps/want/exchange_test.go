package want

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// Both sides ask and serve on the same pair of streams, blocks of all sizes.
func TestBothWays(t *testing.T) {
	for name, pipe := range map[string]func(testing.TB) (a, b *link){"pipe": memPipe, "tcp": tcpPipe} {
		t.Run(name, func(t *testing.T) {
			a, b := mem.New(), mem.New()
			p := newPair(t, pipe, serving(a), serving(b))
			ctx := within(t)
			var wg sync.WaitGroup
			for i, size := range []int{0, 1, 100, maxChunk - 1, maxChunk, maxChunk + 1, 100_000, lumps.MaxBlock} {
				for _, side := range []struct {
					from store.Blocks
					x    *Exchange
				}{{a, p.theirs}, {b, p.ours}} {
					for _, c := range stock(t, side.from, uint64(i), 8, size) {
						wg.Go(func() {
							got, err := side.x.Get(ctx, c)
							if err != nil || !lumps.Verify(c, got) || len(got) != size {
								t.Errorf("%d bytes: %d came, %v", size, len(got), err)
							}
						})
					}
				}
			}
			wg.Wait()
			in, out := p.ours.Stats(), p.theirs.Stats()
			if in.BlocksIn != out.BlocksOut || in.BytesIn != out.BytesOut || in.PartialIn != 0 {
				t.Errorf("counted %+v here and %+v there", in, out)
			}
		})
	}
}

func TestAbsentAndDeniedLookAlike(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 3, 100)
	denied, damaged, absent := cids[0], cids[1], lumps.Sum(lumps.Raw, []byte("absent"))
	p := newPair(t, memPipe, Options{}, Options{Provider: ProviderFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		switch c {
		case denied:
			return nil, fmt.Errorf("somebody: %w", ErrDenied)
		case damaged:
			return nil, &store.CorruptError{CID: c}
		}
		return s.Get(ctx, c)
	})})
	ctx := within(t)
	var said []string
	for _, c := range []lumps.CID{denied, absent} {
		_, err := p.ours.Get(ctx, c)
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
		said = append(said, string(bytes.ReplaceAll([]byte(err.Error()), []byte(c.String()), nil)))
	}
	if said[0] != said[1] {
		t.Errorf("the asker can tell %q from %q", said[0], said[1])
	}
	if _, err := p.ours.Get(ctx, damaged); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a block that cannot be read: %v", err)
	}
	has, err := p.ours.Has(ctx, denied, cids[2], absent)
	if err != nil || fmt.Sprint(has) != "[false true false]" {
		t.Errorf("Has: %v, %v", has, err)
	}
	if _, err := p.theirs.Get(ctx, cids[2]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a side without a provider: %v", err)
	}
	if _, err := p.ours.Get(ctx, lumps.CID{}); !errors.Is(err, lumps.ErrBadCID) && !errors.Is(err, lumps.ErrUnsupported) {
		t.Errorf("the zero CID: %v", err)
	}
}

// gate is a Provider that holds every block until the test lets it go.
type gate struct {
	store.Blocks
	open   chan struct{}
	called chan lumps.CID
	ended  atomic.Int64 // calls whose context ended first
}

func newGate(s store.Blocks) *gate {
	return &gate{Blocks: s, open: make(chan struct{}), called: make(chan lumps.CID, 1000)}
}

func (g *gate) Block(ctx context.Context, c lumps.CID) ([]byte, error) {
	g.called <- c
	select {
	case <-g.open:
		return g.Get(ctx, c)
	case <-ctx.Done():
		g.ended.Add(1)
		return nil, ctx.Err()
	}
}

func TestTheSameBlockTwiceIsOneWant(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, 50_000)[0]
	g := newGate(s)
	p := newPair(t, memPipe, Options{}, Options{Provider: g})
	ctx := within(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := p.ours.Get(ctx, c); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "twenty Gets", func() bool { return p.ours.Stats().Coalesced == 19 })
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.ours.Get(gone, c); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(g.open)
	wg.Wait()
	if in := p.ours.Stats(); in.BlocksIn != 1 || in.Wants != 1 || p.theirs.Stats().BlocksOut != 1 {
		t.Errorf("%+v", in)
	}
}

// A Get that is cancelled takes the want back wherever it is: not sent, waiting
// there, with the Provider, or on its way; and what others want goes on.
func TestCancel(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 12, 300_000)
	g := newGate(s)
	p := newPair(t, memPipe, Options{MaxWants: 8}, Options{Provider: g, Concurrency: 2})
	ctx, cancel := context.WithCancel(WithPriority(within(t), Background))
	var wg sync.WaitGroup
	for _, c := range cids[:11] {
		wg.Go(func() {
			if _, err := p.ours.Get(ctx, c); !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled Get: %v", err)
			}
		})
	}
	eventually(t, "eight wants there", func() bool { return p.theirs.Stats().Served == 8 })
	<-g.called
	<-g.called
	cancel()
	wg.Wait()
	eventually(t, "both calls of the Provider ended", func() bool { return g.ended.Load() >= 2 })
	eventually(t, "the peer holds nothing", func() bool {
		p.theirs.serve.mu.Lock()
		defer p.theirs.serve.mu.Unlock()
		return len(p.theirs.serve.served) == 0 && p.theirs.serve.ready == [levels]int{}
	})
	close(g.open)
	for _, c := range cids { // the cancelled ones too
		if _, err := p.ours.Get(within(t), c); err != nil {
			t.Fatal(err)
		}
	}
}

// A block that is cancelled on its way stops, and what came of it is not fetched
// again.
func TestCancelOnTheWay(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, lumps.MaxBlock)[0]
	partials := NewPartials(0)
	p := newPair(t, memPipe, Options{Partials: partials}, serving(s))
	p.theirData.mu.Lock()
	p.theirData.delay = 5 * time.Millisecond
	p.theirData.mu.Unlock()
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		for p.ours.Stats().PartialIn < 100_000 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := p.ours.Get(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	eventually(t, "the beginning is kept", func() bool { return partials.Bytes() > 0 })
	if _, err := p.ours.Get(within(t), c); err != nil {
		t.Fatal(err)
	}
	if out := p.theirs.Stats(); out.BytesOut != lumps.MaxBlock || out.BlocksOut != 1 {
		t.Errorf("the peer sent %d bytes for a block of %d", out.BytesOut, lumps.MaxBlock)
	}
}

// A peer that asks more than its queue holds is told BUSY, waits and gets all.
func TestBusy(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 400, 1000)
	theirs := serving(s)
	theirs.MaxServed = 5
	p := newPair(t, memPipe, Options{MaxWants: 100}, theirs)
	var wg sync.WaitGroup
	for _, c := range cids {
		wg.Go(func() {
			if _, err := p.ours.Get(within(t), c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p.theirs.Stats().Busy == 0 {
		t.Error("nothing was turned away")
	}
}

// What one peer lacks it may fetch from a third while the asker waits.
func TestRelay(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 100, 40_000)
	far := newPair(t, memPipe, Options{}, serving(s))
	near := newPair(t, tcpPipe, Options{}, Options{Provider: ProviderFunc(far.ours.Get)})
	var wg sync.WaitGroup
	for _, c := range cids {
		wg.Go(func() {
			if got, err := near.ours.Get(within(t), c); err != nil || !lumps.Verify(c, got) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := near.ours.Get(within(t), lumps.Sum(lumps.Raw, []byte("nowhere"))); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("through a relay: %v", err)
	}
	far.theirs.Close()
	if _, err := near.ours.Get(within(t), lumps.Sum(lumps.Raw, []byte("later"))); !errors.Is(err, ErrUnavailable) {
		t.Errorf("through a relay that lost its other side: %v", err)
	}
}

func TestClose(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, 100)[0]
	p := newPair(t, memPipe, Options{}, Options{Provider: newGate(s)})
	failed := make(chan error)
	go func() {
		_, err := p.ours.Get(within(t), c)
		failed <- err
	}()
	eventually(t, "the want there", func() bool { return p.theirs.Stats().Served == 1 })
	if p.ours.Err() != nil {
		t.Error(p.ours.Err())
	}
	p.theirs.Close()
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("a Get when the peer closes: %v", err)
	}
	<-p.ours.Done()
	if _, err := p.ours.Get(bg, c); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := p.ours.Has(bg, c); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if !errors.Is(p.ours.Err(), ErrClosed) || !errors.Is(p.theirs.Err(), ErrClosed) {
		t.Errorf("%v, %v", p.ours.Err(), p.theirs.Err())
	}
}

// More blocks of several chunks than may be begun at once: the server keeps to what the
// asker enforces.
func TestBegunBlocksAreBounded(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 200, 60_000)
	p := newPair(t, memPipe, Options{}, serving(s))
	p.theirData.mu.Lock()
	p.theirData.delay = time.Millisecond
	p.theirData.mu.Unlock()
	var wg sync.WaitGroup
	for i, c := range cids {
		wg.Go(func() {
			if _, err := p.ours.Get(WithPriority(within(t), Priority(i%levels)), c); err != nil {
				t.Error(err)
			}
		})
	}
	var most int
	over := make(chan struct{})
	go func() { wg.Wait(); close(over) }()
	for open := true; open; {
		select {
		case <-over:
			open = false
		case <-time.After(100 * time.Microsecond):
			p.theirs.serve.mu.Lock()
			most = max(most, p.theirs.serve.open)
			p.theirs.serve.mu.Unlock()
		}
	}
	if most != maxOpen {
		t.Errorf("%d blocks were begun at once, and %d may be", most, maxOpen)
	}
}

// knowing is a Provider that says what it has without reading it.
type knowing struct {
	store.Blocks
	read atomic.Int64
}

func (k *knowing) Block(ctx context.Context, c lumps.CID) ([]byte, error) {
	k.read.Add(1)
	return k.Get(ctx, c)
}

func TestHas(t *testing.T) {
	s := mem.New()
	cids := append(stock(t, s, 1, 300, 10), lumps.Sum(lumps.Raw, []byte("absent")))
	k := &knowing{Blocks: s}
	p := newPair(t, memPipe, Options{MaxWants: 100}, Options{Provider: k})
	has, err := p.ours.Has(within(t), cids...)
	if err != nil || len(has) != len(cids) {
		t.Fatalf("%d answers for %d, %v", len(has), len(cids), err)
	}
	for i, h := range has {
		if h != (i < 300) {
			t.Errorf("block %d: %v", i, h)
		}
	}
	if k.read.Load() > 0 {
		t.Errorf("%d blocks were read to say that they are there", k.read.Load())
	}
}

// A Provider that gives more than a block may be is a fault here, and no lie there.
func TestProviderGivesTooMuch(t *testing.T) {
	p := newPair(t, memPipe, Options{}, Options{Provider: ProviderFunc(func(context.Context, lumps.CID) ([]byte, error) {
		return make([]byte, lumps.MaxBlock+1), nil
	})})
	if _, err := p.ours.Get(within(t), lumps.Sum(lumps.Raw, nil)); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if p.ours.Err() != nil {
		t.Error(p.ours.Err())
	}
}
