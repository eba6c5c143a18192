package reconcile

import (
	"bytes"
	"iter"
	"runtime"
	"slices"
	"sort"
	"sync"

	"hearth/lumps"
)

const keyLen = 34

// key is a CID with the digest first, without its version and length.
type key [keyLen]byte

func keyOf(c lumps.CID) (k key) {
	copy(k[:], c[4:])
	k[32], k[33] = c[1], c[2]
	return k
}

func (k key) cid() lumps.CID { return lumps.FromDigest(k[32], k[33], lumps.Digest(k[:32])) }

// Set is an unchanging set of CIDs, 34 bytes each. It may be used by many sessions
// at once.
type Set struct{ keys []key }

// NewSet gathers CIDs; repetitions count once. What is no CID that Hearth stores is
// left out.
func NewSet(cids iter.Seq[lumps.CID]) *Set {
	var keys []key
	b := make([]byte, lumps.CIDLen) // or every c would be allocated
	for c := range cids {
		copy(b, c[:])
		if _, err := lumps.FromBytes(b); err == nil {
			keys = append(keys, keyOf(c))
		}
	}
	keys = sorted(keys)
	return &Set{slices.Clip(slices.Compact(keys))}
}

// Len returns how many CIDs there are.
func (s *Set) Len() int { return len(s.keys) }

// Has reports whether c is in the set.
func (s *Set) Has(c lumps.CID) bool {
	_, ok := slices.BinarySearchFunc(s.keys, keyOf(c), compareKeys)
	return ok && c[0] == 1 && c[3] == 32
}

// All yields the CIDs in the order of their digests.
func (s *Set) All() iter.Seq[lumps.CID] {
	return func(yield func(lumps.CID) bool) {
		for _, k := range s.keys {
			if !yield(k.cid()) {
				return
			}
		}
	}
}

func compareKeys(a, b key) int { return bytes.Compare(a[:], b[:]) }

// sorted sorts by the first byte, and the parts beside each other: digests spread
// evenly.
func sorted(keys []key) []key {
	const worth = 1 << 12 // where parts are large enough to be worth it
	if len(keys) < worth {
		slices.SortFunc(keys, compareKeys)
		return keys
	}
	var ends [256]int
	for i := range keys {
		ends[keys[i][0]]++
	}
	n := 0
	for b, c := range ends {
		ends[b] = n
		n += c
	}
	out := make([]key, len(keys))
	for i := range keys {
		b := keys[i][0]
		out[ends[b]] = keys[i]
		ends[b]++
	}
	parts := make(chan []key, len(ends))
	begin := 0
	for _, end := range ends {
		parts <- out[begin:end]
		begin = end
	}
	close(parts)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for p := range parts {
				slices.SortFunc(p, compareKeys)
			}
		})
	}
	wg.Wait()
	return out
}

// at returns the index of the first key that is not below b.
func (s *Set) at(b bound) int {
	if b.end() {
		return len(s.keys)
	}
	return sort.Search(len(s.keys), func(i int) bool { return bytes.Compare(s.keys[i][:], b.bytes()) >= 0 })
}

// bound parts the keys: those below it, and the others.
type bound struct {
	prefix [keyLen]byte
	n      uint8
}

const endBound = 255

var theEnd = bound{n: endBound}

func (b *bound) end() bool     { return b.n == endBound }
func (b *bound) bytes() []byte { return b.prefix[:b.n] }

func (b bound) compare(o bound) int {
	switch {
	case b.end() && o.end():
		return 0
	case b.end():
		return 1
	case o.end():
		return -1
	}
	return bytes.Compare(b.bytes(), o.bytes())
}

// above reports whether a key is below b.
func (b *bound) above(k *key) bool { return b.end() || bytes.Compare(k[:], b.bytes()) < 0 }

// between returns the shortest bound that has lo below it and hi not; lo < hi.
func between(lo, hi *key) (b bound) {
	for i := range hi {
		b.prefix[i] = hi[i]
		if lo[i] != hi[i] {
			b.n = uint8(i + 1)
			break
		}
	}
	return b
}
