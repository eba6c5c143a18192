package atlas

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/term/glyph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func family() *glyph.Family { return glyph.NewFamily(glyph.FamilyOptions{NoSystem: true}) }

// reader keeps what an atlas hands out, as a screen does.
type reader struct {
	t      testing.TB
	a      *Atlas
	glyphs map[Handle]Glyph
	pages  map[int]map[[2]int]Tile
}

func read(t testing.TB, o Options) *reader {
	a := New(family(), o)
	t.Cleanup(a.Close)
	return &reader{t: t, a: a, glyphs: map[Handle]Glyph{}, pages: map[int]map[[2]int]Tile{}}
}

func (r *reader) drain() {
	r.a.Drain(func(t Tile) {
		if r.pages[t.Page] == nil {
			r.pages[t.Page] = map[[2]int]Tile{}
		}
		for at, old := range r.pages[t.Page] {
			if at[0] < t.X+t.W && t.X < at[0]+old.W && at[1] < t.Y+t.H && t.Y < at[1]+old.H {
				delete(r.pages[t.Page], at)
			}
		}
		r.pages[t.Page][[2]int{t.X, t.Y}] = t
	}, func(h Handle, g Glyph) {
		if g.Page >= 0 {
			tile, ok := r.pages[int(g.Page)][[2]int{int(g.X), int(g.Y)}]
			if !ok || int(g.W) > tile.W || int(g.H) > tile.H || g.Color != tile.Color {
				r.t.Errorf("handle %d: no tile was told of for %+v", h, g)
			}
		}
		r.glyphs[h] = g
	})
}

// until drains as long as something is missing.
func (r *reader) until(what string, done func() bool) {
	r.t.Helper()
	limit := time.After(time.Minute)
	for {
		r.drain()
		if done() {
			r.drain() // what came since
			return
		}
		select {
		case <-r.a.Changed():
		case <-limit:
			r.t.Fatalf("still not: %s (%+v)", what, r.a.Stats())
		}
	}
}

func (r *reader) tile(text string, columns int) (Tile, Glyph) {
	r.t.Helper()
	h := r.a.Acquire([]byte(text), 0, columns)
	if h == 0 {
		r.t.Fatalf("no handle for %q", text)
	}
	r.until("a picture of "+text, func() bool { return r.glyphs[h].Page >= 0 && r.glyphs[h].W > 0 })
	g := r.glyphs[h]
	return r.pages[int(g.Page)][[2]int{int(g.X), int(g.Y)}], g
}

// A key has one handle, whose picture comes after its tile, in levels of half the size.
func TestAcquire(t *testing.T) {
	r := read(t, Options{})
	tile, g := r.tile("g", 1)
	if g.Color || tile.W%Align != 0 || tile.H%Align != 0 || tile.X%Align != 0 || tile.Y%Align != 0 {
		t.Errorf("the tile is %d,%d %dx%d of %+v", tile.X, tile.Y, tile.W, tile.H, g)
	}
	for n, l := range tile.Levels {
		if len(l) != 4*(tile.W>>n)*(tile.H>>n) {
			t.Errorf("level %d has %d bytes for %dx%d", n, len(l), tile.W, tile.H)
		}
	}
	if !(g.Left < 0.1 && g.Right > 0.4 && g.Bottom < -0.1 && g.Top > 0.4) {
		t.Errorf("g lies at %+v", g)
	}
	// A texel is 1/48 em on both sides.
	if w := float64(g.Right-g.Left) * 48; w < float64(g.W)-0.01 || w > float64(g.W)+0.01 {
		t.Errorf("%d texels are %v wide", g.W, w)
	}
	h := r.a.Acquire([]byte("g"), 0, 1)
	for _, other := range []Handle{
		r.a.Acquire([]byte("g"), glyph.Bold, 1), r.a.Acquire([]byte("g"), 0, 2),
		r.a.Acquire([]byte("h"), 0, 1), r.a.Acquire([]byte("g\u0301"), 0, 1),
	} {
		if other == h || other == 0 {
			t.Errorf("another key has handle %d, as g has %d", other, h)
		}
	}
	if again := r.a.Acquire([]byte("g\u0301"), 0, 1); again != r.a.Acquire([]byte("g\u0301"), 0, 1) {
		t.Error("a cluster has two handles")
	}
	if r.a.Acquire(nil, 0, 1) != 0 {
		t.Error("nothing has a handle")
	}
	blank := r.a.Acquire([]byte(" "), 0, 1)
	r.until("nothing waits", func() bool { return r.a.Stats().Waiting == 0 })
	if g := r.glyphs[blank]; blank == 0 || g.Page != -1 {
		t.Errorf("a space is %+v", g)
	}
}

// The border of a letter's tile is outside of the outline by more than half the range, so
// the field ends as far out as it goes.
func TestBorder(t *testing.T) {
	r := read(t, Options{})
	for _, text := range []string{"g", "W", "@", "|", "é", "_", "Ǽ"} {
		tile, _ := r.tile(text, 1)
		for y := range tile.H {
			for x := range tile.W {
				if x > 0 && y > 0 && x < tile.W-1 && y < tile.H-1 {
					continue
				}
				p := tile.Levels[0][4*(y*tile.W+x):]
				if p[3] != 0 || median(p) > 16 {
					t.Fatalf("%s: the border has %v at %d,%d", text, p[:4], x, y)
				}
			}
		}
	}
}

func median(p []byte) byte {
	return max(min(p[0], p[1]), min(max(p[0], p[1]), p[2]))
}

