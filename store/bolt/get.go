package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	bbolt "go.etcd.io/bbolt"

	"hearth/lumps"
	"hearth/store"
)

// Get returns a block's bytes, verified.
func (s *Store) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	k := blockKey(c)
	for try := 0; ; try++ {
		e, ok, err := s.lookup(k)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &store.NotFoundError{CID: c}
		}
		p := s.acquire(e.pack)
		if p == nil && try == 0 {
			continue // it moved, and its pack went, between the two steps
		}
		if p == nil {
			return nil, s.corrupt(k, c, e.place)
		}
		data := make([]byte, e.len)
		_, err = p.file.ReadAt(data, int64(e.off)+recHeader)
		p.readers.Done()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read lump %s: %w", c, err)
		}
		if err != nil || !lumps.Verify(c, data) {
			return nil, s.corrupt(k, c, e.place)
		}
		return data, nil
	}
}

// acquire returns a pack that stays open until its reader is done, or nil.
func (s *Store) acquire(number uint32) *pack {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.packs[number]
	if p != nil {
		p.readers.Add(1)
	}
	return p
}

// corrupt notes that the bytes of a block are wrong, so that the next put of it
// is not taken for a repetition.
func (s *Store) corrupt(k key, c lumps.CID, at place) error {
	s.mu.Lock()
	s.damaged[k] = true
	s.mu.Unlock()
	return &store.CorruptError{CID: c, Pack: packName(at.pack), Offset: int64(at.off)}
}

// Has reports whether the block is there.
func (s *Store) Has(ctx context.Context, c lumps.CID) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer s.leave()
	_, ok, err := s.lookup(blockKey(c))
	return ok, err
}

// Size returns the length of the block.
func (s *Store) Size(ctx context.Context, c lumps.CID) (int64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	e, ok, err := s.lookup(blockKey(c))
	if err == nil && !ok {
		err = &store.NotFoundError{CID: c}
	}
	return int64(e.len), err
}

// listing makes an iterator of a table.
func listing[K comparable, V, T any](ctx context.Context, s *Store, t *table[K, V], item func(K, V) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		stopped := false
		err := scan(s, t,
			func() (func(), error) { return s.leave, s.enter(ctx) },
			func(k K, v V) bool {
				if ctx.Err() != nil {
					return false
				}
				stopped = !yield(item(k, v), nil)
				return !stopped
			})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && !stopped {
			yield(*new(T), err)
		}
	}
}

// List yields every block, in the order of hash function and digest.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Info, error] {
	return listing(ctx, s, &s.blocks, func(k key, e entry) store.Info {
		return store.Info{CID: k.cid(e.codec), Size: int64(e.len)}
	})
}

// Roots yields every root in byte order of the names.
func (s *Store) Roots(ctx context.Context) iter.Seq2[store.Root, error] {
	return listing(ctx, s, &s.roots, func(name string, e rootEntry) store.Root {
		return store.Root{Name: name, CID: e.cid}
	})
}

// Lumps yields every lump in the order of its CID's digest.
func (s *Store) Lumps(ctx context.Context) iter.Seq2[store.Lump, error] {
	return listing(ctx, s, &s.lumps, func(_ lumpKey, e lumpEntry) store.Lump { return e.lump })
}

// one looks a single key up.
func one[K comparable, V any](ctx context.Context, s *Store, t *table[K, V], k K) (v V, ok bool, err error) {
	if err := s.enter(ctx); err != nil {
		return v, false, err
	}
	defer s.leave()
	found, err := lookupAll(s, t, []K{k})
	v, ok = found[k]
	return v, ok, err
}

// Root returns what name points at.
func (s *Store) Root(ctx context.Context, name string) (lumps.CID, error) {
	e, ok, err := one(ctx, s, &s.roots, name)
	if err == nil && !ok {
		err = fmt.Errorf("root %.40q: %w", name, store.ErrNotFound)
	}
	return e.cid, err
}

// Lump returns the record of c.
func (s *Store) Lump(ctx context.Context, c lumps.CID) (store.Lump, error) {
	e, ok, err := one(ctx, s, &s.lumps, keyOfLump(c))
	if err == nil && !ok {
		err = &store.NotFoundError{CID: c}
	}
	return e.lump, err
}

// Stats describes a store.
type Stats struct {
	Packs  int
	Bytes  int64 // of all packs
	Live   int64 // bytes of records that count
	Behind int   // changes that the database does not have
	Index  int64 // bytes of the database
}

// Stats returns figures of this moment.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	if err := s.enter(ctx); err != nil {
		return Stats{}, err
	}
	defer s.leave()
	var st Stats
	err := s.view(func(tx *bbolt.Tx) error { st.Index = tx.Size(); return nil })
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.packs {
		st.Packs++
		st.Bytes += p.size
		st.Live += p.live
	}
	st.Behind = len(s.blocks.fresh) + len(s.blocks.flushing) + len(s.lumps.fresh) + len(s.lumps.flushing) + len(s.roots.fresh) + len(s.roots.flushing)
	return st, err
}
