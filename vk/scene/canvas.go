package scene

import "github.com/go-gl/mathgl/mgl32"

// MaxSide bounds a canvas and a picture of a view in pixels a side: what every
// device that fits can hold as one texture.
const MaxSide = 4096

// Canvas is a flat picture in the space that guests paint.
type Canvas struct {
	Origin      mgl32.Vec3 // its middle
	Orientation mgl32.Quat // turns it out of the XY plane, where it faces +Z
	HalfSize    mgl32.Vec2 // from the middle to the right and to the upper edge
	// Width and Height are in pixels. Pixels are RGBA8, sRGB, not premultiplied, the
	// top row first; they are never written after they were given to the scene.
	Width, Height int
	Pixels        []byte
	Nearest       bool    // sampled without a filter
	Opacity       float32 // 0 to 1
	Hidden        bool
	// Version is another number when the pixels are others. The scene counts it.
	Version uint64
}

// LineVertex is an end of lines.
type LineVertex struct{ Position, Color mgl32.Vec3 }

// Lines are lines of one pixel, for looking at what is not drawn otherwise.
type Lines struct {
	Vertices []LineVertex
	Indices  []uint32 // two for each line
	Hidden   bool
	// Version is another number when the lines are others. The scene counts it.
	Version uint64
}
