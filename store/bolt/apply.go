package bolt

import "hearth/lumps"

// known is what the database says of what a group is about. What is newer than
// the database stands in the tables.
type known struct {
	blocks map[key]entry
	lumps  map[lumpKey]lumpEntry
	roots  map[string]rootEntry
}

// lookupGroup finds what a group needs to know before it changes it. A block that its
// put did not find needs no second look unless a flush came between, or it is
// there but damaged.
func (s *Store) lookupGroup(group []*request) (was known, err error) {
	var ks []key
	var ls []lumpKey
	var rs []string
	s.mu.RLock()
	for _, r := range group {
		again := r.move || r.looked != s.flushes || len(s.damaged) > 0
		for i := range r.recs {
			switch q := &r.recs[i]; q.kind {
			case kindBlock:
				if again {
					ks = append(ks, blockKey(q.cid))
				}
			case kindLump, kindUnlump:
				ls = append(ls, keyOfLump(q.cid))
			case kindRoot:
				rs = append(rs, q.more.name)
			}
		}
		ks = append(ks, r.forget...)
	}
	s.mu.RUnlock()
	if was.blocks, err = lookupAll(s, &s.blocks, ks); err != nil {
		return was, err
	}
	if was.lumps, err = lookupAll(s, &s.lumps, ls); err != nil {
		return was, err
	}
	was.roots, err = lookupAll(s, &s.roots, rs)
	return was, err
}

// current is what holds for k now.
func current[K comparable, V any](t *table[K, V], was map[K]V, k K) (V, bool) {
	if v, there, known := t.newer(k); known {
		return v, there
	}
	v, ok := was[k]
	return v, ok
}

// keepCurrent takes from a request of moving records those that no longer count:
// written behind their successors they would replace them when the packs are
// read again. A mark that something is gone counts while the thing is gone.
func (s *Store) keepCurrent(r *request) error {
	was, err := s.lookupGroup([]*request{r})
	if err != nil {
		return s.fail(err)
	}
	moving, recs := r.buf, r.recs
	kept := make([]byte, 0, len(moving))
	r.recs = recs[:0]
	for _, q := range recs {
		var at place
		var there, mark bool
		switch q.kind {
		case kindBlock:
			e, ok := current(&s.blocks, was.blocks, blockKey(q.cid))
			at, there = e.place, ok
		case kindLump, kindUnlump:
			e, ok := current(&s.lumps, was.lumps, keyOfLump(q.cid))
			at, there, mark = e.place, ok, q.kind == kindUnlump
		case kindRoot:
			e, ok := current(&s.roots, was.roots, q.more.name)
			at, there, mark = e.place, ok, q.cid.IsZero()
		}
		if mark && there || !mark && (!there || at != q.more.from) {
			continue
		}
		rec := moving[q.off : q.off+int(q.size())]
		q.off = len(kept)
		kept = append(kept, rec...)
		r.recs = append(r.recs, q)
	}
	r.buf = kept
	return nil
}

// apply makes a group visible whose records are durable.
func (s *Store) apply(group []*request) error {
	was, err := s.lookupGroup(group)
	if err != nil {
		// The tables do not have what the packs have; they will after a new open.
		return s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range group {
		for i := range r.recs {
			q := &r.recs[i]
			s.applyRecord(q, s.active, s.active.size+int64(q.off), r.move, was)
		}
		s.active.size += int64(len(r.buf))
		for _, k := range r.forget {
			if e, there := current(&s.blocks, was.blocks, k); there {
				s.blocks.remove(k)
				delete(s.damaged, k)
				s.bury(e.place)
			}
		}
		if p := r.drop; p != nil && p.live == 0 && p != s.active {
			delete(s.packs, p.number)
			s.doomed[p.number] = true
			r.dropped = true
		}
	}
	return nil
}

// applyRecord enters a record that stands at off in pack p.
func (s *Store) applyRecord(q *queued, p *pack, off int64, replace bool, was known) {
	at := place{p.number, uint32(off), q.len}
	switch q.kind {
	case kindBlock:
		k := blockKey(q.cid)
		old, there := current(&s.blocks, was.blocks, k)
		if there && !replace && !s.damaged[k] {
			return // somebody put the same block a moment earlier
		}
		codec := q.cid.Codec()
		if there {
			s.bury(old.place)
			codec = old.codec
		}
		delete(s.damaged, k)
		s.blocks.set(k, entry{at, codec})
		p.live += at.size()
	case kindLump, kindUnlump:
		k := keyOfLump(q.cid)
		if old, there := current(&s.lumps, was.lumps, k); there {
			s.bury(old.place)
			s.lumps.remove(k)
		}
		if q.kind == kindLump {
			s.lumps.set(k, lumpEntry{at, q.more.lump})
			p.live += at.size()
		}
	case kindRoot:
		if old, there := current(&s.roots, was.roots, q.more.name); there {
			s.bury(old.place)
			s.roots.remove(q.more.name)
		}
		if q.cid != (lumps.CID{}) {
			s.roots.set(q.more.name, rootEntry{at, q.cid})
			p.live += at.size()
		}
	}
}

// bury takes a record from what lives in its pack. The last of a sealed pack
// wakes the sweeper.
func (s *Store) bury(p place) {
	pk := s.packs[p.pack]
	if pk == nil {
		return
	}
	if pk.live -= p.size(); pk.live == 0 && pk != s.active {
		s.wakeSweeper()
	}
}
