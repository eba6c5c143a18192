package scene_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"hearth/vk/scene"
)

// Tiles that do not fit their page, or have other texels than their size says, are
// refused, and so are more than the scene holds.
func TestTileRefusals(t *testing.T) {
	s := scene.New(scene.Limits{Pages: 2, Bytes: 20_000})
	if err := s.PutTile(0, false, square(0, 0, 16, 1)); err != nil {
		t.Fatal(err)
	}
	before := s.Snapshot()
	short := square(0, 0, 16, 1)
	short.Levels[3] = short.Levels[3][:15]
	none := square(0, 0, 16, 1)
	none.Levels[1] = nil
	for where, err := range map[string]error{
		"page":         s.PutTile(-1, false, square(0, 0, 16, 1)),
		"kind":         s.PutTile(0, true, square(0, 0, 16, 1)),
		"off the page": s.PutTile(0, false, square(1016, 0, 16, 1)),
		"before it":    s.PutTile(0, false, square(-8, 0, 16, 1)),
		"crooked":      s.PutTile(0, false, square(4, 0, 16, 1)),
		"odd":          s.PutTile(0, false, square(0, 0, 12, 1)),
		"no size":      s.PutTile(0, false, scene.Tile{}),
		"huge":         s.PutTile(0, false, scene.Tile{X: 8, W: math.MaxInt &^ 7, H: 8}),
		"short":        s.PutTile(0, false, short),
		"no level":     s.PutTile(0, false, none),
	} {
		if _, ok := errors.AsType[*scene.ValueError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	for where, err := range map[string]error{
		"pages": s.PutTile(2, false, square(0, 0, 16, 1)),
		"bytes": s.PutTile(0, false, square(0, 0, 64, 1)),
	} {
		if _, ok := errors.AsType[*scene.FullError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	if s.Snapshot() != before {
		t.Error("something that was refused changed the scene")
	}
	if err := s.PutTile(1, true, square(0, 0, 16, 1)); err != nil {
		t.Error(err)
	}
	// What is hidden makes room.
	for range 100 {
		if err := s.PutTile(0, false, square(0, 0, 32, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// A reader that takes what is new of each page, and all of it again with another
// epoch, has the page that is made by laying all tiles down in order; whatever it read
// before stays; and the log stays short, whose bytes count for as long as it has them.
func TestTilesAreALog(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s := scene.New(scene.Limits{Bytes: 12 << 20})
	const side = scene.GlyphSide / scene.GlyphAlign
	type picture [side][side]byte
	var want, have [3]picture
	var epochs [3]uint64
	var taken [3]int
	lay := func(p *picture, t *scene.Tile) {
		for y := t.Y / 8; y < (t.Y+t.H)/8; y++ {
			for x := t.X / 8; x < (t.X+t.W)/8; x++ {
				p[y][x] = t.Levels[0][0]
			}
		}
	}
	longest, told, went := 0, 0, 0
	for i := range 4000 {
		page, n := r.IntN(3), 8*(1+r.IntN(6))
		tile := square(8*r.IntN(20), 8*r.IntN(20), n, byte(r.IntN(256)))
		if err := s.PutTile(page, page == 2, tile); err != nil {
			t.Fatal(i, err)
		}
		lay(&want[page], &tile)
		// At times every tile is read, at others few are.
		if r.IntN(1+50*(i/500%2)) > 0 && i < 3999 {
			continue
		}
		snap := s.Snapshot()
		for k := range snap.Pages {
			p := &snap.Pages[k]
			if p.Color != (k == 2) {
				t.Fatalf("page %d has another kind", k)
			}
			longest = max(longest, len(p.Tiles))
			switch {
			case p.Epoch == epochs[k]:
			case p.Epoch == epochs[k]+1 && p.Was == taken[k]:
				epochs[k], taken[k] = p.Epoch, p.Kept
				went++
			default:
				have[k] = picture{}
				epochs[k], taken[k] = p.Epoch, 0
				told++
			}
			for ; taken[k] < len(p.Tiles); taken[k]++ {
				lay(&have[k], &p.Tiles[taken[k]])
			}
		}
		if have != want {
			t.Fatalf("behind %d tiles a reader has another page", i+1)
		}
	}
	// No more than 25 by 25 squares are ever seen, of 625 tiles at most.
	if longest > 2*625+64 || told == 0 || went == 0 {
		t.Errorf("a log held %d tiles, was told again %d times, and went on %d times", longest, told, went)
	}
}

// A handle names what it was last given; what a snapshot has stays; a gap names nothing.
func TestGlyphTable(t *testing.T) {
	s := scene.New(scene.Limits{})
	a, b := scene.Glyph{Page: 1, W: 8, H: 8, Right: 1, Top: 1}, scene.Glyph{Page: -1}
	for _, h := range []uint32{1, 5, 100_000} {
		if err := s.PutGlyph(h, a); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Snapshot()
	if err := s.PutGlyph(5, a); err != nil || s.Snapshot() != before {
		t.Errorf("the same glyph once more: %v, or another snapshot", err)
	}
	if err := s.PutGlyph(5, b); err != nil {
		t.Fatal(err)
	}
	after := s.Snapshot()
	if after.Glyphs.Len() != 3 {
		t.Errorf("%d glyphs", after.Glyphs.Len())
	}
	for _, c := range []struct {
		snap *scene.Snapshot
		h    int
		want scene.Glyph
		ok   bool
	}{{before, 5, a, true}, {after, 5, b, true}, {after, 1, a, true}, {after, 100_000, a, true}, {after, 0, a, false}, {after, 50_000, a, false}, {after, 100_001, a, false}} {
		g, ok := c.snap.Glyphs.At(c.h)
		if ok != c.ok || ok && *g != c.want {
			t.Errorf("handle %d is %v %v, want %v %v", c.h, g, ok, c.want, c.ok)
		}
	}
	for i := range after.Glyphs.Chunks() {
		if changed := before.Glyphs.Chunk(i) != after.Glyphs.Chunk(i); changed != (i == 0) {
			t.Errorf("chunk %d: another pointer: %v", i, changed)
		}
	}
	id, ok := after.Glyphs.ID(5)
	if was, _ := before.Glyphs.ID(5); !ok || was != id || id.Slot() != 5 {
		t.Errorf("glyph 5 has the ID %d behind %d", id, was)
	}
	if _, ok := after.Glyphs.ID(6); ok {
		t.Error("a gap has an ID")
	}
}

// BenchmarkGridAndSnapshot gives a grid of 80x24 other rows and takes a snapshot.
func BenchmarkGridAndSnapshot(b *testing.B) {
	s := scene.New(scene.Limits{})
	id, err := s.AddGrid(scene.NewGrid(80, 24))
	if err != nil {
		b.Fatal(err)
	}
	lines := [2][][]scene.GridCell{rows(80, 24), rows(80, 24)}
	i := 0
	put := func(g *scene.Grid) { g.Lines = lines[i%2] }
	b.ReportAllocs()
	for b.Loop() {
		if err := s.UpdateGrid(id, put); err != nil {
			b.Fatal(err)
		}
		s.Snapshot()
		i++
	}
}

// BenchmarkPutTile lays the tiles of a page over and over.
func BenchmarkPutTile(b *testing.B) {
	s := scene.New(scene.Limits{})
	tile := square(0, 0, 32, 1)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		tile.X, tile.Y = i%32*32, i/32%32*32
		if err := s.PutTile(0, false, tile); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
