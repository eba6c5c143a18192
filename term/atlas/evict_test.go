package atlas

import (
	"fmt"
	"testing"

	"hearth/term/glyph"
	"hearth/term/msdf"
)

// quick reads an atlas whose pictures are blank, so that pages fill in no time: 7 by 8 of
// them on each.
func quick(t testing.TB, o Options) *reader {
	r := read(t, o)
	r.a.draw = func(_ *msdf.Generator, text string, _ glyph.Style, _ int) made {
		const w, h = 136, 128
		m := made{Tile{W: w, H: h}, Glyph{W: w, H: h, Right: 1, Top: 1}}
		for i := range m.tile.Levels {
			m.tile.Levels[i] = make([]byte, 4*(w>>i)*(h>>i))
		}
		return m
	}
	return r
}

// What somebody uses stays where it is; what nobody uses makes room, the least recently
// used first; and when all is in use, who comes last gets a picture once there is room.
func TestEviction(t *testing.T) {
	r := quick(t, Options{Pages: 1, Keep: 1})
	var held []Handle
	for i := range 20 {
		held = append(held, r.a.Acquire(han(i), 0, 2))
	}
	settled := func() bool { return r.a.Stats().Waiting == 0 }
	r.until("nothing waits", settled)
	before := map[Handle]Glyph{}
	for _, h := range held {
		if before[h] = r.glyphs[h]; before[h].Page != 0 {
			t.Fatalf("handle %d is at %+v", h, before[h])
		}
	}
	last := r.a.Acquire(han(1000), 0, 2)
	r.until("nothing waits", settled)
	r.a.Release(last)
	for i := 100; i < 160; i++ {
		h := r.a.Acquire(han(i), 0, 2)
		r.until("a picture", func() bool { return r.glyphs[h].Page == 0 && settled() })
		r.a.Release(h)
	}
	if s := r.a.Stats(); s.Evicted == 0 || s.Pages != 1 || s.Used != len(held) {
		t.Errorf("%+v", s)
	}
	if hits := r.a.Stats().Misses; r.a.Acquire(han(159), 0, 2) == 0 || r.a.Stats().Misses != hits {
		t.Error("the most recently used picture was thrown out")
	}
	if misses := r.a.Stats().Misses; r.a.Acquire(han(1000), 0, 2) == 0 || r.a.Stats().Misses != misses+1 {
		t.Error("the least recently used picture was kept")
	}
	for _, h := range held {
		if r.glyphs[h] != before[h] {
			t.Errorf("handle %d moved from %+v to %+v while it was in use", h, before[h], r.glyphs[h])
		}
	}
	// All of the page in use.
	for i := 200; r.a.Stats().NoRoom == 0; i++ {
		held = append(held, r.a.Acquire(han(i), 0, 2))
		r.until("nothing waits", settled)
	}
	starving := held[len(held)-1]
	if r.glyphs[starving].Page != -1 {
		t.Errorf("without room it is %+v", r.glyphs[starving])
	}
	r.a.Release(held[0])
	r.until("a picture for who had no room", func() bool { return r.glyphs[starving].Page == 0 })
}

// Those without room are made again when there is some, and no more of them than it holds;
// room that is kept for one that nobody wants any more goes to another.
func TestStarved(t *testing.T) {
	r := quick(t, Options{Pages: 1, Keep: 1, Workers: 1})
	settled := func() bool { return r.a.Stats().Waiting == 0 }
	var held []Handle
	for i := 0; r.a.Stats().NoRoom < 30; i++ {
		held = append(held, r.a.Acquire(han(i), 0, 2))
		r.until("nothing waits", settled)
	}
	shows := func() (n int) {
		for _, h := range held {
			if r.glyphs[h].Page == 0 {
				n++
			}
		}
		return n
	}
	room, before := shows(), r.a.Stats().Made
	for i := range 10 {
		r.a.Release(held[i])
		r.until("nothing waits", settled)
	}
	if s := r.a.Stats(); s.Made > before+11 || s.NoRoom > 21 {
		t.Errorf("for room for 10 pictures %d were made, %d have none: %+v", s.Made-before, s.NoRoom, s)
	}
	// A crowd that comes and goes where there is no room leaves nothing behind.
	for i := range 100 {
		h := r.a.Acquire(han(2000+i), 0, 2)
		r.until("nothing waits", settled)
		r.a.Release(h)
	}
	if n := len(r.a.starved); n > 60 {
		t.Errorf("%d handles wait for room, of which %d are in use", n, r.a.Stats().NoRoom)
	}
	// All go at once, those too for which room is kept just now.
	for _, h := range held[10:] {
		r.a.Release(h)
	}
	r.until("nothing waits", settled)
	if s := r.a.Stats(); s.NoRoom != 0 || s.Used != 0 {
		t.Errorf("%+v", s)
	}
	held = held[:0]
	for i := range room {
		held = append(held, r.a.Acquire(han(i), 0, 2))
	}
	r.until("as many pictures as before", func() bool { return settled() && shows() >= room-1 })
}

// More pages are begun before anything is thrown out, up to Keep, and when all is in use.
func TestPages(t *testing.T) {
	r := quick(t, Options{Pages: 3, Keep: 2})
	settled := func() bool { return r.a.Stats().Waiting == 0 }
	var held []Handle
	for i := 0; r.a.Stats().Pages < 3; i++ {
		held = append(held, r.a.Acquire(han(i), 0, 2))
		r.until("nothing waits", settled)
	}
	if s := r.a.Stats(); s.Evicted != 0 || s.NoRoom != 0 {
		t.Errorf("%+v", s)
	}
	for _, h := range held {
		r.a.Release(h)
	}
	if s := r.a.Stats(); s.Unused != len(held) || s.Used != 0 {
		t.Errorf("%+v", s)
	}
}

// A handle of what nobody uses is used again, and blank until then.
func TestHandles(t *testing.T) {
	r := read(t, Options{Workers: 1})
	seen := map[Handle]bool{}
	for i := range MaxHandles + 5000 {
		h := r.a.Acquire(fmt.Appendf(nil, "\u0301%d", i), 0, 1)
		if h == 0 {
			break // those that workers have yet to forget are in the way
		}
		if int(h) > MaxHandles {
			t.Fatalf("handle %d", h)
		}
		seen[h] = true
		r.a.Release(h)
		if i%4096 == 0 {
			r.drain()
		}
	}
	r.until("nothing waits", func() bool { return r.a.Stats().Waiting == 0 })
	if h := r.a.Acquire([]byte("x"), 0, 1); h == 0 || len(seen) == 0 {
		t.Errorf("no handle when nobody uses any: %+v", r.a.Stats())
	}
	r.a.Release(0)
	r.a.Release(1 << 30)
	r.a.Retain(1 << 30)
}
