package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"

	bbolt "go.etcd.io/bbolt"

	"hearth/lumps"
)

// layout says how a table stands in a bucket.
type layout[K comparable, V any] struct {
	bucket   []byte
	key      func(*K) []byte // may point into the key
	compare  func(a, b K) int
	parseKey func([]byte) K
	value    func([]byte, V) []byte
	parse    func(K, []byte) (V, bool)
}

// change is a value that the database does not have yet, or the end of one.
type change[V any] struct {
	v    V
	gone bool
}

// table holds what is newer than the database: fresh changes, and those that the
// flusher is writing, which nobody changes. Store.mu guards the two fields; the
// committer alone adds to fresh.
type table[K comparable, V any] struct {
	layout[K, V]
	fresh, flushing map[K]change[V]
}

// newer returns what the table knows of k; known is false if the database decides.
func (t *table[K, V]) newer(k K) (v V, there, known bool) {
	c, known := t.fresh[k]
	if !known {
		c, known = t.flushing[k]
	}
	return c.v, known && !c.gone, known
}

func (t *table[K, V]) set(k K, v V) { t.fresh[k] = change[V]{v: v} }
func (t *table[K, V]) remove(k K)   { t.fresh[k] = change[V]{gone: true} }
func (t *table[K, V]) changes() int { return len(t.fresh) }
func (t *table[K, V]) beginFlush()  { t.flushing, t.fresh = t.fresh, map[K]change[V]{} }
func (t *table[K, V]) endFlush()    { t.flushing = nil }

// abandonFlush leaves the changes to the next flush.
func (t *table[K, V]) abandonFlush() { t.fresh, t.flushing = t.all(), nil }

// all returns a copy of what is newer than the database.
func (t *table[K, V]) all() map[K]change[V] {
	m := make(map[K]change[V], len(t.flushing)+len(t.fresh))
	maps.Copy(m, t.flushing)
	maps.Copy(m, t.fresh)
	return m
}

// stored reads k from the database.
func (t *table[K, V]) stored(tx *bbolt.Tx, k *K) (v V, ok bool, err error) {
	b := tx.Bucket(t.bucket).Get(t.key(k))
	if b == nil {
		return v, false, nil
	}
	if v, ok = t.parse(*k, b); !ok {
		return v, false, ErrIndex
	}
	return v, true, nil
}

// item is a change with its key.
type item[K comparable, V any] struct {
	k K
	c change[V]
}

// sorted returns changes in the order of their keys.
func (t *table[K, V]) sorted(changes map[K]change[V]) []item[K, V] {
	items := make([]item[K, V], 0, len(changes))
	for k, c := range changes {
		items = append(items, item[K, V]{k, c})
	}
	slices.SortFunc(items, func(a, b item[K, V]) int { return t.compare(a.k, b.k) })
	return items
}

