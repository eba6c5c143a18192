package view

import "hearth/vk/scene"

// animated knows whether anything in a scene moves by itself. It looks only at the
// chunks that changed.
type animated struct {
	snap   *scene.Snapshot
	chunks []*scene.Chunk[scene.Object]
	moving []bool // for each chunk
	n      int    // chunks that move
}

func (a *animated) look(s *scene.Snapshot) bool {
	if s == a.snap {
		return a.n > 0
	}
	a.snap = s
	for i := range s.Objects.Chunks() {
		c := s.Objects.Chunk(i)
		if i == len(a.chunks) {
			a.chunks, a.moving = append(a.chunks, nil), append(a.moving, false)
		}
		if a.chunks[i] == c {
			continue
		}
		moves := movesIn(c)
		if moves != a.moving[i] {
			if moves {
				a.n++
			} else {
				a.n--
			}
		}
		a.chunks[i], a.moving[i] = c, moves
	}
	return a.n > 0
}

func movesIn(c *scene.Chunk[scene.Object]) bool {
	for i := range c.Items {
		if o := &c.Items[i]; c.Alive(i) && o.Animation.Index >= 0 && o.Animation.Speed != 0 && !o.Hidden {
			return true
		}
	}
	return false
}
