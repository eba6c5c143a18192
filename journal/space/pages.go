package space

import (
	"context"
	"fmt"
	"slices"

	"hearth/lumps"
)

const (
	// PageSize is the unit in which memory is stored: a raw block, or nothing
	// where all is zero.
	PageSize = 4096
	// pageFan is the radix of the page tree. Two levels reach 16 MiB, which holds
	// a Go guest, and a changed page costs one node of 2.6 KB beside itself.
	pageFan = 64
	// maxPages is 4 GiB: what a 32-bit memory can have.
	maxPages = 1 << 20
	// maxPageNode is the longest node: the head of the list and 64 links.
	maxPageNode = 2 + pageFan*(5+lumps.CIDLen)
)

// PageTree is linear memory by absolute page index: a radix tree of fixed fan-out
// whose root stands in the process record. Its height is the least that reaches
// the last page. A node is a dag-cbor list of up to 64 links; null is 64^height
// pages of zeros; nulls at the end of a list are left out.
type PageTree struct {
	_      struct{} `cbor:",toarray"`
	Pages  uint32   // length of the memory, in pages
	Height uint8    // 0: Root links pages
	Root   []lumps.CID
}

// BuildPages makes the tree of a memory from the CIDs of its pages; the zero CID
// is a page of zeros.
func BuildPages(pages []lumps.CID, put Put) (PageTree, error) {
	if len(pages) > maxPages {
		return PageTree{}, fmt.Errorf("a memory of %d pages: %w", len(pages), errTooLarge)
	}
	t := PageTree{Pages: uint32(len(pages))}
	level := pages
	for len(level) > pageFan {
		up := make([]lumps.CID, 0, (len(level)+pageFan-1)/pageFan)
		for node := range slices.Chunk(level, pageFan) {
			var c lumps.CID
			if node = trim(node); len(node) > 0 {
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

// span is how many pages a child of the root reaches.
func (t *PageTree) span() int {
	n := 1
	for range t.Height {
		n *= pageFan
	}
	return n
}

// validate checks what the process record says of the memory.
func (t *PageTree) validate() error {
	height := uint8(0)
	for n := uint64(pageFan); n < uint64(t.Pages); n *= pageFan {
		height++
	}
	if t.Pages > maxPages || t.Height != height {
		return fmt.Errorf("a memory of %d pages in a tree of height %d: %w", t.Pages, t.Height, ErrBadState)
	}
	return checkPageNode(t.Root)
}

// checkPageNode refuses what would give one memory two names, or make a small
// tree a long walk.
func checkPageNode(node []lumps.CID) error {
	if len(node) > pageFan || len(trim(node)) != len(node) {
		return fmt.Errorf("a page node of %d links: %w", len(node), ErrBadState)
	}
	return nil
}

// loadPageNode reads a node below the root.
func loadPageNode(ctx context.Context, get Get, c lumps.CID) ([]lumps.CID, error) {
	if c.Codec() != lumps.DagCBOR {
		return nil, fmt.Errorf("page node %s is not dag-cbor: %w", c, ErrBadState)
	}
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	var node []lumps.CID
	if len(data) > maxPageNode {
		return nil, fmt.Errorf("page node %s is too long: %w", c, ErrBadState)
	}
	if err := lumps.Unmarshal(data, &node); err != nil {
		return nil, fmt.Errorf("page node %s: %w (%v)", c, ErrBadState, err)
	}
	if len(node) == 0 {
		return nil, fmt.Errorf("page node %s is empty: %w", c, ErrBadState)
	}
	return node, checkPageNode(node)
}

// Load returns the CIDs of the pages.
func (t *PageTree) Load(ctx context.Context, get Get) ([]lumps.CID, error) {
	if err := t.validate(); err != nil {
		return nil, err
	}
	pages := make([]lumps.CID, t.Pages)
	var fill func(at, span int, node []lumps.CID) error
	fill = func(at, span int, node []lumps.CID) error {
		for i, c := range node {
			if c.IsZero() {
				continue
			}
			pos := at + i*span
			if pos >= len(pages) {
				return fmt.Errorf("a page beyond the memory: %w", ErrBadState)
			}
			if span == 1 {
				if c.Codec() != lumps.Raw {
					return fmt.Errorf("page %s is not raw: %w", c, ErrBadState)
				}
				pages[pos] = c
				continue
			}
			sub, err := loadPageNode(ctx, get, c)
			if err != nil {
				return err
			}
			if err := fill(pos, span/pageFan, sub); err != nil {
				return err
			}
		}
		return nil
	}
	return pages, fill(0, t.span(), t.Root)
}
