package runtime

import (
	"cmp"
	"slices"
	"sync"
)

// held keeps what leaves the durable world until its cause is on disk.
type held struct {
	mu    sync.Mutex
	items []heldItem // sorted by seq; equal seqs in the order of arrival
}

type heldItem struct {
	seq uint64
	run func()
}

func (h *held) add(d *durable, seq uint64, run func()) {
	h.mu.Lock()
	i, _ := slices.BinarySearchFunc(h.items, seq+1, func(it heldItem, s uint64) int { return cmp.Compare(it.seq, s) })
	h.items = slices.Insert(h.items, i, heldItem{seq, run})
	h.release(d)
	h.mu.Unlock()
}

// release runs what is durable. The caller holds h.mu, so the order is kept.
func (h *held) release(d *durable) {
	if len(h.items) == 0 {
		return
	}
	durable, _ := d.j.Durable()
	n := 0
	for n < len(h.items) && h.items[n].seq <= durable {
		h.items[n].run()
		h.items[n].run = nil
		n++
	}
	h.items = h.items[n:]
	if len(h.items) == 0 {
		h.items = nil
	}
}

func (d *durable) onDurable(uint64) {
	d.held.mu.Lock()
	d.held.release(d)
	d.held.mu.Unlock()
}
