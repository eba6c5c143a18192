package scene

import (
	"errors"
	"fmt"
)

// MaxNumber bounds every coordinate, size and intensity. It is far beyond what
// single precision can place, and small enough that products and squares of such
// numbers stay finite on the GPU.
const MaxNumber = 1e9

var (
	// ErrNoThing reports an ID that nothing has, or has any more.
	ErrNoThing = errors.New("there is nothing in the scene under this ID; it was removed")
	// ErrNotFinite reports a number that cannot be drawn with.
	ErrNotFinite = fmt.Errorf("a number is not finite or is beyond %g; give finite numbers", float64(MaxNumber))
)

// FullError reports a limit of the scene that is reached.
type FullError struct {
	What  string // such as "objects"
	Limit int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the scene is full: it holds %d %s at most; remove some first", e.Limit, e.What)
}

// ValueError reports a value that is finite and makes no sense.
type ValueError struct{ What string }

func (e *ValueError) Error() string { return e.What }

// Limits bound what a scene holds. Zero fields get the default.
type Limits struct {
	Objects  int // default 1<<20: 4096 chunks, some 300 MB
	Lights   int // default 4096: what the lists of the light clusters are made for
	Canvases int // default 4096
	Lines    int // default 4096 sets of lines
	Views    int // default 16: each is another picture a frame
	Grids    int // default 1024: more than anybody reads
	// Cells bounds those of one grid; default 2<<20, 32 MiB: 10,000 columns of 200 rows.
	Cells int
	// Glyphs bounds the handles; default 1<<18, more than all characters that there are.
	Glyphs int
	// Pages bounds the pages of glyphs; default 64, of which each is 5.3 MiB on the device.
	Pages int
	// Bytes bounds the pixels, vertices, indices, joints, weights, cells and tiles
	// together; default 1 GiB.
	Bytes int64
	// Joints and Weights bound those of one object; default 1024 and 4096: larger
	// than what any skeleton or face of the known tools has.
	Joints, Weights int
}

// DefaultLimits returns the limits that zero fields get.
func DefaultLimits() Limits {
	return Limits{Objects: 1 << 20, Lights: 4096, Canvases: 4096, Lines: 4096, Views: 16, Grids: 1024, Cells: 2 << 20, Glyphs: 1 << 18, Pages: 64, Bytes: 1 << 30, Joints: 1024, Weights: 4096}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int }{
		{&l.Objects, &d.Objects}, {&l.Lights, &d.Lights}, {&l.Canvases, &d.Canvases},
		{&l.Lines, &d.Lines}, {&l.Views, &d.Views}, {&l.Joints, &d.Joints}, {&l.Weights, &d.Weights},
		{&l.Grids, &d.Grids}, {&l.Cells, &d.Cells}, {&l.Glyphs, &d.Glyphs}, {&l.Pages, &d.Pages},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
		*f.v = min(*f.v, 1<<slotBits) // a slot has a place in an ID
	}
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	return l
}
