package bolt

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"hearth/lumps"
	"hearth/store"
)

// parallelBytes is from how many bytes on a put is hashed by several goroutines:
// about half a millisecond of work, so that starting them costs nothing.
const parallelBytes = 1 << 20

// Put stores blocks.
func (s *Store) Put(ctx context.Context, blocks ...store.Block) error {
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := verify(blocks); err != nil {
		return err
	}
	absent, looked, err := s.absent(blocks)
	if err != nil {
		return err
	}
	var waiting []*request
	for len(absent) > 0 && err == nil {
		r := newRequest()
		r.looked = looked
		n, size := 0, 0
		for n < len(absent) && size < requestBytes {
			size += recHeader + len(absent[n].Data)
			n++
		}
		r.buf, r.recs = slices.Grow(r.buf, size), make([]queued, 0, n)
		for _, b := range absent[:n] {
			r.add(s.salt, queued{record: record{kind: kindBlock, cid: b.CID}}, b.Data)
		}
		absent = absent[n:]
		r.more = len(absent) > 0
		if waiting == nil {
			err = s.submit(ctx, r)
		} else {
			s.queue <- r // was announced: the committer waits for it
		}
		if err == nil {
			waiting = append(waiting, r)
		}
	}
	for _, r := range waiting {
		if e := r.wait(ctx); err == nil {
			err = e
		}
	}
	return err
}

// verify hashes the blocks, on several processors if they are large.
func verify(blocks []store.Block) error {
	total := 0
	for _, b := range blocks {
		total += len(b.Data)
	}
	workers := min(runtime.GOMAXPROCS(0), len(blocks), 1+total/parallelBytes)
	if workers <= 1 {
		for _, b := range blocks {
			if err := b.Verify(); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	errs := make([]error, workers)
	var wg sync.WaitGroup
	step := max(1, min(16, len(blocks)/(4*workers))) // blocks a worker takes at a time
	for w := range workers {
		wg.Go(func() {
			for errs[w] == nil {
				from := int(next.Add(int64(step))) - step
				if from >= len(blocks) {
					return
				}
				for _, b := range blocks[from:min(from+step, len(blocks))] {
					if err := b.Verify(); err != nil {
						errs[w] = err
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// absent returns the blocks that have to be written, each once, and what
// Store.flushes was when it looked.
func (s *Store) absent(blocks []store.Block) (out []store.Block, looked uint64, err error) {
	keys := make([]key, len(blocks))
	for i, b := range blocks {
		keys[i] = blockKey(b.CID)
	}
	s.mu.RLock()
	looked = s.flushes
	s.mu.RUnlock()
	found, err := lookupAll(s, &s.blocks, keys)
	if err != nil || len(keys) == 0 {
		return nil, 0, err
	}
	s.mu.RLock()
	for k := range s.damaged {
		delete(found, k)
	}
	s.mu.RUnlock()
	if len(blocks) == 1 {
		if _, ok := found[keys[0]]; ok {
			return nil, looked, nil
		}
		return blocks, looked, nil
	}
	out = make([]store.Block, 0, len(blocks)-min(len(found), len(blocks)))
	for i, k := range keys {
		if _, ok := found[k]; !ok {
			found[k] = entry{} // a repetition within the put
			out = append(out, blocks[i])
		}
	}
	return out, looked, nil
}

// forgetKeys is how many blocks are forgotten in one request: looking them up
// keeps the committer from others for some ten milliseconds.
const forgetKeys = 10_000

// Remove forgets blocks.
func (s *Store) Remove(ctx context.Context, cids ...lumps.CID) error {
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	for part := range slices.Chunk(cids, forgetKeys) {
		r := newRequest()
		r.forget = make([]key, len(part))
		for i, c := range part {
			r.forget[i] = blockKey(c)
		}
		if err := s.do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// SetRoot points name at c; the zero CID removes it.
func (s *Store) SetRoot(ctx context.Context, name string, c lumps.CID) error {
	err := store.CheckRootName(name)
	if err == nil && !c.IsZero() {
		_, err = lumps.FromBytes(c[:])
	}
	if err != nil {
		return err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	r := newRequest()
	r.add(s.salt, queued{record: record{kind: kindRoot, cid: c}, more: &extra{name: name}}, []byte(name))
	return s.do(ctx, r)
}

// AddLump records lumps.
func (s *Store) AddLump(ctx context.Context, ls ...store.Lump) error {
	for _, l := range ls {
		if err := l.Check(); err != nil {
			return err
		}
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	var body [lumpBody]byte
	for part := range slices.Chunk(ls, forgetKeys) {
		r := newRequest()
		for _, l := range part {
			r.add(s.salt, queued{record: record{kind: kindLump, cid: l.CID}, more: &extra{lump: l}}, appendLumpBody(body[:0], l))
		}
		if err := s.do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// RemoveLump forgets the record of c.
func (s *Store) RemoveLump(ctx context.Context, c lumps.CID) error {
	if _, err := s.Lump(ctx, c); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	r := newRequest()
	r.add(s.salt, queued{record: record{kind: kindUnlump, cid: c}}, nil)
	return s.do(ctx, r)
}
