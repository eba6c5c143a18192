package model

// Format is how a pixel is stored.
type Format uint8

const (
	RGBA8   Format = iota // four bytes, not premultiplied
	RGBA16F               // four little-endian IEEE 754 halves, linear
)

// Bytes returns the size of a pixel.
func (f Format) Bytes() int {
	if f == RGBA16F {
		return 8
	}
	return 4
}

func (f Format) String() string {
	if f == RGBA16F {
		return "RGBA16F"
	}
	return "RGBA8"
}

// Picture is one image, or the six of a cube in the order +X -X +Y -Y +Z -Z.
//
//	face 0, row 0 (top): pixel 0 (left) | pixel 1 | ...
//	        row 1 ...
//	face 1 ...
//
// Nothing pads rows or faces. Whether RGBA8 is sRGB is said by its use.
type Picture struct {
	Width, Height int // at least 1
	Faces         int // 1 or 6
	Format        Format
	Pixels        []byte // Width * Height * Faces * Format.Bytes()
}

// Size returns how many bytes the pixels take.
func (p *Picture) Size() int64 { return int64(len(p.Pixels)) }

// Face returns the pixels of one face. They are the picture's, not a copy.
func (p *Picture) Face(i int) []byte {
	n := p.Width * p.Height * p.Format.Bytes()
	return p.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Wrap says what is outside of a picture.
type Wrap uint8

const (
	Repeat Wrap = iota
	Mirror
	Clamp // the pixel at the edge
)

// Filter says what is between two pixels, or two levels of a mip chain.
type Filter uint8

const (
	FilterLinear Filter = iota
	FilterNearest
)

// Texture is a picture and how it is sampled.
type Texture struct {
	Picture   int     // index in Model.Pictures, -1 none
	Wrap      [2]Wrap // along u and v
	Mag, Min  Filter
	Mipmaps   bool   // the mip chain is wanted
	MipFilter Filter // between its levels
}
