package atlas

import (
	"testing"

	"pgregory.net/rapid"
)

// Tiles never overlap, lie on the page and are aligned, whatever comes and goes; and a
// page that is empty again is as a new one.
func TestPacking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPage(false)
		var tiles []spot
		size := rapid.IntRange(1, 20)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(tiles) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				i := rapid.IntRange(0, len(tiles)-1).Draw(t, "which")
				p.remove(tiles[i])
				tiles = append(tiles[:i], tiles[i+1:]...)
				continue
			}
			w, h := Align*size.Draw(t, "w"), Align*size.Draw(t, "h")
			x, y, ok := p.place(w, h)
			if !ok {
				continue
			}
			at := spot{0, x, y, w, h}
			if x%Align != 0 || y%Align != 0 || x < 0 || y < 0 || x+w > PageSide || y+h > PageSide {
				t.Fatalf("a tile at %+v", at)
			}
			for _, o := range tiles {
				if x < o.x+o.w && o.x < x+w && y < o.y+o.h && o.y < y+h {
					t.Fatalf("%+v overlaps %+v", at, o)
				}
			}
			tiles = append(tiles, at)
		}
		for _, at := range tiles {
			p.remove(at)
		}
		if len(p.shelves) != 1 || p.shelves[0].h != PageSide || len(p.shelves[0].gaps) != 1 || p.shelves[0].gaps[0].w != PageSide {
			t.Fatalf("an empty page is %+v", p.shelves)
		}
	})
}

// A page takes as many tiles of one size as fit into it, and a tile as large as it.
func TestPackingFull(t *testing.T) {
	p := newPage(false)
	n := 0
	for {
		if _, _, ok := p.place(64, 96); !ok {
			break
		}
		n++
	}
	if want := (PageSide / 64) * (PageSide / 96); n != want {
		t.Errorf("%d tiles on a page, want %d", n, want)
	}
	if _, _, ok := newPage(false).place(PageSide, PageSide); !ok {
		t.Error("a page has no room for one as large")
	}
	if _, _, ok := newPage(false).place(PageSide+Align, Align); ok {
		t.Error("a page has room for a larger one")
	}
}
