package atlas

import (
	"fmt"
	"sync/atomic"
	"testing"

	"hearth/term/glyph"
	"hearth/term/msdf"
)

// sized reads an atlas of one worker whose pictures are blank, and as large as their text
// says: "WIDTHxHEIGHT", in colour behind a c, with anything after a space.
func sized(t testing.TB, o Options) *reader {
	o.Workers = 1
	r := read(t, o)
	r.a.draw = func(_ *msdf.Generator, text string, _ glyph.Style, _ int) made {
		var w, h int
		color := text[0] == 'c'
		if color {
			text = text[1:]
		}
		if _, err := fmt.Sscanf(text, "%dx%d", &w, &h); err != nil {
			t.Error(err)
		}
		return blankMade(w, h, color)
	}
	return r
}

func blankMade(w, h int, color bool) made {
	m := made{Tile{W: w, H: h, Color: color}, Glyph{W: uint16(w), H: uint16(h), Right: 1, Top: 1, Color: color}}
	for i := range m.tile.Levels {
		m.tile.Levels[i] = make([]byte, 4*(w>>i)*(h>>i))
	}
	return m
}

func (r *reader) acquire(text string) Handle {
	r.t.Helper()
	h := r.a.Acquire([]byte(text), 0, 1)
	r.settle()
	return h
}

func (r *reader) settle() {
	r.t.Helper()
	r.until("nothing waits", func() bool { return r.a.Stats().Waiting == 0 })
}

func (r *reader) shown(h Handle) bool { return r.glyphs[h].Page >= 0 }

// The picture that was let go of first is thrown out first, whichever was asked for again
// between, and pictures of the other kind are left alone.
func TestOldestGoesFirst(t *testing.T) {
	r := sized(t, Options{Pages: 2, Keep: 2})
	face := r.acquire("c512x512")
	quarters := []Handle{r.acquire("512x512 a"), r.acquire("512x512 b"), r.acquire("512x512 c"), r.acquire("512x512 d")}
	r.a.Release(face)
	for _, h := range quarters {
		r.a.Release(h)
	}
	r.a.Release(r.acquire("512x512 b")) // from the middle
	r.a.Release(r.acquire("512x512 d")) // the newest but one
	for i, gone := range []string{"a", "c", "b", "d"} {
		r.acquire(fmt.Sprintf("512x512 new %d", i))
		for _, kept := range []string{"a", "c", "b", "d"}[i+1:] {
			if _, ok := r.a.clusters[cluster{"512x512 " + kept, 0, 1}]; !ok {
				t.Fatalf("%s is gone, but %s was to be the next", kept, gone)
			}
		}
		if _, ok := r.a.clusters[cluster{"512x512 " + gone, 0, 1}]; ok {
			t.Fatalf("%s is still there", gone)
		}
	}
	if h := r.acquire("c512x512"); h != face || r.a.Stats().Evicted != 4 {
		t.Error("a picture in colour was thrown out for others, for which its page has no room")
	}
}

// Behind Keep pages unused pictures go before another page is begun.
func TestKeep(t *testing.T) {
	r := sized(t, Options{Pages: 3, Keep: 1})
	for i := range 9 {
		r.a.Release(r.acquire(fmt.Sprintf("512x512 %d", i)))
	}
	if s := r.a.Stats(); s.Pages != 1 || s.Evicted != 5 {
		t.Errorf("%+v", s)
	}
}

// When all handles are known, that of the picture that was let go of first is used again.
func TestHandlesOfOldest(t *testing.T) {
	r := sized(t, Options{})
	const handles = 1000
	r.a.handles = handles
	for i := range handles {
		if h := r.a.Acquire(fmt.Appendf(nil, "8x8 %d", i), 0, 1); h == 0 {
			t.Fatalf("no handle for picture %d", i)
		}
	}
	r.settle()
	if r.a.Acquire([]byte("8x8 more"), 0, 1) != 0 {
		t.Error("there is a handle though all are in use")
	}
	for h := handles; h > 0; h-- {
		r.a.Release(Handle(h))
	}
	if h := r.a.Acquire([]byte("8x8 more"), 0, 1); h != handles {
		t.Errorf("handle %d was used again, not the one that was let go of first", h)
	}
}

// Where the first of those without room is too large for what there is, a later one that
// fits has it.
func TestSmallerFits(t *testing.T) {
	r := sized(t, Options{Pages: 1, Keep: 1})
	small := r.acquire("256x256 in use")
	var rows []Handle
	for i := range 3 {
		rows = append(rows, r.acquire(fmt.Sprintf("1024x256 %d", i)))
	}
	r.acquire("768x256") // the page is full
	large, fits := r.acquire("1024x512 waits"), r.acquire("256x256 waits")
	if r.shown(large) || r.shown(fits) {
		t.Fatal("a full page has room")
	}
	r.a.Release(small)
	r.settle()
	if !r.shown(fits) || r.shown(large) {
		t.Errorf("the small one is shown: %v, the large one: %v", r.shown(fits), r.shown(large))
	}
	r.a.Release(rows[0])
	r.a.Release(rows[1])
	r.settle()
	if !r.shown(large) {
		t.Error("the large one is not shown when there is room for it")
	}
}

