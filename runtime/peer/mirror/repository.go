package mirror

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
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
