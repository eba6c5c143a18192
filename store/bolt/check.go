package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hearth/lumps"
	"hearth/store"
)

// Fault is something wrong that Check found.
type Fault struct {
	CID    lumps.CID // of the block or lump, if one is known to be affected
	Pack   string
	Offset int64
	Err    error // a *store.CorruptError where bytes are wrong
}

func (f Fault) String() string { return fmt.Sprintf("%s at %d: %v", f.Pack, f.Offset, f.Err) }

var (
	errNoRecord = errors.New("the index points here and no such record is here; rebuild the index")
	errNoPack   = errors.New("the index points into a pack that is not there; rebuild the index or restore the pack")
	errGap      = errors.New("no records can be read here; restore what the store lacks from a peer or a backup")
)

// Check compares the index with the packs, and with readData reads every byte
// and hashes every block that counts. Others go on meanwhile. Faults go to
// report; the error is why the check itself could not be finished.
func (s *Store) Check(ctx context.Context, readData bool, report func(Fault)) error {
	s.sweeping.Lock() // so that no pack goes while it is looked at
	defer s.sweeping.Unlock()
	if err := s.checkIndex(ctx, report); err != nil || !readData {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	numbers := slices.Sorted(maps.Keys(s.packs))
	s.mu.RUnlock()
	s.leave()
	for _, n := range numbers {
		if err := s.checkPack(ctx, n, report); err != nil {
			return fmt.Errorf("check %s: %w", packName(n), err)
		}
	}
	return nil
}

// pointer is an entry of the index in the form that all kinds share.
type pointer struct {
	kind byte
	cid  lumps.CID
	at   place
}

// checkIndex looks whether every entry of the index points at its record. The
// entries are looked at in the order of the packs, some at a time.
func (s *Store) checkIndex(ctx context.Context, report func(Fault)) error {
	const batch = 100_000
	var ps []pointer
	var failed error
	look := func() {
		slices.SortFunc(ps, func(a, b pointer) int {
			return cmp.Or(cmp.Compare(a.at.pack, b.at.pack), cmp.Compare(a.at.off, b.at.off))
		})
		for _, p := range ps {
			if failed == nil {
				failed = s.checkPointer(ctx, p, report)
			}
		}
		ps = ps[:0]
	}
	add := func(p pointer) bool {
		if ps = append(ps, p); len(ps) == batch {
			look()
		}
		return failed == nil
	}
	proceed := func() (func(), error) { return s.leave, s.enter(ctx) }
	for _, part := range []func() error{
		func() error {
			return scan(s, &s.blocks, proceed, func(k key, e entry) bool { return add(pointer{kindBlock, k.cid(e.codec), e.place}) })
		},
		func() error {
			return scan(s, &s.lumps, proceed, func(_ lumpKey, e lumpEntry) bool { return add(pointer{kindLump, e.lump.CID, e.place}) })
		},
		func() error {
			return scan(s, &s.roots, proceed, func(_ string, e rootEntry) bool { return add(pointer{kindRoot, e.cid, e.place}) })
		},
	} {
		if err := errors.Join(part(), failed); err != nil {
			return err
		}
	}
	look()
	return failed
}

func (s *Store) checkPointer(ctx context.Context, want pointer, report func(Fault)) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	fault := Fault{want.cid, packName(want.at.pack), int64(want.at.off), nil}
	p := s.acquire(want.at.pack)
	if p == nil {
		fault.Err = errNoPack
	} else {
		h := make([]byte, recHeader)
		_, err := p.file.ReadAt(h, int64(want.at.off))
		p.readers.Done()
		r, ok := parseHeader(h)
		if err != nil {
			fault.Err = err
		} else if !ok || r.kind != want.kind || r.len != want.at.len || r.cid.Multihash() != want.cid.Multihash() {
			fault.Err = errNoRecord
		}
	}
	if fault.Err != nil && s.stillPoints(want) {
		report(fault)
	}
	return nil
}

// stillPoints reports whether a block is still where it was a moment ago.
func (s *Store) stillPoints(p pointer) bool {
	if p.kind != kindBlock {
		return true
	}
	e, ok, err := s.lookup(blockKey(p.cid))
	return err != nil || ok && e.place == p.at
}

// checkPack reads a whole pack. The lock of the sweeper keeps it there.
func (s *Store) checkPack(ctx context.Context, number uint32, report func(Fault)) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	p := s.acquire(number)
	if p == nil {
		return nil
	}
	defer p.readers.Done()
	s.mu.RLock()
	size := p.size
	s.mu.RUnlock()
	name := packName(number)
	header := make([]byte, packHeader)
	if _, err := p.file.ReadAt(header, 0); err != nil {
		return err
	}
	if _, err := parsePackHeader(name, header, number); err != nil {
		report(Fault{Pack: name, Err: err})
	}
	w := &window{file: p.file, size: size}
	return scanRecords(w, packHeader, s.salt,
		func(off int64, q queued, rec []byte) error {
			if s.stop.Err() != nil {
				return store.ErrClosed
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if q.kind != kindBlock || lumps.Verify(q.cid, rec[recHeader:]) {
				return nil
			}
			s.reportDamage(q.cid, place{number, uint32(off), q.len}, report)
			return nil
		},
		func(g gap) error {
			// A damaged body leaves its header readable: then the block has a name.
			if h, err := w.bytes(g.off, recHeader); err == nil && len(h) == recHeader {
				if r, ok := parseHeader(h); ok && r.kind == kindBlock && s.reportDamage(r.cid, place{number, uint32(g.off), r.len}, report) {
					return nil
				}
			}
			report(Fault{Pack: name, Offset: g.off, Err: errGap})
			return nil
		})
}

// reportDamage reports a block whose bytes are wrong, if the index has it there.
func (s *Store) reportDamage(c lumps.CID, at place, report func(Fault)) bool {
	k := blockKey(c)
	e, ok, err := s.lookup(k)
	if err != nil || !ok || e.place != at {
		return false
	}
	report(Fault{c, packName(at.pack), int64(at.off), s.corrupt(k, c, at)})
	return true
}
