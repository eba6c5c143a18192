package vk

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// tile is a tile of one colour.
func tile(x, y, side int, texel [4]byte) scene.Tile {
	t := scene.Tile{X: x, Y: y, W: side, H: side}
	for i := range t.Levels {
		t.Levels[i] = bytes.Repeat(texel[:], (side>>i)*(side>>i))
	}
	return t
}

// Cells that name glyphs beyond the table, glyphs of pages that are not there or that
// have no size, and every bit of a cell set draw nothing or something, and no more.
func TestGridsOfNonsense(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		s.plain()
		p := newPress(t, s.scene)
		for i, g := range []scene.Glyph{
			{Page: 60, W: 64, H: 64, Right: 1, Top: 1},
			{Page: 0, X: 1000, Y: 1000, W: 24, H: 24, Right: 1, Top: 1},
			{Page: 0, Right: 1, Top: 1},
			{Page: 0, W: 64, H: 64},
			{Page: 0, X: 3, Y: 5, W: 7, H: 1, Left: -60, Right: 60, Bottom: -60, Top: 60},
			{Page: 0, W: 1024, H: 1024, Right: 1e-30, Top: 1e-30},
		} {
			if err := s.scene.PutGlyph(uint32(100+i), g); err != nil {
				t.Fatal(err)
			}
		}
		g := screen(16, 4, 2)
		g.Lines = p.lines(16, 4, page)
		for i := range g.Lines[0] {
			g.Lines[0][i] = scene.GridCell{Glyph: uint32(98 + i), FG: white}
			g.Lines[1][i] = scene.GridCell{Glyph: math.MaxUint32 >> i, FG: white, BG: white, Deco: math.MaxUint32}
			g.Lines[2][i].Deco = uint32(i)
		}
		g.Cursor = scene.GridCursor{Column: math.MaxInt, Row: math.MinInt, Shape: scene.CursorBlock, Wide: true}
		s.grid(g)
		for _, set := range []func(*scene.Grid){
			func(g *scene.Grid) { g.HalfSize = mgl32.Vec2{} },
			func(g *scene.Grid) { g.HalfSize = mgl32.Vec2{scene.MaxNumber, scene.MaxNumber} },
			func(g *scene.Grid) { g.Cell, g.Em = mgl32.Vec2{scene.MaxNumber, scene.MaxNumber}, scene.MaxNumber },
			func(g *scene.Grid) { g.Cell, g.Em = mgl32.Vec2{2e-6, 2e-6}, 2e-6 },
			func(g *scene.Grid) { g.Padding = mgl32.Vec2{scene.MaxNumber, 0} },
			func(g *scene.Grid) {
				g.Baseline, g.Underline, g.Strike = -scene.MaxNumber, scene.MaxNumber, scene.MaxNumber
			},
			func(g *scene.Grid) { g.UnderlineThickness, g.BorderWidth = scene.MaxNumber, scene.MaxNumber },
			func(g *scene.Grid) { g.Origin = mgl32.Vec3{0, 0, 3.999} },
			func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 1, 1, nil },
			func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 1, 1, [][]scene.GridCell{{{Glyph: 1, FG: white}}} },
			func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = scene.MaxColumns, 1, [][]scene.GridCell{nil} },
			func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 1, scene.MaxRows, nil },
			func(g *scene.Grid) { g.Background, g.Opacity = 0, 0 },
			func(g *scene.Grid) { // letters of a kilometre in cells of a micrometre
				g.Columns, g.Rows, g.Em, g.Cell, g.HalfSize = 1000, 1000, 1000, mgl32.Vec2{2e-6, 2e-6}, mgl32.Vec2{1e-3, 1e-3}
				g.Origin, g.Lines = mgl32.Vec3{0, 0.3, 3.5}, slices.Repeat([][]scene.GridCell{slices.Repeat([]scene.GridCell{{Glyph: 104, FG: white}}, 1000)}, 1000)
			},
			func(g *scene.Grid) { // and cells of a kilometre with letters of a micrometre
				g.Em, g.Cell = 2e-6, mgl32.Vec2{1000, 1000}
			},
		} {
			bad := g
			bad.Origin = mgl32.Vec3{0, 0.3, -0.5}
			set(&bad)
			id := s.grid(bad)
			s.look(mgl32.Vec3{0, 0.4, 4}, mgl32.Vec3{0, 0, 0})
			s.settle()
			if err := s.scene.UpdateGrid(id, func(g *scene.Grid) { g.Origin[2] = -3 }); err != nil {
				t.Fatal(err)
			}
			s.settle()
			if err := s.scene.RemoveGrid(id); err != nil {
				t.Fatal(err)
			}
		}
		s.settle()
		vktest.Golden(t, "text_nonsense", s.picture())
	})
}

