package vk

import (
	"image/color"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// Glyphs wait for their tiles: what is on its way is not drawn with what was there.
func TestTilesTakeTurns(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	put := func(page int, t scene.Tile) {
		s.t.Helper()
		if err := s.scene.PutTile(page, false, t); err != nil {
			s.t.Fatal(err)
		}
	}
	g := scene.NewGrid(1, 1)
	g.Cell, g.HalfSize, g.Em, g.Baseline = mgl32.Vec2{2, 2}, mgl32.Vec2{1, 1}, 2, 2
	g.Lines = [][]scene.GridCell{{{Glyph: 1, FG: white}}}
	s.grid(g)
	s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
	s.settle()
	// Eleven pages, each a tile of 5.3 MiB but the last: more than a frame sends.
	for i := range 11 {
		put(i, tile(0, 0, scene.GlyphSide, [4]byte{}))
	}
	put(10, tile(512, 512, 64, [4]byte{255, 255, 255, 255}))
	if err := s.scene.PutGlyph(1, scene.Glyph{Page: 10, X: 512, Y: 512, W: 64, H: 64, Right: 1, Top: 1}); err != nil {
		t.Fatal(err)
	}
	middle := func() uint8 {
		p := s.picture()
		return p.Pix[p.PixOffset(width/2, height/2)]
	}
	s.draw()
	if n, _ := s.r.Ready(s.scene.Snapshot()); n == 0 && middle() != 255 {
		t.Errorf("all is there, and the letter is %d bright", middle())
	}
	s.settle()
	if middle() != 255 {
		t.Errorf("the letter is %d bright", middle())
	}
	// Many tiles over each other, one log over and over: the last one is seen.
	for i := range 1000 {
		v := uint8(i % 200)
		put(10, tile(512, 512, 64, [4]byte{v, v, v, v}))
		if i%100 == 0 {
			s.draw()
		}
	}
	put(10, tile(512, 512, 64, [4]byte{255, 255, 255, 255}))
	s.settle()
	if middle() != 255 {
		t.Errorf("behind a thousand others the last tile is %d bright", middle())
	}
	if n := len(s.scene.Snapshot().Pages[10].Tiles); n > 200 {
		t.Errorf("the page keeps %d tiles, of which one is seen", n)
	}
}

// Glyphs that are put before their pages are drawn when those come, as what those are: a
// page of colour, too, that began as a gap before another one.
func TestGlyphsBeforePages(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	g := scene.NewGrid(2, 1)
	g.Cell, g.HalfSize, g.Em, g.Baseline = mgl32.Vec2{1, 2}, mgl32.Vec2{1, 1}, 2, 2
	g.Background = black
	g.Lines = [][]scene.GridCell{{{Glyph: 1, FG: white}, {Glyph: 2, FG: white}}}
	s.grid(g)
	s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
	for i := range 2 {
		if err := s.scene.PutGlyph(uint32(1+i), scene.Glyph{Page: int32(i), W: 64, H: 64, Right: 0.5, Top: 1}); err != nil {
			t.Fatal(err)
		}
	}
	at := func(x int) color.NRGBA { return s.picture().NRGBAAt(x, height/2) }
	left, right := width/2-10, width/2+10
	dark := color.NRGBA{0, 0, 0, 255}
	s.settle()
	if at(left) != dark || at(right) != dark {
		t.Errorf("without pages the letters are %v and %v", at(left), at(right))
	}
	if err := s.scene.PutTile(1, false, tile(0, 0, 64, [4]byte{255, 255, 255, 255})); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if at(left) != dark || at(right) != (color.NRGBA{255, 255, 255, 255}) {
		t.Errorf("with the second page the letters are %v and %v", at(left), at(right))
	}
	if err := s.scene.PutTile(0, true, tile(0, 0, 64, [4]byte{200, 0, 100, 255})); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if c := at(left); c.G > 10 || c.R < 180 || c.B < 80 {
		t.Errorf("with both pages the first letter is %v", c)
	}
	s.draw()
	if s.r.grids.sent != 0 {
		t.Errorf("%d bytes are sent where nothing changed", s.r.grids.sent)
	}
}
