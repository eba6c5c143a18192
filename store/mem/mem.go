// Package mem keeps a store in memory: for tests, caches and dry runs.
//
// It is the contract of package store in its plainest form, maps under a lock,
// and so the model that other backends are compared with.
package mem

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"hearth/lumps"
	"hearth/store"
)

// Store is an empty store until something is put.
type Store struct {
	mu     sync.RWMutex // guards all below; the bytes of a block never change
	closed bool
	blocks map[[34]byte]store.Block
	roots  map[string]lumps.CID
	lumps  map[lumps.CID]store.Lump
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		blocks: map[[34]byte]store.Block{},
		roots:  map[string]lumps.CID{},
		lumps:  map[lumps.CID]store.Lump{},
	}
}

// read locks for reading if the store is open and ctx is alive.
func (s *Store) read(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

func (s *Store) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

// Put stores blocks.
func (s *Store) Put(ctx context.Context, blocks ...store.Block) error {
	for _, b := range blocks {
		if err := b.Verify(); err != nil {
			return err
		}
	}
	if err := s.write(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, b := range blocks {
		if _, ok := s.blocks[b.CID.Multihash()]; !ok {
			s.blocks[b.CID.Multihash()] = store.Block{CID: b.CID, Data: bytes.Clone(b.Data)}
		}
	}
	return nil
}

func (s *Store) get(ctx context.Context, c lumps.CID) (store.Block, error) {
	if err := s.read(ctx); err != nil {
		return store.Block{}, err
	}
	defer s.mu.RUnlock()
	b, ok := s.blocks[c.Multihash()]
	if !ok {
		return b, &store.NotFoundError{CID: c}
	}
	return b, nil
}

// Get returns a block's bytes, verified.
func (s *Store) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	b, err := s.get(ctx, c)
	if err != nil {
		return nil, err
	}
	if !lumps.Verify(c, b.Data) {
		return nil, &store.CorruptError{CID: c, Pack: "memory"}
	}
	return b.Data, nil
}

// Has reports whether the block is there.
func (s *Store) Has(ctx context.Context, c lumps.CID) (bool, error) {
	if err := s.read(ctx); err != nil {
		return false, err
	}
	defer s.mu.RUnlock()
	_, ok := s.blocks[c.Multihash()]
	return ok, nil
}

// Size returns the length of the block.
func (s *Store) Size(ctx context.Context, c lumps.CID) (int64, error) {
	b, err := s.get(ctx, c)
	return int64(len(b.Data)), err
}

// List yields every block that was there when it began.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := s.read(ctx); err != nil {
			yield(store.Info{}, err)
			return
		}
		infos := make([]store.Info, 0, len(s.blocks))
		for _, b := range s.blocks {
			infos = append(infos, store.Info{CID: b.CID, Size: int64(len(b.Data))})
		}
		s.mu.RUnlock()
		yieldAll(ctx, infos, yield)
	}
}

// Remove forgets blocks.
func (s *Store) Remove(ctx context.Context, cids ...lumps.CID) error {
	if err := s.write(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, c := range cids {
		delete(s.blocks, c.Multihash())
	}
	return nil
}

// SetRoot points name at c, or removes it.
func (s *Store) SetRoot(ctx context.Context, name string, c lumps.CID) error {
	if err := store.CheckRootName(name); err != nil {
		return err
	}
	if err := s.write(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if c.IsZero() {
		delete(s.roots, name)
		return nil
	}
	if _, err := lumps.FromBytes(c[:]); err != nil {
		return err
	}
	s.roots[name] = c
	return nil
}

// Root returns what name points at.
func (s *Store) Root(ctx context.Context, name string) (lumps.CID, error) {
	if err := s.read(ctx); err != nil {
		return lumps.CID{}, err
	}
	defer s.mu.RUnlock()
	c, ok := s.roots[name]
	if !ok {
		return c, fmt.Errorf("root %.40q: %w", name, store.ErrNotFound)
	}
	return c, nil
}

// Roots yields every name in byte order.
func (s *Store) Roots(ctx context.Context) iter.Seq2[store.Root, error] {
	return func(yield func(store.Root, error) bool) {
		if err := s.read(ctx); err != nil {
			yield(store.Root{}, err)
			return
		}
		roots := make([]store.Root, 0, len(s.roots))
		for name, c := range s.roots {
			roots = append(roots, store.Root{Name: name, CID: c})
		}
		s.mu.RUnlock()
		slices.SortFunc(roots, func(a, b store.Root) int { return strings.Compare(a.Name, b.Name) })
		yieldAll(ctx, roots, yield)
	}
}

// AddLump records lumps.
func (s *Store) AddLump(ctx context.Context, ls ...store.Lump) error {
	for _, l := range ls {
		if err := l.Check(); err != nil {
			return err
		}
	}
	if err := s.write(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, l := range ls {
		s.lumps[l.CID] = l
	}
	return nil
}

// Lump returns the record of c.
func (s *Store) Lump(ctx context.Context, c lumps.CID) (store.Lump, error) {
	if err := s.read(ctx); err != nil {
		return store.Lump{}, err
	}
	defer s.mu.RUnlock()
	l, ok := s.lumps[c]
	if !ok {
		return l, &store.NotFoundError{CID: c}
	}
	return l, nil
}

// Lumps yields every lump in the order of its CID's digest.
func (s *Store) Lumps(ctx context.Context) iter.Seq2[store.Lump, error] {
	return func(yield func(store.Lump, error) bool) {
		if err := s.read(ctx); err != nil {
			yield(store.Lump{}, err)
			return
		}
		ls := slices.Collect(maps.Values(s.lumps))
		s.mu.RUnlock()
		slices.SortFunc(ls, func(a, b store.Lump) int {
			return cmp.Or(bytes.Compare(a.CID[4:], b.CID[4:]), bytes.Compare(a.CID[:4], b.CID[:4]))
		})
		yieldAll(ctx, ls, yield)
	}
}

// RemoveLump forgets the record of c.
func (s *Store) RemoveLump(ctx context.Context, c lumps.CID) error {
	if err := s.write(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.lumps, c)
	return nil
}

// Close drops everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.blocks, s.roots, s.lumps = true, nil, nil, nil
	return nil
}

func yieldAll[T any](ctx context.Context, all []T, yield func(T, error) bool) {
	for _, v := range all {
		if err := ctx.Err(); err != nil {
			yield(*new(T), err)
			return
		}
		if !yield(v, nil) {
			return
		}
	}
}
