package asset

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"hearth/lumps"
	"hearth/store"
)

// Options of a cache. The zero value is right for a client.
type Options struct {
	// Budget is what idle assets may cost together, in bytes. Default 256 MiB;
	// negative keeps none.
	Budget int64
	// Grace is how long an asset that was let go is kept whatever the budget says,
	// so that one that is asked for every few frames is not made every few frames.
	// Default 5 seconds; negative is none.
	Grace time.Duration
	// Parallel is how many assets are made at the same time; those that wait for
	// their lump, or for another asset, do not count. Default: one for each
	// processor.
	Parallel int
}

const (
	defaultBudget = 256 << 20
	defaultGrace  = 5 * time.Second
)

// Cache holds assets.
type Cache struct {
	src   Source
	opts  Options
	slots chan struct{} // one for each asset that is being made
	ctx   context.Context
	stop  context.CancelFunc
	work  sync.WaitGroup // loads that run, and the timer

	// mu guards all below. It is not held while a loader runs or a value is closed.
	mu      sync.Mutex
	closed  bool
	loaders map[reflect.Type]*loader
	entries map[key]*entry
	idle    list.List // of *entry that nobody holds, the one let go last in front
	timer   *time.Timer
	stats   Stats
}

type key struct {
	typ reflect.Type
	cid lumps.CID
}

// entry is an asset, made or being made.
type entry struct {
	key    key
	loader *loader
	cancel context.CancelFunc
	made   chan struct{} // closed when value or err is there
	value  any
	err    error

	// Guarded by Cache.mu.
	refs  int // holders and those who wait
	cost  int64
	ready bool
	idle  *list.Element
	since time.Time // when it became idle
}

// Stats are the figures of a cache.
type Stats struct {
	Held, Idle         int   // assets
	HeldCost, IdleCost int64 // in bytes
	Hits, Loads        int64 // calls that found an asset, made or being made; and that began one
	Failed, Reaped     int64
}