// Lines that join look at the edges of their cells as they do within, in the field and at
// every level of the coverage: there is neither a gap nor a bulge between two of them.
func TestJoins(t *testing.T) {
	r := read(t, Options{})
	w, h, base := family().Cell()
	for _, c := range []string{"─", "━", "═", "█", "▄", "▀", "🭶"} {
		tile, g := r.tile(c, 1)
		if near(g.Left, 0) || near(g.Right, w) || near(g.Top, base) || near(g.Bottom, base-h) {
			t.Errorf("%s: the picture is %+v, not the cell of %v by %v, %v", c, g, w, h, base)
		}
		for y := range int(g.H) {
			for x := range int(g.W) {
				p, q := tile.Levels[0][4*(y*tile.W+x):], tile.Levels[0][4*y*tile.W:]
				if median(p) != median(q) || p[3] != q[3] {
					t.Fatalf("%s: row %d has %v at %d, %v at the edge", c, y, p[:4], x, q[:4])
				}
			}
		}
		for y := range tile.H { // beside the picture is what is at its edge, for filters that look so far
			for x := range tile.W {
				p, q := tile.Levels[0][4*(y*tile.W+x):][:4], tile.Levels[0][4*(min(y, int(g.H)-1)*tile.W+min(x, int(g.W)-1)):][:4]
				if !bytes.Equal(p, q) {
					t.Fatalf("%s: beside the picture, at %d,%d, is %v, at its edge %v", c, x, y, p, q)
				}
			}
		}
		for n := 1; n < Levels; n++ {
			for y := range (int(g.H) + 1<<n - 1) >> n {
				row := tile.Levels[n][4*y*(tile.W>>n):]
				for x := range (int(g.W) + 1<<n - 1) >> n {
					if row[4*x+3] != row[3] {
						t.Fatalf("%s: level %d, row %d has %d at %d, %d at the edge", c, n, y, row[4*x+3], x, row[3])
					}
				}
			}
		}
	}
	for _, c := range []string{"│", "┃", "║", "▌", "▐"} {
		tile, g := r.tile(c, 1)
		for y := range int(g.H) {
			for x := range int(g.W) {
				p, q := tile.Levels[0][4*(y*tile.W+x):], tile.Levels[0][4*x:]
				if median(p) != median(q) || p[3] != q[3] {
					t.Fatalf("%s: column %d has %v at %d, %v at the edge", c, x, p[:4], y, q[:4])
				}
			}
		}
	}
}

func near(a float32, b float64) bool { d := float64(a) - b; return d < -1e-6 || d > 1e-6 }

// Shades cover the share of the cell that they stand for, and so do blocks.
func TestShares(t *testing.T) {
	r := read(t, Options{})
	for text, want := range map[string]float64{"░": 0.25, "▒": 0.5, "▓": 0.75, "█": 1, "▄": 0.5, "▂": 0.25, "▊": 0.75, "▚": 0.5, "🬞": 1.0 / 6} {
		tile, g := r.tile(text, 1)
		sum := 0
		for y := range int(g.H) {
			for x := range int(g.W) {
				sum += int(tile.Levels[0][4*(y*tile.W+x)+3])
			}
		}
		if got := float64(sum) / 255 / float64(int(g.W)*int(g.H)); got < want-0.01 || got > want+0.01 {
			t.Errorf("%s covers %.3f of its cell, want %.3f", text, got, want)
		}
	}
}

// han returns many characters, each with a picture of its own.
func han(i int) []byte { return []byte(string(rune(0x4E00 + i))) }

// Many take, keep and give back at the same time.
func TestConcurrent(t *testing.T) {
	r := read(t, Options{Em: 16, Pages: 2, Keep: 1})
	var done sync.WaitGroup
	for g := range 6 {
		done.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(g)))
			var mine []Handle
			for range 400 {
				h := r.a.Acquire(han(rnd.IntN(300)), glyph.Style(rnd.IntN(2)), 1+rnd.IntN(2))
				mine = append(mine, h)
				if rnd.IntN(4) == 0 {
					r.a.Retain(h)
					mine = append(mine, h)
				}
				for len(mine) > 20 {
					k := rnd.IntN(len(mine))
					r.a.Release(mine[k])
					mine = append(mine[:k], mine[k+1:]...)
				}
			}
			for _, h := range mine {
				r.a.Release(h)
			}
		})
	}
	stop := make(chan struct{})
	go func() { done.Wait(); close(stop) }()
	for open := true; open; {
		select {
		case <-stop:
			open = false
		case <-r.a.Changed():
			r.drain()
		}
	}
	r.until("nothing waits", func() bool { return r.a.Stats().Waiting == 0 })
	if s := r.a.Stats(); s.Used != 0 || s.NoRoom != 0 {
		t.Errorf("%+v", s)
	}
}

// Close ends workers that wait for room in what is drained, too.
func TestCloseUndrained(t *testing.T) {
	a := New(family(), Options{Em: 16})
	for i := range 3000 {
		a.Acquire(han(i), 0, 1)
	}
	a.Close()
}

// A known key costs no memory.
func TestAcquireAllocates(t *testing.T) {
	r := read(t, Options{})
	for _, text := range [][]byte{[]byte("x"), []byte("中"), []byte("e\u0301\u0323")} {
		keep := r.a.Acquire(text, 0, 1)
		if n := testing.AllocsPerRun(100, func() {
			r.a.Release(r.a.Acquire(text, 0, 1))
		}); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
		r.a.Release(keep)
	}
}
