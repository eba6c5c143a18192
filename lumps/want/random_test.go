package want

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// Two sides ask each other at random, cancel at random, and are turned away; every
// Get ends with the block or for a reason, nobody breaks the rules, and at the end
// neither side holds anything.
func TestRandomUse(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	steps := 400
	if os.Getenv("HEARTH_SOAK") != "" {
		steps = 20_000
	}
	t.Logf("seed %d", seed)
	sizes := []int{0, 10, 3000, maxChunk, maxChunk + 1, 90_000, lumps.MaxBlock}
	s := mem.New()
	var cids []lumps.CID
	for i, size := range sizes {
		cids = append(cids, stock(t, s, uint64(i), 6, size)...)
	}
	stored := len(cids)
	for i := range 5 {
		cids = append(cids, lumps.Sum(lumps.Raw, []byte{byte(i), 1, 2, 3}))
	}
	slow := ProviderFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		if c[10]%4 == 0 {
			select {
			case <-time.After(time.Duration(c[11]) * 10 * time.Microsecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return s.Get(ctx, c)
	})
	o := Options{Provider: slow, MaxWants: 24, MaxServed: 16, Concurrency: 3, Partials: NewPartials(0)}
	theirs := o
	theirs.Partials = NewPartials(2 << 20)
	p := newPair(t, tcpPipe, o, theirs)

	var wg sync.WaitGroup
	for i, x := range []*Exchange{p.ours, p.theirs, p.ours, p.theirs} {
		for j := range 10 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(i*100+j)))
				for range steps / 10 {
					ctx, cancel := context.WithCancel(WithPriority(bg, Priority(r.IntN(levels))))
					n := r.IntN(len(cids))
					stop := func() bool { return true }
					if r.IntN(3) == 0 {
						stop = time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel).Stop
					}
					if r.IntN(8) == 0 {
						has, err := x.Has(ctx, cids[n])
						if err == nil && has[0] != (n < stored) || err != nil && ctx.Err() == nil {
							t.Errorf("Has(%d): %v, %v", n, has, err)
						}
					} else {
						got, err := x.Get(ctx, cids[n])
						switch {
						case err == nil && n < stored && lumps.Verify(cids[n], got):
						case ctx.Err() != nil && errors.Is(err, context.Canceled):
						case n >= stored && errors.Is(err, store.ErrNotFound):
						default:
							t.Errorf("Get(%d): %v", n, err)
						}
					}
					stop()
					cancel()
				}
			})
		}
	}
	wg.Wait()
	for _, x := range []*Exchange{p.ours, p.theirs} {
		eventually(t, "nothing is left", func() bool {
			x.ask.mu.Lock()
			defer x.ask.mu.Unlock()
			x.serve.mu.Lock()
			defer x.serve.mu.Unlock()
			left := len(x.ask.refs) + len(x.ask.calls) + x.ask.open + len(x.serve.served) + x.serve.open + x.serve.queued
			for p := range levels {
				left += x.ask.pending[p].Len() + x.serve.waiting[p].len() + x.serve.fresh[p].len() + x.serve.begun[p].len() + x.serve.ready[p] + x.serve.workers[p]
			}
			return left == 0
		})
		if x.Err() != nil {
			t.Error(x.Err())
		}
	}
}
