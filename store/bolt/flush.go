package bolt

import (
	"errors"
	"fmt"
	"maps"

	bbolt "go.etcd.io/bbolt"
)

// changes is how many changes the database does not have, those that a flush is
// writing left out.
func (s *Store) changes() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.blocks.changes() + s.lumps.changes() + s.roots.changes()
}

// flushIfDue begins a flush when enough has changed.
func (s *Store) flushIfDue() {
	if s.flushing == nil && s.changes() >= s.flushAt {
		s.beginFlush()
	}
}

// roomForChanges makes writers wait for a flush that lags behind, and refuses
// them while the database cannot be written.
func (s *Store) roomForChanges() error {
	if s.changes() < flushLag*s.opts.FlushEntries {
		return nil
	}
	if s.flushing == nil {
		s.beginFlush()
	}
	return s.endFlush(<-s.flushing)
}

// awaitFlush answers a request when the database has all that is applied now.
func (s *Store) awaitFlush(r *request) {
	s.awaiting = append(s.awaiting, r)
	if s.flushing == nil {
		s.beginFlush()
	}
}

// beginFlush hands the changes to a goroutine that writes them into the database.
func (s *Store) beginFlush() {
	s.mu.Lock()
	st := s.state(position{s.active.number, s.active.size})
	s.blocks.beginFlush()
	s.lumps.beginFlush()
	s.roots.beginFlush()
	s.mu.Unlock()
	s.served, s.awaiting = s.awaiting, nil
	done := make(chan error, 1)
	s.flushing = done
	s.goros.Go(func() { done <- s.writeIndex(st) })
}

// flushUpTo writes all changes into the database, which then has everything up
// to head. For Open, before there is a committer.
func (s *Store) flushUpTo(head position) error {
	st := s.state(head)
	s.blocks.beginFlush()
	s.lumps.beginFlush()
	s.roots.beginFlush()
	return s.endFlush(s.writeIndex(st))
}

// state is what a flush writes besides the changes. Store.mu is held.
func (s *Store) state(head position) indexState {
	st := indexState{
		salt:   s.salt,
		head:   head,
		live:   make(map[uint32]int64, len(s.packs)),
		doomed: maps.Clone(s.doomed),
	}
	for n, p := range s.packs {
		st.live[n] = p.live
	}
	return st
}

// writeIndex writes a flush. What it reads does not change until endFlush.
func (s *Store) writeIndex(st indexState) error {
	return guard(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			return errors.Join(s.blocks.writeTo(tx), s.lumps.writeTo(tx), s.roots.writeTo(tx), st.writeTo(tx))
		})
	})
}

// endFlush takes note of what became of a flush.
func (s *Store) endFlush(err error) error {
	s.flushing = nil
	s.flushAt = s.opts.FlushEntries
	s.mu.Lock()
	if err == nil {
		s.blocks.endFlush()
		s.lumps.endFlush()
		s.roots.endFlush()
		s.flushes++
	} else {
		s.blocks.abandonFlush()
		s.lumps.abandonFlush()
		s.roots.abandonFlush()
	}
	s.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("write the index: %w", err)
		if diskFull(err) {
			// Nothing is lost, the packs have it; try again when there is more.
			s.flushAt += s.changes()
		} else {
			s.distrustIndex()
			err = s.fail(err)
		}
	}
	for _, r := range s.served {
		r.answer(err)
	}
	s.served = nil
	if len(s.awaiting) > 0 {
		s.beginFlush()
	}
	return err
}

// lastFlush writes what is left when the committer has ended.
func (s *Store) lastFlush() error {
	defer s.goros.Wait()
	for s.flushing != nil {
		s.endFlush(<-s.flushing)
	}
	if err := s.failed(); err != nil {
		return nil // it was reported, and the next open reads the packs
	}
	s.beginFlush()
	err := s.endFlush(<-s.flushing)
	if diskFull(err) {
		return nil // the next open reads what is missing from the packs
	}
	return err
}
