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

// meet finds where a ray goes through the rectangle of a state: in its own space, where
// the rectangle lies at Z 0.
func (s *State) meet(c cellSize, columns, rows int, origin, direction mgl32.Vec3) (Hit, bool) {
	back := s.Orientation.Normalize().Inverse()
	o, d := back.Rotate(origin.Sub(s.Position)), back.Rotate(direction)
	const parallel = 1e-9
	if math.Abs(float64(d[2])) < parallel {
		return Hit{}, false
	}
	t := -o[2] / d[2]
	at := o.Add(d.Mul(t))
	if !(t > 0) || !(mgl32.Abs(at[0]) <= s.HalfSize[0]) || !(mgl32.Abs(at[1]) <= s.HalfSize[1]) {
		return Hit{}, false
	}
	// Cells from the upper left corner, inside the padding.
	x := (at[0] + s.HalfSize[0] - s.Padding[0]) / (c.width * s.UnitsPerEm)
	y := (s.HalfSize[1] - s.Padding[1] - at[1]) / (c.height * s.UnitsPerEm)
	within := func(v float32, n int) float32 { return min(max(v, 0), float32(n)) }
	x, y = within(x, columns), within(y, rows)
	return Hit{
		Column: min(int(x), columns-1), Row: min(int(y), rows-1),
		X: min(x*CellWidth, float32(columns*CellWidth-1)), Y: min(y*CellHeight, float32(rows*CellHeight-1)), Distance: t,
	}, true
}
