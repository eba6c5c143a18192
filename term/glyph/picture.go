package glyph

import (
	"image"

	"hearth/term/msdf"
)

// Picture is what a character or a cluster looks like: an outline, or an image in colour,
// or nothing at all.
type Picture struct {
	// Outline is in ems, its origin the pen. One that Fills its cells goes on beyond the
	// edges where it joins its neighbours, and is to be cut there.
	Outline msdf.Shape
	Fills   bool
	// Image is of colour, sRGB with straight alpha, and lies in Box. nil if there is none.
	Image *image.NRGBA
	// Box is that of the image, and of the cells for an outline that fills them.
	Box Box
}

// Box is a rectangle in ems from the pen, Y up.
type Box struct{ Left, Bottom, Right, Top float64 }

// Blank reports whether there is nothing to draw.
func (p *Picture) Blank() bool { return p.Image == nil && len(p.Outline.Contours) == 0 }