// writeTo writes what is being flushed, in the order of the keys, so that a leaf
// of the tree is visited once.
func (t *table[K, V]) writeTo(tx *bbolt.Tx) error {
	b := tx.Bucket(t.bucket)
	items := t.sorted(t.flushing)
	var values []byte // bbolt keeps them until the commit
	for i := range items {
		var err error
		if it := &items[i]; it.c.gone {
			err = b.Delete(t.key(&it.k))
		} else {
			from := len(values)
			values = t.value(values, it.c.v)
			err = b.Put(t.key(&it.k), values[from:len(values):len(values)])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newBlocks() table[key, entry] {
	return table[key, entry]{fresh: map[key]change[entry]{}, layout: layout[key, entry]{
		bucket:   []byte("blocks"),
		key:      func(k *key) []byte { return k[:] },
		compare:  func(a, b key) int { return bytes.Compare(a[:], b[:]) },
		parseKey: func(b []byte) key { return key(b) },
		value:    func(b []byte, e entry) []byte { return append(e.place.append(b), e.codec) },
		parse: func(_ key, b []byte) (e entry, ok bool) {
			if len(b) != placeLen+1 {
				return e, false
			}
			e = entry{parsePlace(b), b[placeLen]}
			return e, e.len <= lumps.MaxBlock
		},
	}}
}

func newLumps() table[lumpKey, lumpEntry] {
	return table[lumpKey, lumpEntry]{fresh: map[lumpKey]change[lumpEntry]{}, layout: layout[lumpKey, lumpEntry]{
		bucket:   []byte("lumps"),
		key:      func(k *lumpKey) []byte { return k[:] },
		compare:  func(a, b lumpKey) int { return bytes.Compare(a[:], b[:]) },
		parseKey: func(b []byte) lumpKey { return lumpKey(b) },
		value:    func(b []byte, e lumpEntry) []byte { return appendLumpBody(e.place.append(b), e.lump) },
		parse: func(k lumpKey, b []byte) (e lumpEntry, ok bool) {
			if len(b) != placeLen+lumpBody {
				return e, false
			}
			e.place = parsePlace(b)
			e.lump, ok = parseLumpBody(k.cid(), b[placeLen:])
			return e, ok
		},
	}}
}

func newRoots() table[string, rootEntry] {
	return table[string, rootEntry]{fresh: map[string]change[rootEntry]{}, layout: layout[string, rootEntry]{
		bucket:   []byte("roots"),
		key:      func(k *string) []byte { return []byte(*k) },
		compare:  strings.Compare,
		parseKey: func(b []byte) string { return string(b) },
		value:    func(b []byte, e rootEntry) []byte { return append(e.place.append(b), e.cid[:]...) },
		parse: func(_ string, b []byte) (e rootEntry, ok bool) {
			if len(b) != placeLen+lumps.CIDLen {
				return e, false
			}
			c, err := lumps.FromBytes(b[placeLen:])
			return rootEntry{parsePlace(b), c}, err == nil
		},
	}}
}

var (
	bucketPacks  = []byte("packs")
	bucketDoomed = []byte("doomed")
	bucketMeta   = []byte("meta")
	metaVersion  = []byte("version")
	metaSalt     = []byte("salt")
	metaHead     = []byte("head")
)

// indexVersion is the version of the buckets' layout.
const indexVersion = 1

// indexState is the part of the database that is small and held in memory.
type indexState struct {
	salt   uint32
	head   position
	live   map[uint32]int64 // by pack
	doomed map[uint32]bool
}

func (st indexState) writeTo(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	head := binary.LittleEndian.AppendUint32(nil, st.head.pack)
	head = binary.LittleEndian.AppendUint64(head, uint64(st.head.off))
	err := errors.Join(
		meta.Put(metaVersion, binary.LittleEndian.AppendUint32(nil, indexVersion)),
		meta.Put(metaSalt, binary.LittleEndian.AppendUint32(nil, st.salt)),
		meta.Put(metaHead, head),
		emptyBucket(tx, bucketPacks), emptyBucket(tx, bucketDoomed))
	if err != nil {
		return err
	}
	packs, doomed := tx.Bucket(bucketPacks), tx.Bucket(bucketDoomed)
	for n, live := range st.live {
		err = errors.Join(err, packs.Put(binary.BigEndian.AppendUint32(nil, n), binary.LittleEndian.AppendUint64(nil, uint64(live))))
	}
	for n := range st.doomed {
		err = errors.Join(err, doomed.Put(binary.BigEndian.AppendUint32(nil, n), nil))
	}
	return err
}

func emptyBucket(tx *bbolt.Tx, name []byte) error {
	if err := tx.DeleteBucket(name); err != nil {
		return err
	}
	_, err := tx.CreateBucket(name)
	return err
}

// readState reads what writeTo wrote. ErrIndex if it is not that.
func readState(tx *bbolt.Tx, file string) (st indexState, err error) {
	for _, name := range [][]byte{bucketPacks, bucketDoomed, bucketMeta, newBlocks().bucket, newLumps().bucket, newRoots().bucket} {
		if tx.Bucket(name) == nil {
			return st, ErrIndex
		}
	}
	meta := tx.Bucket(bucketMeta)
	version, salt, head := meta.Get(metaVersion), meta.Get(metaSalt), meta.Get(metaHead)
	if len(version) != 4 {
		return st, ErrIndex
	}
	if v := binary.LittleEndian.Uint32(version); v > indexVersion {
		return st, &VersionError{file, v, indexVersion}
	}
	if len(salt) != 4 || len(head) != 12 {
		return st, ErrIndex
	}
	st = indexState{
		salt:   binary.LittleEndian.Uint32(salt),
		head:   position{binary.LittleEndian.Uint32(head), int64(binary.LittleEndian.Uint64(head[4:]))},
		live:   map[uint32]int64{},
		doomed: map[uint32]bool{},
	}
	err = tx.Bucket(bucketPacks).ForEach(func(k, v []byte) error {
		if len(k) != 4 || len(v) != 8 {
			return ErrIndex
		}
		st.live[binary.BigEndian.Uint32(k)] = int64(binary.LittleEndian.Uint64(v))
		return nil
	})
	if err != nil {
		return st, err
	}
	err = tx.Bucket(bucketDoomed).ForEach(func(k, _ []byte) error {
		if len(k) != 4 {
			return ErrIndex
		}
		st.doomed[binary.BigEndian.Uint32(k)] = true
		return nil
	})
	return st, err
}
