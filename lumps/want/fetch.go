package want

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hearth/lumps"
	"hearth/store"
)

// A Source gives blocks: an *Exchange, a store, a cache. An error that wraps
// store.ErrNotFound says that it has not the block; Fetch verifies what comes.
type Source interface {
	Get(ctx context.Context, c lumps.CID) ([]byte, error)
}

// DefaultParallel is how many blocks a Fetch asks for at once.
const DefaultParallel = DefaultMaxWants

// progressEvery is how often Progress is told at most: as often as a person can
// see a number change.
const progressEvery = 100 * time.Millisecond

// Fetch brings whole DAGs. It walks from the roots, reads what is there, asks for
// what is not, and persists what is verified and nothing else, many blocks to a
// Put. That a block is there never says that what it links to is, so the walk
// looks at everything that Skip does not vouch for. A block with links that is
// damaged where it lies is brought again. Whatever ends a Run, what was verified
// until then is persisted: the next Run asks only for what lacks.
//
// Blocks with links are asked for before those without, with the next higher
// priority and a quarter of Parallel for themselves, so that a long chain unrolls
// while the bulk that hangs on it crosses, and not after.
//
// Memory is the set of CIDs, Parallel blocks and a quarter, and two batches.
type Fetch struct {
	Roots []lumps.CID
	To    store.Blocks
	// From are asked with the load spread over them. A block that one has not is
	// asked of the next; one that is closed or fails again and again is left. When
	// one is silent for as long as Patience, what it was asked is asked of the next
	// as well.
	From     []Source
	Patience time.Duration // DefaultPatience
	// Skip says which CIDs need no look, because all that they reach is known to be
	// in To. It is called from many goroutines. Nil skips nothing.
	Skip     func(c lumps.CID) bool
	Parallel int            // blocks asked for at once, a quarter more of those with links; DefaultParallel
	Progress func(Progress) // called now and then, and at the end, never twice at once
}

// Progress is how far a Run has come.
type Progress struct {
	FetchStats
	Pending int // CIDs that the walk has not come to
}

// FetchStats is what a Run did.
type FetchStats struct {
	Looked  int64 // CIDs that the walk came to, skipped ones excluded
	Skipped int64
	Blocks  int64 // fetched and verified
	Bytes   int64 // of them
	Stored  int64 // of Blocks, those that are durable
	Puts    int64
}

// Run brings what lacks. It may be called again, from one goroutine at a time.
func (f *Fetch) Run(ctx context.Context) (FetchStats, error) {
	for _, c := range f.Roots {
		if _, err := lumps.FromBytes(c[:]); err != nil {
			return FetchStats{}, fmt.Errorf("a root to fetch: %w", err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{
		Fetch:   f,
		ctx:     ctx,
		nodeCtx: WithPriority(ctx, priorityOf(ctx)+1),
		cancel:  cancel,
		sources: newSources(f.From, f.Patience),
		seen:    make(map[lumps.CID]struct{}, len(f.Roots)),
	}
	r.anyIdle, r.nodeIdle = sync.NewCond(&r.mu), sync.NewCond(&r.mu)
	r.batch.init(f.To)
	stopWaking := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.wakeAll()
	})
	defer stopWaking()
	r.push(f.Roots)

	var walkers, writer sync.WaitGroup
	writer.Go(func() {
		// Not ctx: what is verified is persisted whatever ended the walk.
		if err := r.batch.write(context.WithoutCancel(ctx)); err != nil {
			cancel(err)
		}
	})
	parallel := f.Parallel
	if parallel <= 0 {
		parallel = DefaultParallel
	}
	for i := range parallel + max(parallel/4, 1) {
		walkers.Go(func() { r.walk(i >= parallel) })
	}
	walkers.Wait()
	r.sources.attempts.Wait()
	r.batch.close()
	writer.Wait()

	r.report(true)
	return r.progress().FetchStats, context.Cause(ctx)
}

// run is one Run.
type run struct {
	*Fetch
	ctx     context.Context
	nodeCtx context.Context // for blocks with links
	cancel  context.CancelCauseFunc
	sources *sources
	batch   batch

	mu       sync.Mutex // guards all below
	anyIdle  *sync.Cond // there may be something to do, or nothing any more
	nodeIdle *sync.Cond // likewise, for who does only blocks with links
	seen     map[lumps.CID]struct{}
	nodes    []lumps.CID // with links; the next is the last
	leaves   []lumps.CID
	working  int
	stats    FetchStats

	reporting sync.Mutex // held while Progress is called
	reported  time.Time  // guarded by reporting
}

// push adds what was not seen, so that it is taken in the order of links.
func (r *run) push(cids []lumps.CID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(cids) - 1; i >= 0; i-- {
		c := cids[i]
		if _, ok := r.seen[c]; ok {
			continue
		}
		r.seen[c] = struct{}{}
		if c.Codec() == lumps.Raw {
			r.leaves = append(r.leaves, c)
		} else {
			r.nodes = append(r.nodes, c)
			r.nodeIdle.Signal()
		}
		r.anyIdle.Signal()
	}
}

// next takes a CID to look at, or says that there will be none.
func (r *run) next(onlyNodes bool) (c lumps.CID, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	idle := r.anyIdle
	if onlyNodes {
		idle = r.nodeIdle
	}
	for {
		from := &r.nodes
		if len(r.nodes) == 0 && !onlyNodes {
			from = &r.leaves
		}
		switch n := len(*from); {
		case r.ctx.Err() != nil:
			return c, false
		case n > 0:
			c, *from = (*from)[n-1], (*from)[:n-1]
			r.working++
			return c, true
		case r.working == 0 && len(r.leaves) == 0:
			return c, false
		}
		idle.Wait()
	}
}

// looked says that a CID that next gave is done with.
func (r *run) looked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.working--; r.working == 0 && len(r.nodes)+len(r.leaves) == 0 {
		r.wakeAll()
	}
}

