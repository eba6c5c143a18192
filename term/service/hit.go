package service

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// Hit finds the nearest terminal that a ray meets, from either side.
func (p *Plugin) Hit(origin, direction mgl32.Vec3) (Hit, bool) {
	p.mu.Lock()
	sessions := append([]*session(nil), p.order...)
	p.mu.Unlock()
	best, found := Hit{}, false
	for _, s := range sessions {
		s.mu.Lock()
		columns, rows := s.t.Size()
		h, ok := s.state.meet(s.p.metrics.cell, columns, rows, origin, direction)
		ok = ok && !s.removed
		h.Terminal = s.id
		s.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows := s.t.Size()
	at, distance, ok := s.state.plane(origin, direction)
	if !ok || s.removed {
		return Hit{}, false
	}
	h := s.state.cellAt(s.p.metrics.cell, columns, rows, at)
	h.Terminal, h.Distance = id, distance
	return h, true
}

// meet finds where a ray goes through the rectangle of a state.
func (s *State) meet(c cellSize, columns, rows int, origin, direction mgl32.Vec3) (Hit, bool) {
	at, distance, ok := s.plane(origin, direction)
	if !ok || !(mgl32.Abs(at[0]) <= s.HalfSize[0]) || !(mgl32.Abs(at[1]) <= s.HalfSize[1]) {
		return Hit{}, false
	}
	h := s.cellAt(c, columns, rows, at)
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
func (s *State) cellAt(c cellSize, columns, rows int, at mgl32.Vec2) Hit {
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
