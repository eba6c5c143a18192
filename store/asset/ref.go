package asset

import (
	"sync/atomic"

	"hearth/lumps"
)

// Ref holds an asset. It may be used by many goroutines, and is released once.
type Ref[T any] struct {
	cache    *Cache
	entry    *entry
	value    T
	released atomic.Bool
}

// Value returns the asset. To use it behind Release is a mistake of the program,
// and panics: the value may be closed.
func (r *Ref[T]) Value() T {
	if r.released.Load() {
		panic("asset: a released reference was used")
	}
	return r.value
}

// CID returns the lump that the asset was made from.
func (r *Ref[T]) CID() lumps.CID { return r.entry.key.cid }

// Clone returns another reference to the same asset.
func (r *Ref[T]) Clone() *Ref[T] {
	v := r.Value()
	r.cache.retain(r.entry)
	return &Ref[T]{cache: r.cache, entry: r.entry, value: v}
}

// Release lets the asset go. Only the first call counts.
func (r *Ref[T]) Release() {
	if r.released.CompareAndSwap(false, true) {
		r.cache.release(r.entry)
	}
}
