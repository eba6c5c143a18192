package scene

import "math/bits"

const (
	// ChunkSize is how many slots a chunk has: the unit of sharing, of copying and
	// of what a reader takes over. Smaller chunks copy less for one change, larger
	// ones are fewer to compare: a million objects are 4096 chunks.
	ChunkSize = 256
	pageSize  = 64 // chunks a page; a page is copied with the first change in it
)

// Chunk holds the things of 256 slots. It is never written once a snapshot has it.
type Chunk[T any] struct {
	Live  [ChunkSize / 64]uint64 // bit i%64 of word i/64: slot i is in use
	IDs   [ChunkSize]ID
	Items [ChunkSize]T

	epoch uint64 // of the scene when it was made: equal says that no snapshot has it
}

// Alive reports whether slot i of the chunk is in use.
func (c *Chunk[T]) Alive(i int) bool { return c.Live[i/64]>>(i%64)&1 != 0 }

// Len is how many slots of the chunk are in use.
func (c *Chunk[T]) Len() (n int) {
	for _, w := range c.Live {
		n += bits.OnesCount64(w)
	}
	return n
}

type page[T any] struct {
	chunks [pageSize]*Chunk[T]
	epoch  uint64
}

// Table is a persistent table of slots. The zero value is empty. A copy of the
// struct is a reader's; only the scene writes, to chunks that no reader has.
type Table[T any] struct {
	pages  []*page[T]
	chunks int
	live   int
}

// Len is how many things there are.
func (t Table[T]) Len() int { return t.live }

// Slots is how many slots there are: those in use are below. It never gets less.
func (t Table[T]) Slots() int { return t.chunks * ChunkSize }

// Chunks is how many chunks there are. It never gets less.
func (t Table[T]) Chunks() int { return t.chunks }

// Chunk returns a chunk: the same pointer in two snapshots says that nothing in it
// changed in between. It is never nil; chunks without anything in them may all be
// the same one.
func (t Table[T]) Chunk(i int) *Chunk[T] { return t.pages[i/pageSize].chunks[i%pageSize] }

// At returns what is in a slot, to be read only, and false where nothing is.
func (t Table[T]) At(slot int) (*T, bool) {
	if slot < 0 || slot >= t.Slots() {
		return nil, false
	}
	c, i := t.Chunk(slot/ChunkSize), slot%ChunkSize
	if !c.Alive(i) {
		return nil, false
	}
	return &c.Items[i], true
}

// Get returns what an ID names, to be read only, and false where it is gone.
func (t Table[T]) Get(id ID) (*T, bool) {
	slot := id.Slot()
	if x, ok := t.At(slot); ok && t.Chunk(slot / ChunkSize).IDs[slot%ChunkSize] == id {
		return x, true
	}
	return nil, false
}

// ID returns the ID of what is in a slot, and false where nothing is.
func (t Table[T]) ID(slot int) (ID, bool) {
	if _, ok := t.At(slot); !ok {
		return 0, false
	}
	return t.Chunk(slot / ChunkSize).IDs[slot%ChunkSize], true
}

// All yields the things in the order of their slots.
func (t Table[T]) All() func(yield func(ID, *T) bool) {
	return func(yield func(ID, *T) bool) {
		for i := range t.chunks {
			c := t.Chunk(i)
			for w, word := range c.Live {
				for ; word != 0; word &= word - 1 {
					s := w*64 + bits.TrailingZeros64(word)
					if !yield(c.IDs[s], &c.Items[s]) {
						return
					}
				}
			}
		}
	}
}

// writer is the scene's side of a table.
type writer[T any] struct {
	Table[T]
	open    []uint64 // bit a chunk: it has a free slot
	empty   *Chunk[T]
	limit   int
	scratch T // what an update works on, so that it need not be allocated
}

// forget lets go what the scratch item points to.
func (t *writer[T]) forget() { t.scratch = *new(T) }

