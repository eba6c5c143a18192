package scene

import (
	"fmt"

	"github.com/go-gl/mathgl/mgl32"
)

const (
	// MaxColumns and MaxRows bound a grid a side: more than any screen shows.
	MaxColumns = 10_000
	MaxRows    = 10_000
)

// GridCell is a character cell of a grid, as the device reads it:
//
//	+-----------+--------+--------+----------+
//	| glyph u32 | fg u32 | bg u32 | deco u32 |
//	+-----------+--------+--------+----------+
//
//	glyph  31 30    29 28  27            0
//	      +--+-----+------+---------------+
//	      |0 |right| size | handle        |
//	      +--+-----+------+---------------+
//
//	deco  31          8 7 6     5    4        3      2     0
//	      +------------+-+-----+----+--------+------+-------+
//	      | underline  |0|blink|wide|overline|strike| under |
//	      | B   G   R  | |     |    |        |      | line  |
//	      +------------+-+-----+----+--------+------+-------+
type GridCell struct {
	Glyph uint32 // a handle of Snapshot.Glyphs, 0: nothing; and the bits of Glyph...
	// FG and BG are bytes R, G, B, A, R the lowest, sRGB with straight alpha. A BG
	// without any alpha is the grid's own background.
	FG, BG uint32
	Deco   uint32 // the bits of Underline..., Deco... and DecoColor
}

// What a cell is decorated with, in GridCell.Deco: one underline, and any of the rest.
const (
	UnderlineNone uint32 = iota
	UnderlineSingle
	UnderlineDouble
	UnderlineCurly
	UnderlineDotted
	UnderlineDashed

	DecoStrike   uint32 = 1 << 3
	DecoOverline uint32 = 1 << 4
	DecoWide     uint32 = 1 << 5 // the glyph spans this cell and the next
	DecoBlink    uint32 = 1 << 6 // the glyph is seen every other half second
)

// How large a cell's glyph is, in GridCell.Glyph. One of double width spans twice as many
// columns as it does else: all of it stands in its first cell and, with GlyphRight, in
// the cell where its right half begins, which is the next one, or for DecoWide the second
// next. Each of the two shows its half.
const (
	GlyphHandle      uint32 = 1<<28 - 1 // the handle's bits
	GlyphDoubleWidth uint32 = 1 << 28
	GlyphUpper       uint32 = 2 << 28 // of twice the width and height the upper half
	GlyphLower       uint32 = 3 << 28
	GlyphRight       uint32 = 1 << 30
)

// DecoColor is the part of GridCell.Deco that says the colour of the underline, sRGB.
func DecoColor(r, g, b uint8) uint32 { return uint32(r)<<8 | uint32(g)<<16 | uint32(b)<<24 }

// CursorShape is how the cursor of a grid looks.
type CursorShape uint8

// The shapes of cursors. A block covers its cell, whose glyph has the colour Text.
const (
	CursorNone CursorShape = iota
	CursorBlock
	CursorHollowBlock
	CursorUnderline
	CursorBar
)

// GridCursor is the cursor of a grid. One outside of the grid is not seen.
type GridCursor struct {
	Column, Row int
	Shape       CursorShape
	Color, Text uint32 // as GridCell.FG
	Wide        bool   // it spans two columns
}

// Grid is a screen of characters in the space: a rectangle, seen from both sides,
// with cells from its upper left corner on. Cells that do not fit into the rectangle
// without its padding are cut off.
type Grid struct {
	Origin      mgl32.Vec3 // its middle
	Orientation mgl32.Quat // turns it out of the XY plane, where it faces +Z
	HalfSize    mgl32.Vec2 // from the middle to the right and to the upper edge
	Padding     mgl32.Vec2 // metres between the edges and the cells, on both sides

	Columns, Rows int
	Cell          mgl32.Vec2 // metres: width and height of a cell
	Em            float32    // metres an em
	Baseline      float32    // metres from the top of a cell down
	// Underline and Strike are where the middle of these lines is, in metres from the
	// baseline down; UnderlineThickness is that of all lines.
	Underline, UnderlineThickness, Strike float32

	// Background is as GridCell.FG, behind cells without one of their own; Opacity, 0
	// to 1, multiplies its alpha. Text is as opaque as its own colour.
	Background uint32
	Opacity    float32
	// Border is as GridCell.FG: a frame of BorderWidth metres along the inside of the edges.
	Border      uint32
	BorderWidth float32

	// Lines are the rows from the top, Rows slices of Columns cells; nil for a row, or
	// for all, is blank. Neither the slice nor a row is written after it was given to
	// the scene: other rows are other slices, in another slice of rows. A row that did
	// not change stays the same slice, since readers compare pointers.
	Lines  [][]GridCell
	Cursor GridCursor
	Hidden bool
	// Version is another number when Lines, Columns or Rows are others. The scene
	// counts it.
	Version uint64
}

