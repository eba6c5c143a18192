package mirror

import (
	"context"
	"fmt"
	"sync"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
)

// Side returns a state of the other side for space.Diff: that of a snapshot, of
// its newest one where snapshot is zero. Nothing is copied: what the comparison
// reads comes block by block, and a part of it is kept for the time of it.
func Side(ctx context.Context, s Session, snapshot lumps.CID) (space.Side, error) {
	if snapshot.IsZero() {
		w, err := Describe(ctx, s, true)
		if err != nil {
			return space.Side{}, err
		}
		if snapshot = w.Head; snapshot.IsZero() {
			return space.Side{}, ErrNoSnapshot
		}
	}
	c := &cache{from: s.Source(), blocks: map[lumps.CID][]byte{}}
	snap, err := space.LoadSnapshot(ctx, c.get, snapshot)
	if err != nil {
		return space.Side{}, err
	}
	return space.Side{Get: c.get, State: snap.State}, nil
}

// RootSide is Side for a root of the other side that names a snapshot.
func RootSide(ctx context.Context, s Session, root string) (space.Side, error) {
	var r Result
	w, err := describe(ctx, s, &r, describeRequest{Root: root})
	if err != nil {
		return space.Side{}, err
	}
	if w.Head.IsZero() {
		return space.Side{}, fmt.Errorf("%q: %w", root, ErrNoRoot)
	}
	return Side(ctx, s, w.Head)
}

// cache keeps blocks of the other side while they fit. What a comparison reads
// twice it reads soon after, so what came first goes first.
type cache struct {
	from want.Source

	mu     sync.Mutex // guards below
	blocks map[lumps.CID][]byte
	order  []lumps.CID
	bytes  int
}

func (c *cache) get(ctx context.Context, cid lumps.CID) ([]byte, error) {
	c.mu.Lock()
	data, ok := c.blocks[cid]
	c.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := c.from.Get(ctx, cid)
	if err != nil {
		return nil, err
	}
	// The exchange verifies; another Source may not.
	if got := cid.SumLike(data); got != cid {
		return nil, fmt.Errorf("the other side gave %s for %s: %w", got, cid, ErrRequest)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.blocks[cid]; ok {
		return data, nil
	}
	c.blocks[cid] = data
	c.order = append(c.order, cid)
	for c.bytes += len(data); c.bytes > cacheBytes; {
		c.bytes -= len(c.blocks[c.order[0]])
		delete(c.blocks, c.order[0])
		c.order = c.order[1:]
	}
	return data, nil
}
