package space

import (
	"errors"
	"fmt"

	"hearth/lumps"
	"hearth/store"
)

// named adds what the store itself says must be there.
func (c *checker) named() error {
	for r, err := range c.w.Store.Roots(c.ctx) {
		if err != nil {
			return err
		}
		c.need(r.CID, fmt.Sprintf("the root %q", r.Name))
	}
	for l, err := range c.w.Store.Lumps(c.ctx) {
		if err != nil {
			return err
		}
		c.need(l.CID, "the catalogue of lumps")
	}
	c.sum.Lumps = int64(len(c.order))
	return nil
}

// blocks looks for every block that something reaches. Only what can have links
// is read for that; then, where it is wanted, everything.
func (c *checker) blocks(readData bool) error {
	type want struct {
		cid lumps.CID
		by  string
	}
	seen := map[lumps.CID]struct{}{}
	var stack []want
	for _, top := range c.order {
		stack = append(stack, want{top, c.reach[top]})
		for len(stack) > 0 {
			w := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if _, ok := seen[w.cid]; ok {
				continue
			}
			if err := c.ctx.Err(); err != nil {
				return err
			}
			seen[w.cid] = struct{}{}
			c.sum.Blocks++
			var links []lumps.CID
			var err error
			if w.cid.Codec() == lumps.Raw {
				var has bool
				if has, err = c.w.Store.Has(c.ctx, w.cid); err == nil && !has {
					err = &store.NotFoundError{CID: w.cid}
				}
			} else {
				var data []byte
				if data, err = c.w.Store.Get(c.ctx, w.cid); err == nil {
					links, err = lumps.Links(w.cid, data)
				}
			}
			if err != nil {
				if !isFault(err) {
					return err
				}
				if errors.Is(err, store.ErrNotFound) {
					err = fmt.Errorf("block %s is missing, and %s needs it: %w", w.cid, w.by, store.ErrNotFound)
				} else {
					err = fmt.Errorf("%w, and %s needs it", err, w.by)
				}
				c.fault(0, w.cid, err)
			}
			for i := len(links) - 1; i >= 0; i-- {
				stack = append(stack, want{links[i], w.by})
			}
		}
	}
	if !readData {
		return nil
	}
	v, err := store.Verify(c.ctx, c.w.Store, c.order, func(cid lumps.CID, err error) { c.fault(0, cid, err) })
	c.sum.Bytes = v.Bytes
	return err
}
