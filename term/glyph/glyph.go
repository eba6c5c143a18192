// Package glyph makes the pictures of characters: faces of fonts, families of faces with
// those that step in where they lack something, and shapes that are drawn by rule.
//
// The key idea: whatever a cell of a screen holds, a letter with five accents, a family
// of emoji, a line of a box or nonsense, becomes one Picture that fits its cells. There
// is always one: what no font has is a box with its number, and no font, however broken,
// stops a screen.
//
//	             y (ems, up)
//	             |
//	ascent  +----|-----------+   A cell: as wide as the usual face's M, as high as its
//	        |    |  /\       |   ascent and descent. The pen stands on the baseline at
//	        |    | /--\      |   the left edge, which is where outlines have their origin.
//	   0  --|----+/----\-----|-- x
//	        |                |   Lines and blocks fill it to its edges and beyond, so that
//	descent +----------------+   cut at the edges they join those of the neighbours.
package glyph

// Style says which face of a family is meant.
type Style uint8

// The styles, which add up.
const (
	Bold Style = 1 << iota
	Italic
)

// Metrics are the sizes of a face in ems: distances up from the baseline, but for Descent,
// which is how far down it goes.
type Metrics struct {
	Ascent, Descent, LineGap              float64
	Advance                               float64 // of M
	UnderlinePosition, UnderlineThickness float64 // of the line's middle; below the baseline is negative
	StrikePosition                        float64
}

// MaxColumns bounds the cells that one picture spans: more than any ligature.
const MaxColumns = 8

// MaxText bounds the characters of a cluster that are looked at. Unicode's normal streams
// have at most 31; what a hostile program stacks up behind is not seen.
const MaxText = 32