// A grid of ten thousand columns is drawn, whole, and one that is more than a frame's
// share comes in parts, and then is whole.
func TestGridsOfSize(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	p := newPress(t, s.scene)
	full := p.put(&letter{tile: tile(0, 0, 16, [4]byte{255, 255, 255, 255}), top: 2, right: 2, left: -1, bottom: -1}, false)
	mean := func() float64 { return light(s.picture()) / (width * height) }
	wide := scene.NewGrid(scene.MaxColumns, 1)
	wide.HalfSize[1], wide.Cell[1], wide.Baseline = 1, 2, 1
	row := make([]scene.GridCell, scene.MaxColumns)
	for i := range row {
		row[i] = scene.GridCell{FG: white, BG: white}
	}
	wide.Lines = [][]scene.GridCell{row}
	id := s.grid(wide)
	s.look(mgl32.Vec3{0, 0, 1}, mgl32.Vec3{})
	s.settle()
	if m := mean(); m < 0.99 {
		t.Errorf("ten thousand white cells are %.3f bright", m)
	}
	if err := s.scene.RemoveGrid(id); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if s.r.grids.cells.buffer != nil {
		t.Error("the cells of no grid take memory")
	}
	const columns, rows = 2000, 500 // 16 MB
	other := scene.NewGrid(10, 10)
	other.Origin[0] = 100
	s.grid(other)
	big := scene.NewGrid(columns, rows)
	big.HalfSize = mgl32.Vec2{1, 1}
	big.Cell = mgl32.Vec2{2.0 / columns, 2.0 / rows}
	big.Lines = make([][]scene.GridCell, rows)
	for y := range big.Lines {
		big.Lines[y] = make([]scene.GridCell, columns)
		for x := range columns {
			big.Lines[y][x] = scene.GridCell{Glyph: full, FG: white}
		}
	}
	first, second := s.grid(big), s.grid(big)
	s.draw()
	if n, _ := s.r.Ready(s.scene.Snapshot()); n == 0 {
		t.Error("32 MB of cells came in one frame")
	}
	s.settle()
	if m := mean(); m < 0.99 {
		t.Errorf("a million white letters are %.3f bright", m)
	}
	for _, id := range []scene.ID{first, second} {
		if err := s.scene.UpdateGrid(id, func(g *scene.Grid) { g.Lines = nil }); err != nil {
			t.Fatal(err)
		}
	}
	s.settle()
	if m := mean(); m > 0.01 {
		t.Errorf("a million blank cells are %.3f bright", m)
	}
}

// Only rows that changed are sent, whatever else of a grid does.
func TestGridRowsSent(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	p := newPress(t, s.scene)
	g := screen(40, 10, 2)
	g.Lines = p.lines(40, 10, page)
	id := s.grid(g)
	s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
	s.settle()
	sent := func(f func(*scene.Grid)) int {
		t.Helper()
		if err := s.scene.UpdateGrid(id, f); err != nil {
			t.Fatal(err)
		}
		s.draw()
		return s.r.grids.sent
	}
	if n := sent(func(g *scene.Grid) { g.Origin[0], g.Cursor.Shape, g.Border = 0.1, scene.CursorBar, white }); n != 0 {
		t.Errorf("%d bytes for a grid that moved", n)
	}
	lines := append([][]scene.GridCell(nil), g.Lines...)
	lines[3], lines[4], lines[8] = p.line(40, "three"), p.line(40, "four"), nil
	if n := sent(func(g *scene.Grid) { g.Lines = lines }); n != 3*40*16 {
		t.Errorf("%d bytes for three rows of 640", n)
	}
	if n := sent(func(g *scene.Grid) { g.Columns, g.Rows, g.Lines = 40, 9, lines[:9] }); n != 9*40*16 {
		t.Errorf("%d bytes for a grid of another size, of 9 rows of 640", n)
	}
}

// A blinking glyph is there in the first half of each second and not in the second.
func TestGridBlinks(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	p := newPress(t, s.scene)
	g := screen(4, 1, 1)
	g.Lines = [][]scene.GridCell{p.line(4, "@@@@", func(_ int, c *scene.GridCell) { c.Deco, c.FG = scene.DecoBlink, white })}
	g.Background = black
	s.grid(g)
	s.look(mgl32.Vec3{0, 0, 1}, mgl32.Vec3{})
	s.settle()
	at := func(d time.Duration) float64 {
		s.draw(func(o *FrameOptions) { o.Time = d })
		return light(s.picture())
	}
	on, off := at(3*time.Second+200*time.Millisecond), at(100*time.Hour+700*time.Millisecond)
	if on < off+500 || at(100*time.Hour+400*time.Millisecond) != on {
		t.Errorf("on it is %.0f bright, off %.0f", on, off)
	}
}

