package caps

import (
	"errors"
	"slices"
)

var (
	// ErrNoCapability reports a handle that names nothing.
	ErrNoCapability = errors.New("no such capability")
	// ErrTableFull reports a table at its limit.
	ErrTableFull = errors.New("the capability table is full")
	// ErrPermission reports a use that the capability does not allow.
	ErrPermission = errors.New("the capability does not permit this")
)

// Table holds the capabilities of one process. K identifies what a capability
// reaches, for ever; L is the live object behind it, if any, which plays no part
// in identity. A Table is not safe for concurrent use: its process owns it.
type Table[K comparable, L any] struct {
	slots []slot[K, L]
	index map[key[K]]uint32 // nil while the table is small enough to be searched
	free  []uint32          // min-heap of the free handles below len(slots)
	limit int
	first [2]slot[K, L] // where most tables stay
}

type key[K comparable] struct {
	target K
	perms  Perms
}

type slot[K comparable, L any] struct {
	target K
	live   L
	count  uint32 // 0: free
	perms  Perms
}

// small is up to how many handles a table is searched rather than indexed.
const small = 8

// NewTable returns an empty table for at most limit capabilities.
func NewTable[K comparable, L any](limit int) *Table[K, L] {
	t := new(Table[K, L])
	t.Init(limit)
	return t
}

// Init makes t, which is zero, an empty table for at most limit capabilities.
func (t *Table[K, L]) Init(limit int) { t.limit, t.slots = limit, t.first[:0] }

// find returns the handle under which a capability is held.
func (t *Table[K, L]) find(target K, perms Perms) (uint32, bool) {
	if t.index != nil {
		h, ok := t.index[key[K]{target, perms}]
		return h, ok
	}
	for h := range t.slots {
		if s := &t.slots[h]; s.count > 0 && s.perms == perms && s.target == target {
			return uint32(h), true
		}
	}
	return 0, false
}

// note puts a new entry in the index, making one when the table has grown.
func (t *Table[K, L]) note(h uint32) {
	if t.index == nil {
		if len(t.slots) <= small {
			return
		}
		t.index = make(map[key[K]]uint32, 2*small)
		for h := range t.slots {
			if s := &t.slots[h]; s.count > 0 {
				t.index[key[K]{s.target, s.perms}] = uint32(h)
			}
		}
		return
	}
	s := &t.slots[h]
	t.index[key[K]{s.target, s.perms}] = h
}

// Len returns the number of capabilities held.
func (t *Table[K, L]) Len() int { return len(t.slots) - len(t.free) }

// Add takes a capability in, or one more reference to it where it is held
// already, and returns its handle.
func (t *Table[K, L]) Add(target K, live L, perms Perms) (uint32, error) {
	if h, ok := t.find(target, perms); ok {
		s := &t.slots[h]
		s.count++
		s.live = live
		return h, nil
	}
	var h uint32
	switch {
	case len(t.free) > 0:
		h = t.popFree()
	case len(t.slots) >= t.limit:
		return 0, ErrTableFull
	default:
		h = uint32(len(t.slots))
		t.slots = append(t.slots, slot[K, L]{})
	}
	t.slots[h] = slot[K, L]{target: target, live: live, count: 1, perms: perms}
	t.note(h)
	return h, nil
}

// Put places a capability at a handle, as when a table is restored. Fill must
// follow the last Put.
func (t *Table[K, L]) Put(h uint32, target K, live L, perms Perms, count uint32) error {
	if int(h) >= t.limit || count == 0 {
		return ErrTableFull
	}
	for int(h) >= len(t.slots) {
		t.slots = append(t.slots, slot[K, L]{})
	}
	t.slots[h] = slot[K, L]{target: target, live: live, count: count, perms: perms}
	t.note(h)
	return nil
}

// Fill finds the free handles after a series of Puts.
func (t *Table[K, L]) Fill() {
	t.free = t.free[:0]
	for h := range t.slots {
		if t.slots[h].count == 0 {
			t.free = append(t.free, uint32(h)) // ascending is a heap
		}
	}
}

// Get returns what a handle reaches.
func (t *Table[K, L]) Get(h uint32) (target K, live L, perms Perms, err error) {
	if int(h) >= len(t.slots) || t.slots[h].count == 0 {
		return target, live, 0, ErrNoCapability
	}
	s := &t.slots[h]
	return s.target, s.live, s.perms, nil
}

// Live returns the live object behind a handle if the capability has perms: the
// quick way for a send.
func (t *Table[K, L]) Live(h uint32, perms Perms) (live L, err error) {
	if int(h) >= len(t.slots) || t.slots[h].count == 0 {
		return live, ErrNoCapability
	}
	s := &t.slots[h]
	if s.perms&perms != perms {
		return live, ErrPermission
	}
	return s.live, nil
}

// IncRef adds a reference to a handle.
func (t *Table[K, L]) IncRef(h uint32) error {
	if int(h) >= len(t.slots) || t.slots[h].count == 0 {
		return ErrNoCapability
	}
	t.slots[h].count++
	return nil
}

// DecRef drops a reference, and the capability with the last one.
func (t *Table[K, L]) DecRef(h uint32) error {
	if int(h) >= len(t.slots) || t.slots[h].count == 0 {
		return ErrNoCapability
	}
	s := &t.slots[h]
	if s.count--; s.count > 0 {
		return nil
	}
	delete(t.index, key[K]{s.target, s.perms})
	*s = slot[K, L]{}
	t.pushFree(h)
	return nil
}

// Demote takes in the same capability with fewer permissions.
func (t *Table[K, L]) Demote(h uint32, perms Perms) (uint32, error) {
	target, live, have, err := t.Get(h)
	if err != nil {
		return 0, err
	}
	return t.Add(target, live, have&perms)
}

// Each calls f for every capability by ascending handle.
func (t *Table[K, L]) Each(f func(h uint32, target K, live L, perms Perms, count uint32)) {
	for h := range t.slots {
		if s := &t.slots[h]; s.count > 0 {
			f(uint32(h), s.target, s.live, s.perms, s.count)
		}
	}
}

// Reset empties the table and keeps its memory for the next owner.
func (t *Table[K, L]) Reset() {
	clear(t.slots)
	t.slots = t.slots[:0]
	t.free = t.free[:0]
	if len(t.index) > 0 {
		clear(t.index)
	}
}

func (t *Table[K, L]) pushFree(h uint32) {
	t.free = append(t.free, h)
	for i := len(t.free) - 1; i > 0; {
		up := (i - 1) / 2
		if t.free[up] <= t.free[i] {
			break
		}
		t.free[up], t.free[i] = t.free[i], t.free[up]
		i = up
	}
}

func (t *Table[K, L]) popFree() uint32 {
	h := t.free[0]
	last := len(t.free) - 1
	t.free[0] = t.free[last]
	t.free = slices.Delete(t.free, last, last+1)
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(t.free) {
			break
		}
		if c+1 < len(t.free) && t.free[c+1] < t.free[c] {
			c++
		}
		if t.free[i] <= t.free[c] {
			break
		}
		t.free[i], t.free[c] = t.free[c], t.free[i]
		i = c
	}
	return h
}
