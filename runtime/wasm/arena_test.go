package wasm

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"hearth/journal/space"
)

func testImage(t *testing.T, data []byte) *image {
	t.Helper()
	im, err := newImage(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(im.close)
	return im
}

// Whatever a guest wrote, wiping gives the image again, whether the kernel tells
// what was touched or not, and neighbours that live are left alone.
func TestWipedArenaIsTheImage(t *testing.T) {
	if ownPageMap() == nil {
		t.Log("this system has no page map: everything is compared")
	}
	some := make([]byte, wasmPage)
	copy(some[5*space.PageSize+7:], "data of the module")
	for name, data := range map[string][]byte{"zero": make([]byte, wasmPage), "data": some} {
		t.Run(name, func(t *testing.T) {
			im := testImage(t, data)
			var as arenas
			r := rand.New(rand.NewPCG(1, 2))
			var ms []*memory
			for range arenaSlots + 3 { // a second arena begins
				m, err := as.take(im, wipeByHand)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(m.all[:m.size], data) {
					t.Fatal("a new memory is not the image")
				}
				ms = append(ms, m)
			}
			if len(as.list) != 2 {
				t.Fatalf("%d arenas", len(as.list))
			}
			for range 20 {
				ended := map[*arena][]*memory{}
				for n, m := range ms {
					for range r.IntN(5) {
						m.all[r.IntN(m.size)] ^= byte(1 + r.IntN(255))
					}
					if n%3 > 0 {
						ended[m.home] = append(ended[m.home], m)
					}
				}
				var alive [][]byte
				for n := 0; n < len(ms); n += 3 {
					alive = append(alive, bytes.Clone(ms[n].all))
				}
				for a, list := range ended {
					a.wipe(list)
					for _, m := range list {
						if !bytes.Equal(m.all[:m.size], data) {
							t.Fatal("a wiped memory is not the image")
						}
					}
				}
				for n, b := range alive {
					if !bytes.Equal(ms[3*n].all, b) {
						t.Fatal("a living neighbour was changed")
					}
				}
			}
			for _, m := range ms {
				m.Free()
				m.Free() // as the engine may do
			}
			if len(as.list) != 0 {
				t.Errorf("%d arenas are left", len(as.list))
			}
		})
	}
}

// A slot that is given back comes again as the image.
func TestArenaSlotIsEmptied(t *testing.T) {
	im := testImage(t, make([]byte, wasmPage))
	var as arenas
	keep, err := as.take(im, wasmPage)
	if err != nil {
		t.Fatal(err)
	}
	m, err := as.take(im, wasmPage)
	if err != nil {
		t.Fatal(err)
	}
	slot := m.slot
	m.all[100] = 1
	m.Free()
	if m, err = as.take(im, wasmPage); err != nil || m.slot != slot || m.all[100] != 0 {
		t.Errorf("slot %d of %d: %v, %v", m.slot, slot, m.all[100], err)
	}
	m.Free()
	keep.Free()
}

// The page map says of every page that was written that it was touched.
func TestTouchedPages(t *testing.T) {
	if ownPageMap() == nil {
		t.Log("this system has no page map")
		return
	}
	region, err := reserve(arenaSlots * wasmPage)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	written := map[int]bool{}
	for range 100 {
		at := r.IntN(len(region))
		region[at] = 1
		written[at/space.PageSize] = true
	}
	m := touchedPages(region)
	if m == nil {
		t.Fatal("the page map cannot be read")
	}
	untouched := 0
	for p := range len(region) / space.PageSize {
		if written[p] && !m.has(p) {
			t.Fatalf("page %d was written, and counts as untouched", p)
		}
		if !m.has(p) {
			untouched++
		}
	}
	if untouched == 0 {
		t.Error("every page counts as touched")
	}
}
