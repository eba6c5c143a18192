package space

import (
	"context"
	"fmt"

	"hearth/lumps"
)

const (
	// PageSize is the unit in which memory is stored: a raw block, or nothing
	// where all is zero.
	PageSize = 4096
	// pageFan is the radix of the page tree. Two levels reach 16 MiB, which holds
	// a Go guest, and a changed page costs one node of 2.6 KB beside itself.
	pageFan = 64
)

// PageTree is linear memory by absolute page index: a radix tree of fixed fan-out
// whose root stands in the process record. A node is a dag-cbor list of up to 64
// links; null is 64^height pages of zeros; nulls at the end of a list are left
// out.
type PageTree struct {
	_      struct{} `cbor:",toarray"`
	Pages  uint32   // length of the memory, in pages
	Height uint8    // 0: Root links pages
	Root   []lumps.CID
}

// BuildPages makes the tree of a memory from the CIDs of its pages; the zero CID
// is a page of zeros.
func BuildPages(pages []lumps.CID, put Put) (PageTree, error) {
	t := PageTree{Pages: uint32(len(pages))}
	level := pages
	for len(level) > pageFan {
		up := make([]lumps.CID, 0, (len(level)+pageFan-1)/pageFan)
		for i := 0; i < len(level); i += pageFan {
			node := trim(level[i:min(i+pageFan, len(level))])
			var c lumps.CID
			if len(node) > 0 {
				var err error
				if c, err = putNode(put, node); err != nil {
					return t, err
				}
			}
			up = append(up, c)
		}
		level = up
		t.Height++
	}
	t.Root = append([]lumps.CID{}, trim(level)...)
	return t, nil
}

func trim(s []lumps.CID) []lumps.CID {
	for len(s) > 0 && s[len(s)-1].IsZero() {
		s = s[:len(s)-1]
	}
	return s
}

// maxPages is 4 GiB: what a 32-bit memory can have.
const maxPages = 1 << 20

// Load returns the CIDs of the pages.
func (t *PageTree) Load(ctx context.Context, get Get) ([]lumps.CID, error) {
	if t.Pages > maxPages || t.Height > 3 {
		return nil, fmt.Errorf("a memory of %d pages: %w", t.Pages, ErrBadState)
	}
	pages := make([]lumps.CID, t.Pages)
	span := 1
	for range t.Height {
		span *= pageFan
	}
	var fill func(at, span int, node []lumps.CID) error
	fill = func(at, span int, node []lumps.CID) error {
		if len(node) > pageFan {
			return fmt.Errorf("a page node of %d links: %w", len(node), ErrBadState)
		}
		for i, c := range node {
			if c.IsZero() {
				continue
			}
			pos := at + i*span
			if pos >= len(pages) {
				return fmt.Errorf("a page beyond the memory: %w", ErrBadState)
			}
			if span == 1 {
				pages[pos] = c
				continue
			}
			data, err := get(ctx, c)
			if err != nil {
				return err
			}
			var sub []lumps.CID
			if err := lumps.Unmarshal(data, &sub); err != nil {
				return fmt.Errorf("%s: %w (%v)", c, ErrBadState, err)
			}
			if err := fill(pos, span/pageFan, sub); err != nil {
				return err
			}
		}
		return nil
	}
	return pages, fill(0, span, t.Root)
}
