package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bbolt "go.etcd.io/bbolt"
	bboltErrors "go.etcd.io/bbolt/errors"
)

// indexMap is how much address space the database's mapping takes from the
// start: growth beyond the mapping makes bbolt wait for all readers. It costs no
// memory, and holds the index of some twenty million blocks.
const indexMap = 2 << 30

func (s *Store) indexOptions() *bbolt.Options {
	o := *bbolt.DefaultOptions
	o.Timeout = time.Second // the lock of the folder keeps others out already
	o.FreelistType = bbolt.FreelistMapType
	o.NoStatistics = true
	o.NoSync = s.opts.noSync
	if ^uint(0)>>32 != 0 {
		o.InitialMmapSize = indexMap
	}
	return &o
}

// guard turns what a damaged database does to bbolt, panics and faults of its
// mapping, into ErrIndex.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w (%v)", ErrIndex, r)
		}
	}()
	return f()
}

func (s *Store) indexPath() string { return filepath.Join(s.dir, "index.db") }

// createIndex makes an empty database. bbolt writes a new file in several
// steps, so it comes into being under another name.
func (s *Store) createIndex(st indexState) (*bbolt.DB, error) {
	tmp := s.indexPath() + tempSuffix
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	db, err := bbolt.Open(tmp, 0o600, s.indexOptions())
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketPacks, bucketDoomed, bucketMeta, s.blocks.bucket, s.lumps.bucket, s.roots.bucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return st.writeTo(tx)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	if err := errors.Join(os.Rename(tmp, s.indexPath()), s.syncDir(s.dir)); err != nil {
		return nil, err
	}
	return bbolt.Open(s.indexPath(), 0o600, s.indexOptions())
}

// openIndex opens the database and reads its state. ErrIndex if it has to be
// made anew.
func (s *Store) openIndex() (db *bbolt.DB, st indexState, err error) {
	if _, err := os.Stat(s.indexPath()); err != nil {
		return nil, st, err
	}
	err = guard(func() error {
		var err error
		db, err = bbolt.Open(s.indexPath(), 0o600, s.indexOptions())
		if errors.Is(err, bboltErrors.ErrTimeout) {
			return fmt.Errorf("%s: %w", s.indexPath(), ErrLocked)
		}
		if errors.Is(err, os.ErrPermission) {
			return err
		}
		if err != nil {
			return fmt.Errorf("%w (%v)", ErrIndex, err)
		}
		return db.View(func(tx *bbolt.Tx) error {
			st, err = readState(tx, s.indexPath())
			return err
		})
	})
	if err != nil && db != nil {
		guard(db.Close)
	}
	return db, st, err
}

// view reads the database.
func (s *Store) view(f func(tx *bbolt.Tx) error) error {
	err := guard(func() error { return s.db.View(f) })
	if errors.Is(err, ErrIndex) {
		s.distrustIndex()
	}
	return err
}

// distrustIndex takes the database out of the way of the next open. This process
// keeps its file.
func (s *Store) distrustIndex() {
	os.Remove(s.indexPath())
	s.syncDir(s.dir)
}

// lookup returns where a block stands.
func (s *Store) lookup(k key) (e entry, ok bool, err error) {
	s.mu.RLock()
	e, ok, known := s.blocks.newer(k)
	s.mu.RUnlock()
	if known {
		return e, ok, nil
	}
	err = s.view(func(tx *bbolt.Tx) error {
		e, ok, err = s.blocks.stored(tx, &k)
		return err
	})
	return e, ok, err
}

// lookupAll is lookup for many, in one transaction. Keys of which nothing is
// known are not in the answer.
func lookupAll[K comparable, V any](s *Store, t *table[K, V], keys []K) (map[K]V, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found := make(map[K]V)
	var ask []K
	s.mu.RLock()
	for _, k := range keys {
		if v, there, known := t.newer(k); there {
			found[k] = v
		} else if !known {
			ask = append(ask, k)
		}
	}
	s.mu.RUnlock()
	if len(ask) == 0 {
		return found, nil
	}
	return found, s.view(func(tx *bbolt.Tx) error {
		for i := range ask {
			if v, ok, err := t.stored(tx, &ask[i]); err != nil {
				return err
			} else if ok {
				found[ask[i]] = v
			}
		}
		return nil
	})
}

// pageEntries is how many entries are read in one transaction: enough to make
// its cost small, few enough that its pages are soon free to be reused.
const pageEntries = 2000

// scan yields a whole table in the order of its keys: what the database holds,
// page by page, overlaid with what was newer when the scan began. A change
// meanwhile is seen or not. proceed is called before each page and its release
// behind it, so that nothing is held while yield runs.
func scan[K comparable, V any](s *Store, t *table[K, V], proceed func() (release func(), err error), yield func(K, V) bool) error {
	release, err := proceed()
	if err != nil {
		return err
	}
	s.mu.RLock()
	newer := t.all()
	s.mu.RUnlock()
	over := t.sorted(newer)
	var page []item[K, V]
	var from []byte
	for last := false; ; {
		page = page[:0]
		if !last {
			err := s.view(func(tx *bbolt.Tx) error {
				c := tx.Bucket(t.bucket).Cursor()
				k, b := c.Seek(from)
				for ; k != nil && len(page) < pageEntries; k, b = c.Next() {
					key := t.parseKey(k)
					v, ok := t.parse(key, b)
					if !ok {
						return ErrIndex
					}
					page = append(page, item[K, V]{key, change[V]{v: v}})
				}
				if last = k == nil; !last {
					from = bytes.Clone(k)
				}
				return nil
			})
			if err != nil {
				release()
				return err
			}
		}
		release()
		// Merge the page with the overlay up to where the next page begins.
		for len(page) > 0 || len(over) > 0 {
			next := -1 // from the page
			if len(page) == 0 {
				next = 1
			} else if len(over) > 0 {
				next = t.compare(page[0].k, over[0].k)
			}
			if len(page) == 0 && !last {
				break
			}
			var i item[K, V]
			switch {
			case next < 0:
				i, page = page[0], page[1:]
			case next == 0:
				i, page, over = over[0], page[1:], over[1:]
			default:
				i, over = over[0], over[1:]
			}
			if !i.c.gone && !yield(i.k, i.c.v) {
				return nil
			}
		}
		if last {
			return nil
		}
		if release, err = proceed(); err != nil {
			return err
		}
	}
}