// A pick on a screen names the screen, on what is before it that, and on what is
// hidden nothing.
func TestPickGrid(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		p := newPress(t, s.scene)
		g := screen(10, 4, 1)
		g.Lines = p.lines(10, 4, page)
		g.Orientation = mgl32.QuatRotate(0.3, mgl32.Vec3{0, 1, 0})
		id := s.grid(g)
		hidden := g
		hidden.Origin, hidden.Hidden = mgl32.Vec3{0, 0, 1}, true
		s.grid(hidden)
		ball := s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Translate3D(0, 0, 0.5).Mul4(mgl32.Scale3D(0.2, 0.2, 0.2)))
		s.look(mgl32.Vec3{0, 0, 3}, mgl32.Vec3{})
		s.settle()
		ask := func(x, y int) (hit Hit) {
			t.Helper()
			answer := s.r.Pick(x, y)
			for range 8 {
				s.draw()
				select {
				case hit = <-answer:
					return hit
				default:
				}
			}
			t.Fatalf("no answer about %d,%d", x, y)
			return hit
		}
		if h := ask(width/2, height/2); h.Object != ball {
			t.Errorf("the ball before the screen: %v", h)
		}
		if h := ask(width/2+22, height/2); h.Object != id || math.Abs(float64(h.Position[0]-0.35)) > 0.1 || math.Abs(float64(h.Position[2]+0.1)) > 0.06 {
			t.Errorf("the screen beside the ball: %v, not %d", h, id)
		}
		if h := ask(3, 3); h.Object != 0 {
			t.Errorf("beside the screen: %v", h)
		}
		if err := s.scene.RemoveGrid(id); err != nil {
			t.Fatal(err)
		}
		if h := ask(width/2+22, height/2); h.Object != 0 {
			t.Errorf("where the screen was: %v", h)
		}
	})
}

// A frame with many screens between pictures allocates nothing, still or scrolling but
// for what the scene itself makes.
func TestGridsAllocateNothing(t *testing.T) {
	s := newStage(t, device.ProfileBound, func(o *Options) { o.Device.Validate = false })
	if err := s.off.Resize(16, 16); err != nil {
		t.Fatal(err)
	}
	p := newPress(t, s.scene)
	lines := p.lines(80, 24, page)
	var ids []scene.ID
	for i := range 30 {
		g := screen(80, 24, 2)
		g.Lines, g.Origin[2] = lines, -float32(i)
		ids = append(ids, s.grid(g))
		if i%10 == 0 {
			if _, err := s.scene.AddCanvas(scene.Canvas{Origin: mgl32.Vec3{0, 0, -float32(i) - 0.5}, Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{1, 1},
				Width: 1, Height: 1, Pixels: make([]byte, 4), Opacity: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.look(mgl32.Vec3{0, 0, 3}, mgl32.Vec3{})
	s.settle()
	other := p.lines(80, 24, page[1:])
	snaps := []*scene.Snapshot{s.scene.Snapshot()}
	for _, id := range ids {
		if err := s.scene.UpdateGrid(id, func(g *scene.Grid) { g.Lines = other }); err != nil {
			t.Fatal(err)
		}
	}
	snaps = append(snaps, s.scene.Snapshot())
	i, drawn := 0, 0
	frame := func(which func() int) func() {
		return func() {
			if _, err := s.r.Draw(snaps[which()], s.off, FrameOptions{}); err != nil {
				t.Fatal(err)
			}
			drawn += s.r.grids.sent
		}
	}
	scroll := frame(func() int { i++; return i % 2 })
	for range 10 {
		scroll()
	}
	drawn = 0
	if n := testing.AllocsPerRun(20, scroll); n != 0 || drawn < 20*30*80*24*16 {
		t.Errorf("a frame in which all of 30 screens changes allocates %v times, %d bytes are sent", n, drawn)
	}
	drawn = 0
	if n := testing.AllocsPerRun(20, frame(func() int { return i % 2 })); n != 0 || drawn != 0 {
		t.Errorf("a frame in which nothing changes allocates %v times and sends %d bytes", n, drawn)
	}
}
