package scene_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/scene"
)

func rows(columns, n int) [][]scene.GridCell {
	out := make([][]scene.GridCell, n)
	for i := range out {
		out[i] = make([]scene.GridCell, columns)
	}
	return out
}

// A grid that cannot be drawn is refused, by the kind of what is wrong with it, and
// leaves the scene as it was.
func TestGridRefusals(t *testing.T) {
	s := scene.New(scene.Limits{Cells: 20_000})
	g := scene.NewGrid(8, 4)
	g.Lines = rows(8, 4)
	id, err := s.AddGrid(g)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Snapshot()
	try := func(f func(*scene.Grid)) error {
		x := g
		f(&x)
		_, added := s.AddGrid(x)
		err := s.UpdateGrid(id, f)
		if (added == nil) != (err == nil) {
			t.Errorf("added: %v; updated: %v", added, err)
		}
		return err
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 2e9} {
		for where, err := range map[string]error{
			"origin":      try(func(g *scene.Grid) { g.Origin[1] = bad }),
			"orientation": try(func(g *scene.Grid) { g.Orientation.W = bad }),
			"turn":        try(func(g *scene.Grid) { g.Orientation.V[2] = bad }),
			"half size":   try(func(g *scene.Grid) { g.HalfSize[0] = bad }),
			"padding":     try(func(g *scene.Grid) { g.Padding[1] = bad }),
			"cell":        try(func(g *scene.Grid) { g.Cell[0] = bad }),
			"em":          try(func(g *scene.Grid) { g.Em = bad }),
			"baseline":    try(func(g *scene.Grid) { g.Baseline = bad }),
			"underline":   try(func(g *scene.Grid) { g.Underline = bad }),
			"thickness":   try(func(g *scene.Grid) { g.UnderlineThickness = bad }),
			"strike":      try(func(g *scene.Grid) { g.Strike = bad }),
			"opacity":     try(func(g *scene.Grid) { g.Opacity = bad }),
			"border":      try(func(g *scene.Grid) { g.BorderWidth = bad }),
			"glyph":       s.PutGlyph(1, scene.Glyph{Left: bad}),
			"glyph top":   s.PutGlyph(1, scene.Glyph{Top: bad}),
		} {
			if !errors.Is(err, scene.ErrNotFinite) {
				t.Errorf("%s %v: %v", where, bad, err)
			}
		}
	}
	for where, err := range map[string]error{
		"no turn":            try(func(g *scene.Grid) { g.Orientation = mgl32.Quat{} }),
		"negative size":      try(func(g *scene.Grid) { g.HalfSize[1] = -1 }),
		"negative padding":   try(func(g *scene.Grid) { g.Padding[0] = -1 }),
		"no columns":         try(func(g *scene.Grid) { g.Columns, g.Lines = 0, nil }),
		"negative rows":      try(func(g *scene.Grid) { g.Rows, g.Lines = -1, nil }),
		"no cell":            try(func(g *scene.Grid) { g.Cell[1] = 0 }),
		"no em":              try(func(g *scene.Grid) { g.Em = 0 }),
		"negative thickness": try(func(g *scene.Grid) { g.UnderlineThickness = -1 }),
		"negative border":    try(func(g *scene.Grid) { g.BorderWidth = -1 }),
		"opacity":            try(func(g *scene.Grid) { g.Opacity = 1.01 }),
		"cursor":             try(func(g *scene.Grid) { g.Cursor.Shape = scene.CursorBar + 1 }),
		"few lines":          try(func(g *scene.Grid) { g.Lines = rows(8, 3) }),
		"no lines":           try(func(g *scene.Grid) { g.Lines = [][]scene.GridCell{} }),
		"a short line":       try(func(g *scene.Grid) { g.Lines = append(rows(8, 3), make([]scene.GridCell, 7)) }),
		"an empty line":      try(func(g *scene.Grid) { g.Lines = append(rows(8, 3), []scene.GridCell{}) }),
		"glyph off its page": s.PutGlyph(1, scene.Glyph{X: 1000, W: 25}),
		"glyph inside out":   s.PutGlyph(1, scene.Glyph{Left: 1}),
		"glyph upside down":  s.PutGlyph(1, scene.Glyph{Bottom: 1}),
		"glyph as a house":   s.PutGlyph(1, scene.Glyph{Right: 65}),
		"glyph's page":       s.PutGlyph(1, scene.Glyph{Page: -2}),
	} {
		if _, ok := errors.AsType[*scene.ValueError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	for where, err := range map[string]error{
		"columns": try(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = scene.MaxColumns+1, 1, nil }),
		"rows":    try(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 1, scene.MaxRows+1, nil }),
		"cells":   try(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 201, 100, nil }),
		"glyph":   s.PutGlyph(1<<18, scene.Glyph{}),
		"page":    s.PutGlyph(0, scene.Glyph{Page: 64}),
	} {
		if _, ok := errors.AsType[*scene.FullError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	if s.Snapshot() != before {
		t.Error("something that was refused changed the scene")
	}
	for what, err := range map[string]error{
		"10,000 columns": try(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = scene.MaxColumns, 1, nil }),
		"a blank row":    try(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 1, 2, [][]scene.GridCell{nil, {{}}} }),
		"a cursor out":   try(func(g *scene.Grid) { g.Cursor = scene.GridCursor{Column: -5, Row: math.MaxInt, Shape: scene.CursorBar} }),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Cells take of the scene's bytes, and give them back; grids are counted; a version
// says that cells are others.
func TestGridsCount(t *testing.T) {
	s := scene.New(scene.Limits{Grids: 2, Bytes: 1000})
	g := scene.NewGrid(10, 5)
	g.Lines = rows(10, 5)
	id, err := s.AddGrid(g)
	if err != nil {
		t.Fatal(err)
	}
	full := func(what string, err error) {
		t.Helper()
		if _, ok := errors.AsType[*scene.FullError](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = s.AddGrid(g)
	full("bytes", err)
	blank := scene.NewGrid(1000, 1000)
	if _, err := s.AddGrid(blank); err != nil {
		t.Error("blank rows cost nothing: ", err)
	}
	_, err = s.AddGrid(blank)
	full("grids", err)
	version := func() uint64 {
		g, ok := s.Snapshot().Grids.Get(id)
		if !ok {
			t.Fatal("no grid")
		}
		return g.Version
	}
	for i, c := range []struct {
		f       func(*scene.Grid)
		changes bool
	}{
		{func(g *scene.Grid) { g.Version, g.Origin[0] = 99, 1 }, false},
		{func(g *scene.Grid) { g.Cursor.Column++; g.Hidden = true }, false},
		{func(g *scene.Grid) { g.Lines = slices.Clone(g.Lines) }, true},
		{func(g *scene.Grid) { g.Lines = nil }, true},
		{func(g *scene.Grid) { g.Columns++ }, true},
		{func(g *scene.Grid) { g.Rows++ }, true},
	} {
		before := version()
		if err := s.UpdateGrid(id, c.f); err != nil {
			t.Fatal(err)
		}
		if (version() != before) != c.changes {
			t.Errorf("change %d: version %d behind %d", i, version(), before)
		}
	}
	if err := s.UpdateGrid(id, func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 62, 1, rows(62, 1) }); err != nil {
		t.Error("what became blank makes room: ", err)
	}
	if err := s.RemoveGrid(id); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveGrid(id); !errors.Is(err, scene.ErrNoThing) {
		t.Error(err)
	}
	if id, err = s.AddGrid(g); err != nil {
		t.Error("what was removed makes room: ", err)
	}
}

// square is a tile whose texels are all v.
func square(x, y, side int, v byte) scene.Tile {
	t := scene.Tile{X: x, Y: y, W: side, H: side}
	for i := range t.Levels {
		b := make([]byte, 4*(side>>i)*(side>>i))
		for k := range b {
			b[k] = v
		}
		t.Levels[i] = b
	}
	return t
}

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

// Snapshots stay as they were while grids, glyphs and pages change: the race detector
// sees who writes to what was handed out.
func TestTextUnderConcurrentChanges(t *testing.T) {
	s := scene.New(scene.Limits{})
	id, err := s.AddGrid(scene.NewGrid(4, 3))
	if err != nil {
		t.Fatal(err)
	}
	var writers, reader sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range 600 {
				v := byte(i)
				err := errors.Join(s.PutTile(w, false, square(8*(i%7), 8*(i%5), 8+8*(i%3), v)),
					s.PutGlyph(uint32(i%300), scene.Glyph{Page: int32(w), X: uint16(v), W: uint16(v), Right: 1, Top: 1}),
					s.UpdateGrid(id, func(g *scene.Grid) {
						g.Lines = rows(4, 3)
						g.Lines[i%3][0] = scene.GridCell{Glyph: uint32(i), FG: uint32(i)}
					}))
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	sum := func(p *scene.Snapshot) (n int) {
		for i := range p.Pages {
			for k := range p.Pages[i].Tiles {
				n += int(p.Pages[i].Tiles[k].Levels[0][0])
			}
		}
		for _, g := range p.Glyphs.All() {
			if g.X != g.W {
				t.Error("half of a glyph")
			}
			n += int(g.X)
		}
		for _, g := range p.Grids.All() {
			for _, line := range g.Lines {
				n += int(line[0].Glyph)
				if line[0].Glyph != line[0].FG {
					t.Error("half of a row")
				}
			}
		}
		return n
	}
	reader.Go(func() {
		var kept []*scene.Snapshot
		var sums []int
		for going := true; going; {
			select {
			case <-done:
				going = false
			default:
			}
			p := s.Snapshot()
			kept, sums = append(kept, p), append(sums, sum(p))
			if len(kept) > 20 {
				kept, sums = kept[1:], sums[1:]
			}
		}
		for i, p := range kept {
			if got := sum(p); got != sums[i] {
				t.Errorf("snapshot %d was worth %d and is %d", p.Version, sums[i], got)
			}
		}
	})
	writers.Wait()
	close(done)
	reader.Wait()
}
