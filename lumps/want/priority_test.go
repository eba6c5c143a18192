package want

import (
	"context"
	"sync"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/store/mem"
)

// Urgent wants go before the queue of others, and need not wait for what the
// Provider is asked on behalf of those.
func TestPriority(t *testing.T) {
	s := mem.New()
	slow := stock(t, s, 1, 30, 100)
	quick := stock(t, s, 2, 3, 100)
	g := newGate(s)
	p := newPair(t, memPipe, Options{}, Options{Provider: g, Concurrency: 3})
	var wg sync.WaitGroup
	get := func(p0 Priority, x *Exchange, cids []lumps.CID) {
		for _, c := range cids {
			wg.Go(func() {
				if _, err := x.Get(WithPriority(within(t), p0), c); err != nil {
					t.Error(err)
				}
			})
		}
	}
	get(Background, p.ours, slow)
	eventually(t, "thirty wants there", func() bool { return p.theirs.Stats().Served == 30 })
	for range 3 { // with the Provider already
		<-g.called
	}
	get(Urgent, p.ours, quick)
	for range 3 { // while the gate is closed
		c := <-g.called
		if c != quick[0] && c != quick[1] && c != quick[2] {
			t.Errorf("%s was served before an urgent one", c)
		}
	}
	close(g.open)
	wg.Wait()
}

// Somebody in more of a hurry lifts a want that another has sent already.
func TestRaise(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 30, 100)
	g := newGate(s)
	p := newPair(t, memPipe, Options{}, Options{Provider: g, Concurrency: 1})
	var wg sync.WaitGroup
	get := func(p0 Priority, c lumps.CID) {
		wg.Go(func() {
			if _, err := p.ours.Get(WithPriority(within(t), p0), c); err != nil {
				t.Error(err)
			}
		})
	}
	for i, c := range cids {
		get(Background, c)
		eventually(t, "the want there", func() bool { return p.theirs.Stats().Served == int64(i+1) })
	}
	if c := <-g.called; c != cids[0] {
		t.Fatal("not the first came first")
	}
	get(Urgent, cids[29])
	if c := <-g.called; c != cids[29] { // beside the first, which is held
		t.Error("the want was not lifted")
	}
	close(g.open)
	wg.Wait()
	if in := p.ours.Stats(); in.Wants != 30 || in.Coalesced != 1 {
		t.Errorf("%+v", in)
	}
}

// A small block comes before large ones that were asked for earlier are through: of
// the same priority while there is room for it, and an urgent one in any case.
func TestLargeDoNotDelaySmall(t *testing.T) {
	for _, c := range []struct {
		name  string
		large int
		p     Priority
	}{{"room for it", 1, Background}, {"full of others", 64, Urgent}} {
		t.Run(c.name, func(t *testing.T) {
			s := mem.New()
			large, small := stock(t, s, 1, c.large, lumps.MaxBlock), stock(t, s, 2, 1, 100)[0]
			p := newPair(t, memPipe, Options{MaxWants: 64}, Options{Provider: ProviderFunc(s.Get), MaxServed: 64, Concurrency: 2})
			p.theirData.mu.Lock()
			p.theirData.delay = 3 * time.Millisecond // for 64 KiB
			p.theirData.mu.Unlock()
			ctx, cancel := context.WithCancel(WithPriority(within(t), Background))
			var wg sync.WaitGroup
			for _, c := range large {
				wg.Go(func() { p.ours.Get(ctx, c) })
			}
			eventually(t, "chunks", func() bool { return p.ours.Stats().PartialIn > 200_000 })
			before := p.ours.Stats().BytesIn + p.ours.Stats().PartialIn
			if _, err := p.ours.Get(WithPriority(within(t), c.p), small); err != nil {
				t.Fatal(err)
			}
			if after := p.ours.Stats().BytesIn + p.ours.Stats().PartialIn; after-before > 400_000 {
				t.Errorf("%d bytes of large blocks came first", after-before)
			}
			cancel()
			wg.Wait()
		})
	}
}
