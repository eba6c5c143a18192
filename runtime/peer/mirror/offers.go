package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

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