// add puts x into the lowest free slot. There must be fewer things than the limit.
func (t *writer[T]) add(x *T, serial, epoch uint64) ID {
	c := t.firstOpen()
	ch := t.own(c, epoch)
	for w := range ch.Live {
		if free := ^ch.Live[w]; free != 0 {
			b := bits.TrailingZeros64(free)
			i := w*64 + b
			ch.Live[w] |= 1 << b
			id := ID(serial<<slotBits | uint64(c*ChunkSize+i))
			ch.IDs[i], ch.Items[i] = id, *x
			t.live++
			if ch.Len() == ChunkSize {
				t.open[c/64] &^= 1 << (c % 64)
			}
			return id
		}
	}
	panic("scene: a chunk without a free slot is marked open")
}

// firstOpen returns the first chunk with a free slot, a new one where none has.
func (t *writer[T]) firstOpen() int {
	for i, w := range t.open {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	c := t.chunks
	t.chunks++
	if c%pageSize == 0 {
		// Readers hold the slice of pages too: it is theirs to read, so it is not
		// grown in place. A table has few pages.
		t.pages = append(t.pages[:len(t.pages):len(t.pages)], &page[T]{})
	}
	if c/64 == len(t.open) {
		t.open = append(t.open, 0)
	}
	t.open[c/64] |= 1 << (c % 64)
	return c
}

// own returns a chunk that may be written: itself where no snapshot has it, a copy
// in its place otherwise.
func (t *writer[T]) own(c int, epoch uint64) *Chunk[T] {
	p := t.ownPage(c/pageSize, epoch)
	ch := p.chunks[c%pageSize]
	switch {
	case ch == nil:
		ch = &Chunk[T]{}
	case ch.epoch == epoch:
		return ch
	default:
		next := *ch
		ch = &next
	}
	ch.epoch = epoch
	p.chunks[c%pageSize] = ch
	return ch
}

func (t *writer[T]) ownPage(i int, epoch uint64) *page[T] {
	p := t.pages[i]
	if p.epoch == epoch {
		return p
	}
	next := *p
	next.epoch = epoch
	t.pages = append([]*page[T](nil), t.pages...)
	t.pages[i] = &next
	return &next
}

// put puts x into a slot, whether it is in use or not; a slot that was not gets an ID
// of the serial. A table is used with put or with add, never with both.
func (t *writer[T]) put(slot int, x *T, serial, epoch uint64) {
	if t.empty == nil {
		t.empty = &Chunk[T]{}
	}
	for t.chunks <= slot/ChunkSize {
		if t.chunks%pageSize == 0 {
			t.pages = append(t.pages[:len(t.pages):len(t.pages)], &page[T]{})
		}
		t.ownPage(t.chunks/pageSize, epoch).chunks[t.chunks%pageSize] = t.empty
		t.chunks++
	}
	c, i := t.own(slot/ChunkSize, epoch), slot%ChunkSize
	if !c.Alive(i) {
		c.Live[i/64] |= 1 << (i % 64)
		c.IDs[i] = ID(serial<<slotBits | uint64(slot))
		t.live++
	}
	c.Items[i] = *x
}

// set puts x in the place of what id names, which must be there.
func (t *writer[T]) set(id ID, x *T, epoch uint64) {
	slot := id.Slot()
	t.own(slot/ChunkSize, epoch).Items[slot%ChunkSize] = *x
}

// remove frees the slot of id, which must be in use.
func (t *writer[T]) remove(id ID, epoch uint64) {
	slot := id.Slot()
	c, i := slot/ChunkSize, slot%ChunkSize
	t.live--
	t.open[c/64] |= 1 << (c % 64)
	if t.Chunk(c).Len() == 1 {
		// The memory of a chunk without anything in it goes back: a scene that once was
		// large does not stay so.
		if t.empty == nil {
			t.empty = &Chunk[T]{}
		}
		t.ownPage(c/pageSize, epoch).chunks[c%pageSize] = t.empty
		return
	}
	ch := t.own(c, epoch)
	ch.Live[i/64] &^= 1 << (i % 64)
	ch.IDs[i] = 0
	ch.Items[i] = *new(T) // so that what it pointed to is not kept
}
