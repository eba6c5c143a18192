package scene_test

import (
	"errors"
	"math"
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
