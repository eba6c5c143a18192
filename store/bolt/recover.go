package bolt

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Recovery is what Open found and did.
type Recovery struct {
	Rebuilt string  // why the index was made anew; empty if it was not
	Records int64   // records that the index did not have
	Bytes   int64   // of packs that were read for them
	Cut     []Range // torn ends that were cut off: writes that nobody was told of as done
	Damaged []Range // stretches with records behind them, or of sealed packs
}

// Range is a part of a pack.
type Range struct {
	Pack   string
	Offset int64
	Bytes  int64
}

func (r Range) String() string { return fmt.Sprintf("%s at %d, %d bytes", r.Pack, r.Offset, r.Bytes) }

// Clean reports whether there was nothing to do.
func (r Recovery) Clean() bool {
	return r.Rebuilt == "" && r.Records == 0 && len(r.Cut) == 0 && len(r.Damaged) == 0
}

func (r Recovery) String() string {
	if r.Clean() {
		return "the store was closed in order"
	}
	var parts []string
	if r.Rebuilt != "" {
		parts = append(parts, "the index was rebuilt ("+r.Rebuilt+")")
	}
	parts = append(parts, fmt.Sprintf("%d records were indexed", r.Records))
	for _, c := range r.Cut {
		parts = append(parts, "an unfinished write was cut off ("+c.String()+")")
	}
	for _, d := range r.Damaged {
		parts = append(parts, "damage was found ("+d.String()+"); check the store and restore what it lacks")
	}
	return strings.Join(parts, "; ")
}

// recover opens packs and index and makes them agree.
func (s *Store) recover(rep *Recovery) error {
	numbers, err := s.tidyPackDir()
	if err != nil {
		return err
	}
	db, st, err := s.openIndex()
	why := ""
	switch {
	case errors.Is(err, os.ErrNotExist):
		if len(numbers) > 0 {
			why = "index.db is missing"
		}
	case errors.Is(err, ErrIndex):
		why = "index.db cannot be read"
	case err != nil:
		return err
	case s.opts.RebuildIndex:
		why = "it was asked for"
	}
	s.db = db
	usable := err == nil
	if usable {
		if numbers, err = s.deleteDoomed(numbers, st); err != nil {
			return err
		}
	}
	broken, err := s.openPacks(numbers, st.salt, rep)
	if err != nil {
		return err
	}
	if usable && why == "" {
		if why, err = s.disagreement(st); err != nil {
			return err
		}
	}
	if !usable || why != "" {
		rep.Rebuilt = why
		if st, err = s.startIndex(usable); err != nil {
			return err
		}
	}
	for n, p := range s.packs {
		p.live = st.live[n]
	}
	if err := s.catchUp(st.head, rep); err != nil {
		return err
	}
	return s.chooseActive(st, broken)
}