// AddGrid puts a grid into the scene, which owns its slices from now on.
func (s *Scene) AddGrid(g Grid) (ID, error) {
	g.Version = 1
	return add(s, &s.grids, g, "grids", (*Limits).grid)
}

// UpdateGrid changes a grid. Other cells are another slice of lines.
func (s *Scene) UpdateGrid(id ID, f func(*Grid)) error {
	return update(s, &s.grids, id, func(g *Grid) {
		version, lines, n, columns, rows := g.Version, first(g.Lines), len(g.Lines), g.Columns, g.Rows
		f(g)
		g.Version = version
		if first(g.Lines) != lines || len(g.Lines) != n || g.Columns != columns || g.Rows != rows {
			g.Version++
		}
	}, (*Limits).grid)
}

// RemoveGrid takes a grid out.
func (s *Scene) RemoveGrid(id ID) error { return remove(s, &s.grids, id) }

func (l *Limits) grid(g *Grid) error {
	q := mgl32.Vec4{g.Orientation.V[0], g.Orientation.V[1], g.Orientation.V[2], g.Orientation.W}
	if !finite(g.Origin[:]...) || !finite(q[:]...) || !finite(g.HalfSize[:]...) || !finite(g.Padding[:]...) || !finite(g.Cell[:]...) ||
		!finite(g.Em, g.Baseline, g.Underline, g.UnderlineThickness, g.Strike, g.Opacity, g.BorderWidth) {
		return ErrNotFinite
	}
	switch {
	case !(q.LenSqr() > 1e-12):
		return &ValueError{"an orientation is a quaternion that is not zero"}
	case g.HalfSize[0] < 0 || g.HalfSize[1] < 0 || g.Padding[0] < 0 || g.Padding[1] < 0:
		return &ValueError{"the half size and the padding of a grid are zero or more"}
	case g.Columns < 1 || g.Rows < 1:
		return &ValueError{"a grid has one cell at least"}
	case g.Columns > MaxColumns:
		return &FullError{"columns a grid", MaxColumns}
	case g.Rows > MaxRows:
		return &FullError{"rows a grid", MaxRows}
	case g.Columns*g.Rows > l.Cells:
		return &FullError{"cells a grid", int64(l.Cells)}
	case !(g.Cell[0] > minCell && g.Cell[1] > minCell && g.Em > minCell):
		return &ValueError{fmt.Sprintf("the cells and the em of a grid are larger than %g metres", minCell)}
	case g.UnderlineThickness < 0 || g.BorderWidth < 0:
		return &ValueError{"lines are zero metres thick or more"}
	case g.Opacity < 0 || g.Opacity > 1:
		return &ValueError{"an opacity is between 0 and 1"}
	case g.Cursor.Shape > CursorBar:
		return &ValueError{"there is no such shape of a cursor"}
	case len(g.Lines) != g.Rows && g.Lines != nil:
		return &ValueError{"a grid has as many lines as rows, or none"}
	}
	for i, line := range g.Lines {
		if len(line) != g.Columns && line != nil {
			return &ValueError{fmt.Sprintf("line %d of a grid has as many cells as columns, or none", i)}
		}
	}
	g.Orientation = g.Orientation.Normalize()
	return nil
}

// minCell is the least size of cells and ems, in metres: below, numbers of cells
// would not be finite on the device.
const minCell = 1e-6

func (g *Grid) bytes() (n int64) {
	for _, line := range g.Lines {
		n += int64(len(line)) * 16
	}
	return n
}

// NewGrid returns a blank grid of cells that fill two metres from side to side, with
// the proportions of the usual fonts.
func NewGrid(columns, rows int) Grid {
	cell := 2 / float32(max(columns, 1))
	em := cell / 0.6
	return Grid{Orientation: mgl32.QuatIdent(), Columns: columns, Rows: rows, Em: em, Cell: mgl32.Vec2{cell, 1.2 * em}, Baseline: 0.9 * em,
		Underline: 0.1 * em, UnderlineThickness: 0.05 * em, Strike: -0.3 * em,
		HalfSize: mgl32.Vec2{1, 0.6 * em * float32(rows)}, Background: 0xff000000, Opacity: 1}
}
