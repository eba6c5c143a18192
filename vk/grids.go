package vk

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// gridState is the grids of the scene on the device. Nothing of it is there before
// there is a grid.
type gridState struct {
	seen   []*scene.Chunk[scene.Grid]
	sets   map[scene.ID]*grid
	list   []*grid // shown ones
	round  uint64
	left   int // whose rows wait for another frame
	sent   int // bytes of this frame
	cells  cellStore
	glyphs glyphTable
	pages  pageStore
	quad   *mem.Buffer // that picks draw
	warned bool        // that something is not shown was said
}

// grid is a grid on the device.
type grid struct {
	id            scene.ID
	version       uint64
	columns, rows int
	cells         mem.Range
	// sent is what the rows on the device were copied from: the first cell, nil for a
	// blank row, or unsent.
	sent   []*scene.GridCell
	whole  bool // all rows have been sent
	record pass.TextGrid
	round  uint64
}

// unsent stands for a row that is not on the device.
var unsent = new(scene.GridCell)

// syncGrids takes over what changed of grids and glyphs, and records its uploads.
func (r *Renderer) syncGrids(fr *device.Frame, s *scene.Snapshot) error {
	g := &r.grids
	g.sent = 0
	if s.Grids.Len() == 0 {
		if g.sets != nil { // a scene that had text does not keep its memory
			g.close()
		}
		return nil
	}
	if g.sets == nil {
		g.sets = map[scene.ID]*grid{}
	}
	for _, f := range []func() error{
		func() error { return g.pages.sync(r, fr, s.Pages) },
		func() error { return g.glyphs.sync(r, fr, s.Glyphs, &g.pages) },
		func() error { return r.syncCells(fr, s.Grids) },
	} {
		if err := f(); errors.Is(err, mem.ErrMemory) || errors.Is(err, device.ErrFrameMemory) {
			if !g.warned { // said once: it is tried again with every frame
				r.log.Warn("some text is not shown", "why", err)
			}
			g.warned = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// syncCells takes over the grids that changed. Of their rows only those are sent that
// are other slices than before.
func (r *Renderer) syncCells(fr *device.Frame, t scene.Table[scene.Grid]) error {
	g := &r.grids
	if same(&g.seen, t) {
		return nil
	}
	g.round++
	g.list, g.left = g.list[:0], 0
	budget := cellBudget
	var failed error
	for id, x := range t.All() {
		k := g.sets[id]
		if k == nil {
			k = &grid{id: id}
			g.sets[id] = k
		}
		k.round = g.round
		if k.version != x.Version {
			if err := r.fillGrid(fr, k, x, &budget); err != nil {
				failed = errors.Join(failed, err)
			} else if k.version != x.Version {
				g.left++
			}
		}
		k.place(x)
		if k.whole && !x.Hidden {
			g.list = append(g.list, k)
		}
	}
	for id, k := range g.sets {
		if k.round != g.round {
			g.cells.give(k)
			delete(g.sets, id)
		}
	}
	g.cells.flush(fr.Stream)
	g.sent += cellBudget - budget
	// Where cells moved and no room was left, some that were whole are not so any more.
	shown := len(g.list)
	g.list = slices.DeleteFunc(g.list, func(k *grid) bool { return !k.whole })
	if g.left > 0 || failed != nil || len(g.list) < shown {
		g.seen = g.seen[:0] // goes on in the next frame
	}
	return failed
}

// fillGrid sends the rows that changed, as far as the budget goes.
func (r *Renderer) fillGrid(fr *device.Frame, k *grid, x *scene.Grid, budget *int) error {
	g := &r.grids
	if k.columns != x.Columns || k.rows != x.Rows {
		g.cells.give(k)
		k.columns, k.rows, k.whole = x.Columns, x.Rows, false
		k.sent = slices.Grow(k.sent[:0], x.Rows)[:x.Rows]
	}
	if k.cells.Count == 0 {
		if err := g.cells.take(r, fr, k); err != nil {
			return err
		}
		for i := range k.sent {
			k.sent[i] = unsent
		}
	}
	row := func(i int) []scene.GridCell {
		if x.Lines == nil {
			return nil
		}
		return x.Lines[i]
	}
	width := x.Columns * pass.TextCellSize
	for i := 0; i < x.Rows; {
		if k.sent[i] == unsafe.SliceData(row(i)) {
			i++
			continue
		}
		if *budget <= 0 {
			return nil
		}
		// Rows that changed and lie side by side go together.
		n := 1
		for i+n < x.Rows && n*width < *budget && k.sent[i+n] != unsafe.SliceData(row(i+n)) {
			n++
		}
		s, err := fr.Alloc(n*width, pass.TextCellSize)
		if err != nil {
			return err
		}
		for j := range n {
			to, from := s.Bytes[j*width:(j+1)*width], row(i+j)
			k.sent[i+j] = unsafe.SliceData(from)
			if from == nil {
				clear(to)
			} else {
				copy(to, unsafe.Slice((*byte)(unsafe.Pointer(&from[0])), width))
			}
		}
		g.cells.copies = append(g.cells.copies, cellCopy{s, (uint64(k.cells.First) + uint64(i*x.Columns)) * pass.TextCellSize})
		*budget -= n * width
		i += n
	}
	k.whole, k.version = true, x.Version
	return nil
}

// place takes over all of a grid but its cells.
func (k *grid) place(x *scene.Grid) {
	q := x.Orientation
	cursor := &x.Cursor
	k.record = pass.TextGrid{Origin: x.Origin, Right: q.Rotate(mgl32.Vec3{x.HalfSize[0], 0, 0}), Up: q.Rotate(mgl32.Vec3{0, x.HalfSize[1], 0}),
		HalfSize: x.HalfSize, Padding: x.Padding, Cell: x.Cell, Em: x.Em, Baseline: x.Baseline,
		Underline: x.Underline, Strike: x.Strike, Thickness: x.UnderlineThickness, Border: x.BorderWidth, Opacity: x.Opacity,
		Columns: uint32(k.columns), Rows: uint32(k.rows), FirstCell: k.cells.First,
		Paper: x.Background, Frame: x.Border, Cursor: cursor.Color, Cursed: cursor.Text}
	if cursor.Shape != scene.CursorNone && cursor.Column >= 0 && cursor.Column < k.columns && cursor.Row >= 0 && cursor.Row < k.rows {
		k.record.CursorColumn, k.record.CursorRow, k.record.CursorShape, k.record.CursorColumnSpan = int32(cursor.Column), int32(cursor.Row), int32(cursor.Shape), 1
		if cursor.Wide {
			k.record.CursorColumnSpan = 2
		}
	}
}

// close gives everything back.
func (g *gridState) close() {
	g.cells.close()
	g.glyphs.buffer.Close()
	g.pages.image.Close()
	g.quad.Close()
	*g = gridState{}
}

// flat is something flat in the space: a canvas or a grid.
type flat struct {
	canvas *canvas
	grid   *grid
	depth  float32
	order  int
}

// recordFlat draws canvases and grids from back to front.
func (r *Renderer) recordFlat(s *raw.Stream) error {
	f, g := &r.now, &r.grids
	view := f.camera.View.Row(2)
	all := r.flats[:0]
	for _, k := range r.canvases.list {
		all = append(all, flat{canvas: k, depth: -view.Dot(k.draw.Origin.Vec4(1))})
	}
	grids := 0
	if g.cells.buffer != nil && g.glyphs.buffer != nil && g.pages.image != nil {
		for _, k := range g.list {
			all = append(all, flat{grid: k, depth: -view.Dot(k.record.Origin.Vec4(1))})
			grids++
		}
	}
	r.flats = all
	if len(all) == 0 {
		return nil
	}
	for i := range all {
		all[i].order = i
	}
	slices.SortFunc(all, func(a, b flat) int { return cmp.Or(cmp.Compare(b.depth, a.depth), cmp.Compare(a.order, b.order)) })
	text := pass.TextInput{Frame: f.number, ViewProjection: f.combined, Brightness: f.asTheyAre(), Time: float32(f.time.Seconds() - float64(int64(f.time.Seconds()))),
		Cells: g.cells.all(), Glyphs: g.glyphs.all(), GlyphCount: uint32(g.glyphs.count), Width: f.plan.key.width, Height: f.plan.key.height}
	var records device.Slice
	if grids > 0 {
		var err error
		if records, err = f.frame.Alloc(grids*pass.TextGridSize, 0); err != nil {
			return err
		}
		text.Grids = pass.Range{Buffer: records.Buffer, Offset: records.Offset, Size: uint64(len(records.Bytes))}
		text.Pages = g.pages.image.View
	}
	for i := 0; i < len(all); {
		// As many of a kind as follow each other are drawn at once.
		n := i
		if all[i].canvas != nil {
			r.canvases.draws = r.canvases.draws[:0]
			for ; n < len(all) && all[n].canvas != nil; n++ {
				r.canvases.draws = append(r.canvases.draws, all[n].canvas.draw)
			}
			if err := r.recordCanvases(s); err != nil {
				return err
			}
		} else {
			text.First += text.Count
			for ; n < len(all) && all[n].grid != nil; n++ {
				all[n].grid.record.Put(records.Bytes[(int(text.First)+n-i)*pass.TextGridSize:])
			}
			text.Count = uint32(n - i)
			if err := r.text.Record(s, text); err != nil {
				return err
			}
		}
		i = n
	}
	return nil
}