// What is made for somebody who had no room may be of another size than it was, of
// nothing, or for nobody any more: the room that was kept is not lost.
func TestKeptRoom(t *testing.T) {
	for _, c := range []struct {
		name    string
		w, h    int
		release bool
	}{{"smaller", 504, 512, false}, {"larger", 1024, 1024, false}, {"nothing", 0, 0, false}, {"for nobody", 512, 512, true}} {
		t.Run(c.name, func(t *testing.T) {
			r := sized(t, Options{Pages: 1, Keep: 1})
			gate, plain := make(chan struct{}), r.a.draw
			var again atomic.Bool
			r.a.draw = func(g *msdf.Generator, text string, s glyph.Style, n int) made {
				if again.Load() && text == "512x512 waits" {
					<-gate
					if c.w == 0 {
						return made{}
					}
					return blankMade(c.w, c.h, false)
				}
				return plain(g, text, s, n)
			}
			var held []Handle
			for i := range 4 {
				held = append(held, r.acquire(fmt.Sprintf("512x512 %d", i)))
			}
			waits, next := r.acquire("512x512 waits"), r.acquire("504x504 next")
			again.Store(true)
			r.a.Release(held[0])
			if c.release {
				r.a.Release(waits)
			}
			close(gate)
			r.settle()
			if want := c.w == 504; r.shown(waits) != want {
				t.Errorf("it is shown: %v", r.shown(waits))
			}
			if want := c.w != 504; r.shown(next) != want {
				t.Errorf("who waits behind it is shown: %v", r.shown(next))
			}
			// All of the page is there again when nobody uses it.
			for _, h := range append(held[1:], waits, next) {
				if h != waits || !c.release {
					r.a.Release(h)
				}
			}
			r.settle()
			if h := r.acquire("1024x1024"); !r.shown(h) {
				t.Errorf("a page that nobody uses has no room: %+v", r.a.Stats())
			}
		})
	}
}

// Whoever lets go before the picture is made leaves one that is thrown out when its room
// is needed, or, if it found none, nothing.
func TestLetGoEarly(t *testing.T) {
	r := sized(t, Options{Pages: 1, Keep: 1})
	gate, plain := make(chan struct{}), r.a.draw
	began := make(chan struct{})
	r.a.draw = func(g *msdf.Generator, text string, s glyph.Style, n int) made {
		if text == "1024x1024 gated" {
			began <- struct{}{}
			<-gate
		}
		return plain(g, text, s, n)
	}
	early := func() {
		h := r.a.Acquire([]byte("1024x1024 gated"), 0, 1)
		<-began
		r.a.Release(h)
		gate <- struct{}{}
		r.settle()
	}
	early()
	h := r.acquire("1024x1024")
	if s := r.a.Stats(); !r.shown(h) || s.Evicted != 1 {
		t.Fatalf("what nobody waits for is in the way: %+v", s)
	}
	early()
	if s := r.a.Stats(); s.NoRoom != 0 || s.Unused != 0 || s.Used != 1 {
		t.Errorf("a picture without room that nobody wants is kept: %+v", s)
	}
	r.a.Release(h)
	r.a.Retain(h) // too late
	if s := r.a.Stats(); s.Used != 0 {
		t.Errorf("a use is counted of what nobody uses: %+v", s)
	}
}

// Workers wait when nobody drains what they made.
func TestUndrained(t *testing.T) {
	r := sized(t, Options{})
	for i := range 2 * maxTiles {
		r.a.Acquire(fmt.Appendf(nil, "8x8 %d", i), 0, 1)
	}
	for r.a.Stats().Made < maxTiles {
		<-r.a.Changed()
	}
	r.a.mu.Lock()
	n := len(r.a.tiles)
	r.a.mu.Unlock()
	if n != maxTiles {
		t.Errorf("%d tiles wait to be drained", n)
	}
	r.settle()
	if s := r.a.Stats(); s.Made != 2*maxTiles {
		t.Errorf("%+v", s)
	}
}

// Low tiles do not lie on shelves of high ones, and a new shelf is cut from the room that
// it wastes least of.
func TestShelves(t *testing.T) {
	p := newPage(false)
	put := func(w, h, wantY int) spot {
		t.Helper()
		x, y, ok := p.place(w, h)
		if !ok || y != wantY {
			t.Fatalf("%d by %d lies at %d, %d (%v), want it %d down", w, h, x, y, ok, wantY)
		}
		return spot{0, x, y, w, h}
	}
	put(64, 128, 0)
	put(64, 120, 0) // a step less is on it
	put(64, 112, 128)
	high := put(64, 256, 240)
	put(64, 64, 496)
	low := put(64, 32, 560)
	put(64, 96, 592)
	p.remove(high)
	p.remove(low)
	put(64, 24, 560) // not in the room for 256
	put(64, 200, 240)
}