func (r *run) wakeAll() {
	r.anyIdle.Broadcast()
	r.nodeIdle.Broadcast()
}

// walk looks at CIDs until there are none or the run ends.
func (r *run) walk(onlyNodes bool) {
	for c, ok := r.next(onlyNodes); ok; c, ok = r.next(onlyNodes) {
		if err := r.visit(c); err != nil {
			r.cancel(err)
		}
		r.looked()
		r.report(false)
	}
}

// visit brings a block if it lacks, and pushes what it links to.
func (r *run) visit(c lumps.CID) error {
	if r.Skip != nil && r.Skip(c) {
		r.add(FetchStats{Skipped: 1})
		return nil
	}
	block, here, err := r.local(c)
	var damage *store.CorruptError
	if errors.As(err, &damage) {
		// It is fetched again, and what is damaged makes place only when that came.
		here, err = false, nil
	}
	if err != nil {
		return err
	}
	if here {
		r.add(FetchStats{Looked: 1})
	} else {
		ctx := r.ctx
		if c.Codec() != lumps.Raw {
			ctx = r.nodeCtx
		}
		if block, err = r.sources.get(ctx, c); err != nil {
			return err
		}
	}
	if c.Codec() != lumps.Raw {
		links, err := lumps.Links(c, block)
		if err != nil {
			return err
		}
		r.push(links)
	}
	if here {
		return nil
	}
	if damage != nil {
		if err := r.To.Remove(r.ctx, c); err != nil {
			return err
		}
	}
	r.add(FetchStats{Looked: 1, Blocks: 1, Bytes: int64(len(block))})
	return r.batch.add(store.Block{CID: c, Data: block})
}

// local reads what is here. What has no links is not read.
func (r *run) local(c lumps.CID) (block []byte, here bool, err error) {
	if c.Codec() == lumps.Raw {
		here, err = r.To.Has(r.ctx, c)
		return nil, here, err
	}
	block, err = r.To.Get(r.ctx, c)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return block, err == nil, err
}

func (r *run) add(s FetchStats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Looked += s.Looked
	r.stats.Skipped += s.Skipped
	r.stats.Blocks += s.Blocks
	r.stats.Bytes += s.Bytes
}

func (r *run) progress() Progress {
	stored, puts := r.batch.count()
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{FetchStats: r.stats, Pending: len(r.nodes) + len(r.leaves)}
	p.Stored, p.Puts = stored, puts
	return p
}

// report tells Progress, unless it was told just now.
func (r *run) report(last bool) {
	if r.Progress == nil {
		return
	}
	if last {
		r.reporting.Lock()
	} else if !r.reporting.TryLock() {
		return
	}
	defer r.reporting.Unlock()
	if now := time.Now(); last || now.Sub(r.reported) >= progressEvery {
		r.reported = now
		r.Progress(r.progress())
	}
}
