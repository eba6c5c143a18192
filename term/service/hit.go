package service

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// place is what a ray needs to know of a terminal. It is read without the session's mu,
// which is held while output is fed, and longer while a picture of a history is made: the
// frame waits for neither. It is immutable.
type place struct {
	State
	columns, rows int
}

// settle says where the terminal stands now. The caller holds mu.
func (s *session) settle() {
	columns, rows := s.t.Size()
	s.place.Store(&place{s.state, columns, rows})
}

// Hit finds the nearest terminal that a ray meets, from either side.
func (p *Plugin) Hit(origin, direction mgl32.Vec3) (Hit, bool) {
	p.mu.Lock()
	sessions := append([]*session(nil), p.order...)
	p.mu.Unlock()
	best, found := Hit{}, false
	for _, s := range sessions {
		h, ok := s.place.Load().meet(p.metrics.cell, origin, direction)
		h.Terminal = s.id
		if ok && (!found || h.Distance < best.Distance) {
			best, found = h, true
		}
	}
	return best, found
}

// Drag finds where a ray meets the plane in which a terminal stands, also beyond its
// edges: for the motion of a mouse that a terminal has until the buttons are up. Column and
// row are the nearest cell's. false where there is no terminal, or the ray goes elsewhere.
func (p *Plugin) Drag(id ID, origin, direction mgl32.Vec3) (Hit, bool) {
	s := p.session(id)
	if s == nil {
		return Hit{}, false
	}
	x := s.place.Load()
	at, distance, ok := x.plane(origin, direction)
	if !ok {
		return Hit{}, false
	}
	h := x.cellAt(p.metrics.cell, at)
	h.Terminal, h.Distance = id, distance
	return h, true
}

// meet finds where a ray goes through the rectangle of a terminal.
func (x *place) meet(c cellSize, origin, direction mgl32.Vec3) (Hit, bool) {
	at, distance, ok := x.plane(origin, direction)
	if !ok || !(mgl32.Abs(at[0]) <= x.HalfSize[0]) || !(mgl32.Abs(at[1]) <= x.HalfSize[1]) {
		return Hit{}, false
	}
	h := x.cellAt(c, at)
	h.Distance, h.Beyond = distance, 0
	return h, true
}

// plane finds where a ray meets the plane of a state: in its own space, where the
// rectangle lies at Z 0.
func (s *State) plane(origin, direction mgl32.Vec3) (at mgl32.Vec2, distance float32, ok bool) {
	back := s.Orientation.Normalize().Inverse()
	o, d := back.Rotate(origin.Sub(s.Position)), back.Rotate(direction)
	const parallel = 1e-9
	if math.Abs(float64(d[2])) < parallel {
		return at, 0, false
	}
	t := -o[2] / d[2]
	x := o.Add(d.Mul(t))
	finite := math.Abs(float64(x[0])) <= math.MaxFloat32 && math.Abs(float64(x[1])) <= math.MaxFloat32
	return x.Vec2(), t, t > 0 && finite
}

// cellAt is the cell nearest to a place in the plane.
func (s *place) cellAt(c cellSize, at mgl32.Vec2) Hit {
	columns, rows := s.columns, s.rows
	// Cells from the upper left corner, inside the padding.
	x := (at[0] + s.HalfSize[0] - s.Padding[0]) / (c.width * s.UnitsPerEm)
	y := (s.HalfSize[1] - s.Padding[1] - at[1]) / (c.height * s.UnitsPerEm)
	within := func(v float32, n int) float32 { return min(max(v, 0), float32(n)) }
	var beyond int
	switch row := math.Floor(float64(y)); {
	case row < 0:
		beyond = int(max(row, -farthest))
	case row >= float64(rows):
		beyond = int(min(row-float64(rows)+1, farthest))
	}
	x, y = within(x, columns), within(y, rows)
	return Hit{
		Column: min(int(x), columns-1), Row: min(int(y), rows-1),
		X: min(x*CellWidth, float32(columns*CellWidth-1)), Y: min(y*CellHeight, float32(rows*CellHeight-1)), Beyond: beyond,
	}
}

// farthest is how many rows beyond an edge a place is at most.
const farthest = 10_000
