package draw

import (
	"math/bits"
	"unsafe"
)

// dirtyShift makes pages of 64 entries: the unit of what is sent to the device
// again. A few kilobytes: one object that moves costs little, and many cost few
// copies.
const dirtyShift = 6

// table mirrors an array on the device and knows which pages of it changed.
type table[T any] struct {
	all   []T
	dirty []uint64 // bit a page
	any   bool
}

func (t *table[T]) grow(n int) {
	for len(t.all) < n {
		t.all = append(t.all, *new(T))
		if pages := (len(t.all)-1)>>dirtyShift + 1; (pages+63)/64 > len(t.dirty) {
			t.dirty = append(t.dirty, 0)
		}
	}
}

func (t *table[T]) set(i int, v T) {
	t.all[i] = v
	p := i >> dirtyShift
	t.dirty[p/64] |= 1 << (p % 64)
	t.any = true
}

// touch marks everything: the device's array is a new one.
func (t *table[T]) touch() {
	pages := (len(t.all) + 1<<dirtyShift - 1) >> dirtyShift
	for p := range pages {
		t.dirty[p/64] |= 1 << (p % 64)
	}
	t.any = t.any || pages > 0
}

// changes calls f with runs of bytes that changed, and where they begin, until f
// refuses; what was refused stays dirty.
func (t *table[T]) changes(f func(offset int, data []byte) error) error {
	if !t.any {
		return nil
	}
	size := int(unsafe.Sizeof(*new(T)))
	pages := (len(t.all) + 1<<dirtyShift - 1) >> dirtyShift
	for p := 0; p < pages; {
		w := t.dirty[p/64] >> (p % 64)
		if w == 0 {
			p = (p/64 + 1) * 64
			continue
		}
		p += bits.TrailingZeros64(w)
		end := p
		for end < pages && t.dirty[end/64]>>(end%64)&1 != 0 {
			end++
		}
		from, to := p<<dirtyShift, min(end<<dirtyShift, len(t.all))
		if err := f(from*size, unsafe.Slice((*byte)(unsafe.Pointer(&t.all[from])), (to-from)*size)); err != nil {
			return err
		}
		for ; p < end; p++ {
			t.dirty[p/64] &^= 1 << (p % 64)
		}
	}
	t.any = false
	return nil
}
