package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hearth/lumps"
	"hearth/store"
)

// wakeSweeper lets the sweeper look for packs in which nothing lives.
func (s *Store) wakeSweeper() {
	select {
	case s.sweep <- struct{}{}:
	default:
	}
}

// sweepLoop deletes sealed packs in which nothing lives any more.
func (s *Store) sweepLoop() {
	for {
		select {
		case <-s.stop.Done():
			return
		case <-s.sweep:
		}
		// What goes wrong here stops no one: the pack stays, and the next removal or
		// Compact tries again. A write that failed is known to the store.
		_, _ = s.Compact(s.stop, 0)
	}
}

// Compacted is what Compact did.
type Compacted struct {
	Packs int   // deleted
	Moved int64 // bytes that were written anew
	Freed int64 // bytes that the disk has back, those moved not counted
}

// Compact rewrites sealed packs in which at most the given share of the bytes
// lives, and deletes them; 0 deletes only what needs no copying of blocks. Others
// read and write meanwhile. A pack with damage in it is left as it is.
func (s *Store) Compact(ctx context.Context, share float64) (done Compacted, err error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	if err := s.enterToWrite(ctx); err != nil {
		return done, err
	}
	defer s.leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.stop, cancel)()
	if share > 0 {
		// The pack that grows may be the one that is hollow.
		s.mu.RLock()
		hollow := s.active.hollow(share)
		s.mu.RUnlock()
		if hollow {
			if err := s.do(ctx, &request{seal: true, done: make(chan error, 1)}); err != nil {
				return done, err
			}
		}
	}
	var errs []error
	for _, p := range s.hollowPacks(share) {
		if err := ctx.Err(); err != nil {
			return done, errors.Join(append(errs, err)...)
		}
		before := p.size
		moved, deleted, err := s.empty(ctx, p)
		done.Moved += moved
		if deleted {
			done.Packs++
			done.Freed += before - moved
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("compact %s: %w", packName(p.number), err))
		}
		if s.failed() != nil {
			break
		}
	}
	return done, errors.Join(errs...)
}

func (p *pack) hollow(share float64) bool {
	return p.size > packHeader && float64(p.live) <= share*float64(p.size-packHeader)
}

// hollowPacks lists sealed packs from the lowest number on.
func (s *Store) hollowPacks(share float64) []*pack {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var ps []*pack
	for _, n := range slices.Sorted(maps.Keys(s.packs)) {
		if p := s.packs[n]; p != s.active && (p.hollow(share) || p.live == 0) {
			ps = append(ps, p)
		}
	}
	return ps
}

// empty moves what counts in a sealed pack to the end of the last one, and
// deletes its file once the database knows.
func (s *Store) empty(ctx context.Context, p *pack) (moved int64, deleted bool, err error) {
	r := newMove()
	send := func() error {
		if len(r.recs) == 0 {
			return nil
		}
		n := int64(len(r.buf))
		err := s.do(ctx, r)
		moved += n
		r = newMove()
		return err
	}
	oldest := s.oldest(p.number)
	var damage *store.CorruptError
	size := p.size
	if oldest && s.live(p) == 0 {
		size = 0 // nothing in it can count
	}
	err = scanRecords(&window{file: p.file, size: size}, packHeader, s.salt,
		func(off int64, q queued, rec []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			at := place{p.number, uint32(off), q.len}
			counts, err := s.counts(&q, at, oldest)
			if err != nil || !counts {
				return err
			}
			if q.kind == kindBlock && !lumps.Verify(q.cid, rec[recHeader:]) {
				damage = &store.CorruptError{CID: q.cid, Pack: packName(p.number), Offset: off}
				return nil
			}
			if q.more == nil {
				q.more = &extra{}
			}
			q.more.from = at
			r.add(s.salt, q, rec[recHeader:])
			if len(r.buf) < requestBytes {
				return nil
			}
			return send()
		},
		func(gap) error { return nil })
	if err = errors.Join(err, send()); err != nil {
		return moved, false, err
	}
	drop := &request{drop: p, done: make(chan error, 1)}
	ctx = context.WithoutCancel(ctx) // what follows is quick and should not be left half done
	if err := s.do(ctx, drop); err != nil {
		return moved, false, err
	}
	if !drop.dropped {
		if damage != nil {
			return moved, false, damage
		}
		return moved, false, fmt.Errorf("%d bytes that count could not be moved; check the store", s.live(p))
	}
	// From here on nobody finds the pack. Its file goes when the database no longer
	// points into it and the last reader is done.
	if err := s.do(ctx, &request{flush: true, done: make(chan error, 1)}); err != nil {
		p.readers.Wait()
		return moved, false, errors.Join(err, p.file.Close()) // the next open deletes it
	}
	return moved, true, s.unlink(p)
}

func (s *Store) live(p *pack) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return p.live
}

func newMove() *request {
	r := newRequest()
	r.move = true
	return r
}

// oldest reports whether no pack is older: then marks of removal have nothing
// left that they could mark.
func (s *Store) oldest(number uint32) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n := range s.packs {
		if n < number {
			return false
		}
	}
	return true
}

// counts reports whether a record that stands at a place is what the index has,
// or a mark of removal that is still needed.
func (s *Store) counts(q *queued, at place, oldest bool) (bool, error) {
	switch q.kind {
	case kindBlock:
		e, ok, err := s.lookup(blockKey(q.cid))
		return ok && e.place == at, err
	case kindLump, kindUnlump:
		k := keyOfLump(q.cid)
		found, err := lookupAll(s, &s.lumps, []lumpKey{k})
		e, ok := found[k]
		if q.kind == kindUnlump {
			return !ok && !oldest, err
		}
		return ok && e.place == at, err
	default:
		found, err := lookupAll(s, &s.roots, []string{q.more.name})
		e, ok := found[q.more.name]
		if q.cid.IsZero() {
			return !ok && !oldest, err
		}
		return ok && e.place == at, err
	}
}

// unlink deletes the file of a pack that the index has forgotten.
func (s *Store) unlink(p *pack) error {
	p.readers.Wait()
	err := errors.Join(p.file.Close(), os.Remove(filepath.Join(s.packDir(), packName(p.number))), s.syncDir(s.packDir()))
	if err == nil {
		s.mu.Lock()
		delete(s.doomed, p.number)
		s.mu.Unlock()
	}
	return err
}
