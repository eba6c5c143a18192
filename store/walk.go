package store

import (
	"context"
	"errors"

	"hearth/lumps"
)

// Walk visits what the roots reach, each block once, parents before children and
// children in the order of their links, which is the order of an archive. visit
// says whether to go on below a block; an error of it ends the walk. A block that
// is not there ends it with a *NotFoundError. Memory is what the set of CIDs
// takes; blocks are held one at a time.
func Walk(ctx context.Context, b Blocks, roots []lumps.CID, visit func(c lumps.CID, block []byte) (descend bool, err error)) error {
	w := walker{ctx: ctx, blocks: b, seen: map[lumps.CID]struct{}{}}
	return w.walk(roots, func(c lumps.CID) ([]lumps.CID, error) {
		block, err := b.Get(ctx, c)
		if err != nil {
			return nil, err
		}
		descend, err := visit(c, block)
		if err != nil || !descend {
			return nil, err
		}
		return lumps.Links(c, block)
	})
}

// Reach visits the CIDs that the roots reach, each once, in the order of Walk. It
// reads only what can have links, so that the bulk of a store stays untouched:
// whether raw blocks are there is not looked at.
func Reach(ctx context.Context, b Blocks, roots []lumps.CID, visit func(c lumps.CID) (descend bool, err error)) error {
	w := walker{ctx: ctx, blocks: b, seen: map[lumps.CID]struct{}{}}
	return w.walk(roots, func(c lumps.CID) ([]lumps.CID, error) {
		descend, err := visit(c)
		if err != nil || !descend || c.Codec() == lumps.Raw {
			return nil, err
		}
		block, err := b.Get(ctx, c)
		if err != nil {
			return nil, err
		}
		return lumps.Links(c, block)
	})
}

type walker struct {
	ctx    context.Context
	blocks Blocks
	seen   map[lumps.CID]struct{}
}

// walk goes depth first. open visits a block and returns where to go on.
func (w *walker) walk(roots []lumps.CID, open func(lumps.CID) ([]lumps.CID, error)) error {
	// What is left of the links of every block on the way down.
	levels := [][]lumps.CID{roots}
	for len(levels) > 0 {
		top := len(levels) - 1
		if len(levels[top]) == 0 {
			levels = levels[:top]
			continue
		}
		c := levels[top][0]
		levels[top] = levels[top][1:]
		if _, ok := w.seen[c]; ok {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		w.seen[c] = struct{}{}
		links, err := open(c)
		if err != nil {
			return err
		}
		if len(links) > 0 {
			levels = append(levels, links)
		}
	}
	return nil
}

// Verified is what Verify found in order.
type Verified struct {
	Blocks int64
	Bytes  int64 // of the blocks
	Faults int64
}

// Verify reads everything that the roots reach and reports every block that is
// missing, does not hash to its name, is malformed, or holds another share of a
// file than its parent says. The error is why the reading could not be finished.
func Verify(ctx context.Context, b Blocks, roots []lumps.CID, report func(c lumps.CID, err error)) (Verified, error) {
	var v Verified
	fault := func(c lumps.CID, err error) {
		v.Faults++
		report(c, err)
	}
	sizes := map[lumps.CID]int64{}  // of parts of files
	claims := map[lumps.CID]int64{} // for parts that were not read yet
	w := walker{ctx: ctx, blocks: b, seen: map[lumps.CID]struct{}{}}
	err := w.walk(roots, func(c lumps.CID) ([]lumps.CID, error) {
		block, err := b.Get(ctx, c)
		if err != nil {
			if !isFault(err) {
				return nil, err
			}
			fault(c, err)
			return nil, nil
		}
		v.Blocks++
		v.Bytes += int64(len(block))
		f, err := lumps.ParseFile(c, block)
		switch claimed, part := claims[c]; {
		case err == nil:
			sizes[c] = f.Size
			if part {
				err = sizeAsClaimed(c, f.Size, claimed)
			}
		case errors.Is(err, lumps.ErrNotFile) && !part:
			err = nil
		}
		delete(claims, c)
		if err != nil {
			fault(c, err)
		}
		for _, k := range f.Children {
			if size, known := sizes[k.CID]; known {
				if err := sizeAsClaimed(k.CID, size, k.Size); err != nil {
					fault(k.CID, err)
				}
			} else {
				claims[k.CID] = k.Size
			}
		}
		links, err := lumps.Links(c, block)
		if err != nil {
			if c.Codec() == lumps.DagCBOR { // of the others ParseFile has said it
				fault(c, err)
			}
			return nil, nil
		}
		return links, nil
	})
	return v, err
}

// isFault reports whether an error is about the block and not about the store.
func isFault(err error) bool {
	var corrupt *CorruptError
	return errors.Is(err, ErrNotFound) || errors.As(err, &corrupt)
}
