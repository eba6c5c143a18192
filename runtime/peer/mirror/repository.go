package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

// Repository is a world as one end of a mirror: of the server, or of the program
// that pushes and pulls. It must not be copied; requests of all sessions of a
// world share one, for it is what lets roots move one after another.
type Repository struct {
	Store store.Store
	// Name is what the world is called: its mirrors elsewhere are mirror/NAME/head.
	Name string
	// Snapshot takes a snapshot if the space has moved since the newest one, and
	// returns the newest. Nil for a stopped world, whose newest the root names.
	Snapshot func(ctx context.Context) (lumps.CID, error)
	// Changed returns a channel that is closed when RootSnapshot was set since the
	// call. Nil has watchers look now and then.
	Changed func() <-chan struct{}
	// Writable says that the world may be pushed to.
	Writable bool
	// Verify, where it is not nil, is asked about each program of a snapshot that
	// comes in: that its rewritten form is what its module gives.
	Verify func(ctx context.Context, p space.Program) error
	// Standby makes the repository a world that ends at a snapshot and has not run:
	// a pull moves the world itself, not a root beside it.
	Standby *space.Standby

	mu     sync.Mutex // guards the comparing and setting of a root
	taking sync.Mutex // guards taken and took, and that one snapshot is taken at a time
	taken  time.Time  // when the last snapshot was begun that somebody asked for
	took   lumps.CID  // that snapshot
	counts sync.Mutex // guards busy
	busy   int        // requests that walk the store
}

// Head returns the newest snapshot; with fresh, one is taken before if the space
// has moved. ErrNoSnapshot if there is none.
func (r *Repository) Head(ctx context.Context, fresh bool) (lumps.CID, error) {
	if fresh && r.Snapshot != nil {
		if c, err := r.take(ctx); err != nil || !c.IsZero() {
			return c, err
		}
	}
	c, err := r.Store.Root(ctx, space.RootSnapshot)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoSnapshot
	}
	return c, err
}

// take has a snapshot taken that holds what was there at the call. Those who ask
// meanwhile share the next one, and there is one in minEvery at most.
func (r *Repository) take(ctx context.Context) (lumps.CID, error) {
	asked := time.Now()
	r.taking.Lock()
	defer r.taking.Unlock()
	if r.taken.After(asked) {
		return r.took, nil
	}
	select {
	case <-time.After(time.Until(r.taken.Add(minEvery))):
	case <-ctx.Done():
		return lumps.CID{}, context.Cause(ctx)
	}
	begun := time.Now()
	c, err := r.Snapshot(ctx)
	if err != nil {
		return lumps.CID{}, err
	}
	r.taken, r.took = begun, c
	return c, nil
}

// root returns what a root names, zero if it is not there.
func (r *Repository) root(ctx context.Context, name string) (lumps.CID, error) {
	c, err := r.Store.Root(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return lumps.CID{}, nil
	}
	return c, err
}

func (r *Repository) get() space.Get { return space.Getter(r.Store) }

// vouched returns the snapshots that roots vouch for: the world's own newest one
// and the heads of mirrors.
func (r *Repository) vouched(ctx context.Context) ([]lumps.CID, error) {
	var out []lumps.CID
	for root, err := range r.Store.Roots(ctx) {
		if err != nil {
			return nil, err
		}
		if root.Name == space.RootSnapshot || strings.HasPrefix(root.Name, "mirror/") && strings.HasSuffix(root.Name, "/head") {
			out = append(out, root.CID)
		}
	}
	return out, nil
}

// begin counts a request in that walks the store, or says that there are enough.
func (r *Repository) begin() error {
	r.counts.Lock()
	defer r.counts.Unlock()
	if r.busy >= maxWalks {
		return ErrBusy
	}
	r.busy++
	return nil
}

func (r *Repository) end() {
	r.counts.Lock()
	defer r.counts.Unlock()
	r.busy--
}

// isSnapshot reports whether a stored block is a snapshot.
func (r *Repository) isSnapshot(ctx context.Context, c lumps.CID) (bool, error) {
	if c.Codec() != lumps.DagCBOR {
		return false, nil
	}
	_, err := space.LoadSnapshot(ctx, r.get(), c)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, space.ErrBadState):
		return false, nil
	}
	return false, err
}

// Everything serves a whole store: what a peer with a mirror's credential may
// read.
func Everything(s store.Blocks) want.Provider { return everything{s} }

type everything struct{ s store.Blocks }

func (e everything) Block(ctx context.Context, c lumps.CID) ([]byte, error) { return e.s.Get(ctx, c) }

func (e everything) Has(ctx context.Context, c lumps.CID) (bool, error) { return e.s.Has(ctx, c) }

// Offers is what a dialer serves: nothing, but while it pushes what belongs to
// the push. It is the want.Provider of the dialer's block exchange.
type Offers struct {
	mu    sync.Mutex // guards below; taken before a grant's
	given map[*grant]struct{}
}

// grant is what some roots reach.
type grant struct {
	store store.Blocks
	roots []lumps.CID

	mu    sync.Mutex // guards below
	known map[lumps.CID]struct{}
	whole bool // known is all that the roots reach
}

// offer serves what the roots reach until stop is called.
func (o *Offers) offer(s store.Blocks, roots []lumps.CID) (stop func()) {
	g := &grant{store: s, roots: roots, known: map[lumps.CID]struct{}{}}
	for _, c := range roots {
		g.known[c] = struct{}{}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.given == nil {
		o.given = map[*grant]struct{}{}
	}
	o.given[g] = struct{}{}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.given, g)
	}
}

// Block returns a block that is offered now.
func (o *Offers) Block(ctx context.Context, c lumps.CID) ([]byte, error) {
	o.mu.Lock()
	given := make([]*grant, 0, len(o.given))
	for g := range o.given {
		given = append(given, g)
	}
	o.mu.Unlock()
	for _, g := range given {
		data, err := g.block(ctx, c)
		if !errors.Is(err, want.ErrDenied) {
			return data, err
		}
	}
	return nil, fmt.Errorf("lump %s: %w", c, want.ErrDenied)
}

// block gives a block that the roots reach. What a block links to becomes known
// when it is given, so that somebody who fetches from the top down costs nothing
// more; only one who asks for something further down, because he has what is
// above it, makes us walk.
func (g *grant) block(ctx context.Context, c lumps.CID) ([]byte, error) {
	ok, err := g.reaches(ctx, c)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, want.ErrDenied
	}
	data, err := g.store.Get(ctx, c)
	if err != nil || c.Codec() == lumps.Raw {
		return data, err
	}
	links, err := lumps.Links(c, data)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range links {
		g.known[l] = struct{}{}
	}
	return data, nil
}

func (g *grant) reaches(ctx context.Context, c lumps.CID) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.known[c]; ok || g.whole {
		return ok, nil
	}
	// Not the asker's context: the walk is for all that follow, too.
	all := map[lumps.CID]struct{}{}
	err := store.Reach(context.WithoutCancel(ctx), g.store, g.roots, func(c lumps.CID) (bool, error) {
		all[c] = struct{}{}
		return true, nil
	})
	if err != nil {
		return false, err
	}
	g.known, g.whole = all, true
	_, ok := all[c]
	return ok, nil
}