// New returns an empty cache. Close ends it.
func New(src Source, opts Options) *Cache {
	if opts.Budget == 0 {
		opts.Budget = defaultBudget
	}
	if opts.Grace == 0 {
		opts.Grace = defaultGrace
	}
	if opts.Parallel <= 0 {
		opts.Parallel = runtime.GOMAXPROCS(0)
	}
	c := &Cache{
		src: src, opts: opts,
		slots:   make(chan struct{}, opts.Parallel),
		loaders: map[reflect.Type]*loader{},
		entries: map[key]*entry{},
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// making is the key of what the context of a loader carries.
type making struct{}

// chain is the assets that are being made one for the other, and the turn of the
// last.
type chain struct {
	keys []key
	turn *turn
}

func (c *Cache) get(ctx context.Context, k key) (*entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chain, _ := ctx.Value(making{}).(chain)
	c.mu.Lock()
	l := c.loaders[k.typ]
	if l == nil {
		c.mu.Unlock()
		return nil, fmt.Errorf("%v: %w", k.typ, ErrNoLoader)
	}
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if slices.Contains(chain.keys, k) {
		c.mu.Unlock()
		return nil, &LoadError{l.name, k.cid, ErrCycle}
	}
	e := c.entries[k]
	if e == nil {
		e = c.begin(k, l, chain.keys)
	} else {
		c.stats.Hits++
		c.take(e)
	}
	c.mu.Unlock()
	chain.turn.pause()
	select {
	case <-e.made:
	case <-ctx.Done():
	}
	chain.turn.resume(ctx)
	if ctx.Err() != nil {
		c.release(e)
		return nil, ctx.Err()
	}
	if e.err != nil {
		c.release(e)
		return nil, e.err
	}
	return e, nil
}

// begin starts to make an asset for one who waits. c.mu is held.
func (c *Cache) begin(k key, l *loader, keys []key) *entry {
	c.stats.Loads++
	ctx, cancel := context.WithCancel(c.ctx)
	e := &entry{key: k, loader: l, cancel: cancel, made: make(chan struct{}), refs: 1}
	c.entries[k] = e
	t := &turn{slots: c.slots}
	ctx = context.WithValue(ctx, making{}, chain{append(slices.Clip(keys), k), t})
	c.work.Go(func() {
		defer cancel()
		v, cost, err := c.load(ctx, k, l, t)
		t.end()
		c.finish(e, v, max(cost, 0), err)
	})
	return e
}

func (c *Cache) load(ctx context.Context, k key, l *loader, t *turn) (v any, cost int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, r, debug.Stack())
		}
		if err != nil {
			if errors.Is(err, context.Canceled) && c.ctx.Err() != nil {
				err = ErrClosed
			}
			err = &LoadError{l.name, k.cid, err}
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	content, err := c.src.Open(ctx, k.cid)
	if err != nil {
		return nil, 0, err
	}
	if n := content.Size(); n > l.maxSize {
		return nil, 0, fmt.Errorf("%d bytes, %d are the limit: %w", n, l.maxSize, errTooLarge)
	}
	// Only now: a lump that never arrives keeps nobody from the processor.
	if err := t.begin(ctx); err != nil {
		return nil, 0, err
	}
	return l.load(ctx, k.cid, content)
}

var errTooLarge = fmt.Errorf("an asset is not made from so much: %w", store.ErrTooLarge)

// finish gives the result to those who wait. If nobody does any more, a value is
// idle from the start.
func (c *Cache) finish(e *entry, v any, cost int64, err error) {
	c.mu.Lock()
	e.value, e.cost, e.err, e.ready = v, cost, err, err == nil
	close(e.made)
	if err != nil {
		c.stats.Failed++
		c.forget(e)
	}
	var dead []*entry
	switch {
	case err != nil:
	case e.refs > 0:
		c.stats.Held++
		c.stats.HeldCost += cost
	default:
		dead = c.rest(e)
	}
	c.mu.Unlock()
	closeAll(dead)
}

// forget takes an entry out of the table, if it is still the one that stands
// there. c.mu is held.
func (c *Cache) forget(e *entry) {
	if c.entries[e.key] == e {
		delete(c.entries, e.key)
	}
}

// take adds a holder. c.mu is held.
func (c *Cache) take(e *entry) {
	if e.refs++; e.idle == nil {
		return
	}
	c.idle.Remove(e.idle)
	e.idle = nil
	c.stats.Idle--
	c.stats.IdleCost -= e.cost
	c.stats.Held++
	c.stats.HeldCost += e.cost
}

func (c *Cache) retain(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take(e)
}

// release takes a holder, or one who waited.
func (c *Cache) release(e *entry) {
	c.mu.Lock()
	var dead []*entry
	if e.refs--; e.refs == 0 {
		if e.ready {
			c.stats.Held--
			c.stats.HeldCost -= e.cost
			dead = c.rest(e)
		} else if e.err == nil {
			// Nobody wants it any more. Who asks from now on begins anew.
			e.cancel()
			c.forget(e)
		}
	}
	c.mu.Unlock()
	closeAll(dead)
}

// rest makes a value idle that nobody holds. It returns what has to be closed.
// c.mu is held.
func (c *Cache) rest(e *entry) []*entry {
	if c.entries[e.key] != e { // given up while it was made
		return []*entry{e}
	}
	e.idle, e.since = c.idle.PushFront(e), time.Now()
	c.stats.Idle++
	c.stats.IdleCost += e.cost
	return c.reap()
}

// reap removes idle assets beyond the budget whose grace is over, and sees to it
// that it is called again when that of the next is. c.mu is held.
func (c *Cache) reap() (dead []*entry) {
	for c.idle.Len() > 0 && (c.closed || c.stats.IdleCost > max(c.opts.Budget, 0) || c.opts.Budget < 0) {
		e := c.idle.Back().Value.(*entry)
		if wait := c.opts.Grace - time.Since(e.since); wait > 0 && !c.closed {
			if c.timer == nil {
				c.work.Add(1) // for the timer
				c.timer = time.AfterFunc(wait, c.reapLater)
			}
			break
		}
		dead = append(dead, c.drop(e))
	}
	return dead
}

func (c *Cache) reapLater() {
	defer c.work.Done()
	c.mu.Lock()
	c.timer = nil
	dead := c.reap()
	c.mu.Unlock()
	closeAll(dead)
}

// drop takes an idle entry out of the cache. c.mu is held.
func (c *Cache) drop(e *entry) *entry {
	c.idle.Remove(e.idle)
	e.idle = nil
	c.stats.Idle--
	c.stats.IdleCost -= e.cost
	c.stats.Reaped++
	c.forget(e)
	return e
}

func closeAll(es []*entry) {
	for _, e := range es {
		if e.loader.close != nil {
			e.loader.close(e.value)
		}
	}
}

// Trim lets all idle assets go, whatever budget and grace say.
func (c *Cache) Trim() {
	c.mu.Lock()
	var dead []*entry
	for c.idle.Len() > 0 {
		dead = append(dead, c.drop(c.idle.Back().Value.(*entry)))
	}
	c.mu.Unlock()
	closeAll(dead)
}

// Stats returns the figures of this moment.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Close ends loads that run, lets idle assets go, and waits for both. Assets that
// are held are closed when they are released.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	if c.timer != nil && c.timer.Stop() {
		c.work.Done()
	}
	dead := c.reap()
	c.mu.Unlock()
	c.stop()
	closeAll(dead)
	c.work.Wait()
}