// tidyPackDir removes what an interrupted creation left and lists the packs.
func (s *Store) tidyPackDir() ([]uint32, error) {
	names, err := os.ReadDir(s.packDir())
	if err != nil {
		return nil, err
	}
	var numbers []uint32
	for _, e := range names {
		if base, ok := strings.CutSuffix(e.Name(), tempSuffix); ok {
			if _, ours := packNumber(base); ours {
				if err := os.Remove(filepath.Join(s.packDir(), e.Name())); err != nil {
					return nil, err
				}
			}
		} else if n, ok := packNumber(e.Name()); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// deleteDoomed finishes deletions that the index knows of.
func (s *Store) deleteDoomed(numbers []uint32, st indexState) ([]uint32, error) {
	for n := range st.doomed {
		err := os.Remove(filepath.Join(s.packDir(), packName(n)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return slices.DeleteFunc(numbers, func(n uint32) bool { return st.doomed[n] }), nil
}

// openPacks opens the packs and learns the salt. broken says that the header of
// the last pack is damaged, so that nothing should be added to it.
func (s *Store) openPacks(numbers []uint32, salt uint32, rep *Recovery) (broken bool, err error) {
	var unread error
	for _, n := range numbers {
		p, err := s.openPack(n)
		if err != nil {
			return false, err
		}
		s.packs[n] = p
		h := make([]byte, min(packHeader, p.size))
		if _, err := p.file.ReadAt(h, 0); err != nil {
			return false, err
		}
		own, err := parsePackHeader(packName(n), h, n)
		var not *NotPackError
		broken = errors.As(err, &not)
		switch {
		case broken:
			// What stands behind a damaged header can be read if another has the salt.
			rep.Damaged = append(rep.Damaged, Range{packName(n), 0, packHeader})
			unread = err
		case err != nil:
			return false, err
		case s.salt != 0 && s.salt != own:
			return false, &NotPackError{packName(n)}
		default:
			s.salt = own
		}
	}
	if s.salt == 0 {
		s.salt = salt
	}
	if s.salt == 0 && unread != nil {
		return false, unread
	}
	for s.salt == 0 { // zero stands for none
		s.salt = rand.Uint32()
	}
	return broken, nil
}

// disagreement says why an index does not belong to the packs, or nothing.
func (s *Store) disagreement(st indexState) (string, error) {
	if st.salt != s.salt {
		return "index.db belongs to another store", nil
	}
	var gone []string
	for _, n := range slices.Sorted(maps.Keys(st.live)) {
		if s.packs[n] == nil {
			gone = append(gone, packName(n))
		}
	}
	if gone != nil {
		return "", &MissingPacksError{s.dir, gone}
	}
	if p := s.packs[st.head.pack]; p != nil && p.size < st.head.off {
		return packName(p.number) + " is shorter than it was", nil
	}
	for n := range s.packs {
		if _, known := st.live[n]; !known && n <= st.head.pack {
			return packName(n) + " is not in index.db", nil
		}
	}
	return "", nil
}

// startIndex begins an empty index.
func (s *Store) startIndex(replace bool) (indexState, error) {
	st := indexState{salt: s.salt}
	if replace {
		if err := s.db.Close(); err != nil {
			return st, err
		}
		s.db = nil
	}
	if err := os.Remove(s.indexPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return st, err
	}
	var err error
	s.db, err = s.createIndex(st)
	return st, err
}

// scanBatch is how many records are entered at a time while packs are read.
const scanBatch = 4096

// catchUp enters what stands in the packs behind head.
func (s *Store) catchUp(head position, rep *Recovery) error {
	numbers := slices.Sorted(maps.Keys(s.packs))
	for i, n := range numbers {
		p, off := s.packs[n], int64(packHeader)
		if n < head.pack {
			continue
		}
		if n == head.pack {
			off = max(off, head.off)
		}
		if err := s.catchUpPack(p, off, i == len(numbers)-1, rep); err != nil {
			return fmt.Errorf("%s: %w", packName(n), err)
		}
	}
	return nil
}

func (s *Store) catchUpPack(p *pack, off int64, last bool, rep *Recovery) error {
	batch := &request{move: true}
	var offs []int64
	enter := func(head int64) error {
		was, err := s.lookupGroup([]*request{batch})
		if err != nil {
			return err
		}
		for i := range batch.recs {
			s.applyRecord(&batch.recs[i], p, offs[i], true, was)
		}
		batch.recs, offs = batch.recs[:0], offs[:0]
		if s.changes() < s.flushAt {
			return nil
		}
		err = s.flushUpTo(position{p.number, head})
		if diskFull(err) {
			return nil // they wait in memory, as they do in an open store
		}
		return err
	}
	rep.Bytes += max(0, p.size-off)
	w := &window{file: p.file, size: p.size}
	err := scanRecords(w, off, s.salt,
		func(off int64, q queued, _ []byte) error {
			rep.Records++
			batch.recs, offs = append(batch.recs, q), append(offs, off)
			if len(offs) < scanBatch {
				return nil
			}
			return enter(off + q.size())
		},
		func(g gap) error {
			if !g.last || !last {
				rep.Damaged = append(rep.Damaged, Range{packName(p.number), g.off, g.len})
				return nil
			}
			rep.Cut = append(rep.Cut, Range{packName(p.number), g.off, g.len})
			p.size = g.off
			return errors.Join(p.file.Truncate(g.off), p.file.Sync())
		})
	if err != nil {
		return err
	}
	return enter(p.size)
}

// chooseActive opens the pack that grows.
func (s *Store) chooseActive(st indexState, broken bool) error {
	for n := range st.live {
		s.nextPack = max(s.nextPack, n)
	}
	for n := range st.doomed {
		s.nextPack = max(s.nextPack, n)
	}
	for n, p := range s.packs {
		s.nextPack = max(s.nextPack, n)
		if s.active == nil || s.active.number < n {
			s.active = p
		}
	}
	s.nextPack++
	if s.active == nil || broken {
		p, err := s.createPack(s.nextPack)
		if err != nil {
			return err
		}
		s.nextPack++
		s.packs[p.number], s.active = p, p
	}
	s.wakeSweeper()
	return nil
}
