package eye

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

const (
	// cell is the grain of what is known of the floor, in metres: a foot.
	cell = 0.3
	// maxCells bounds what is remembered; what was seen first is forgotten first.
	maxCells = 4096
	// MaxStair is how high a stair may be that somebody walks up, in metres. What is
	// higher is a wall or a table.
	MaxStair = 0.5
)

// Floor is what is known of the floor: heights where somebody looked. Elsewhere it
// is the plane y = 0. The zero value knows nothing.
type Floor struct {
	heights map[[2]int32]float32
	order   [][2]int32 // a ring, oldest at next
	next    int
}

func cellOf(x, z float32) [2]int32 {
	return [2]int32{int32(math.Floor(float64(x / cell))), int32(math.Floor(float64(z / cell)))}
}

// Seen tells of a point of some surface. It is floor where feet that are at a height
// could step on it.
func (f *Floor) Seen(at mgl32.Vec3, feet float32) {
	if !(at[1] <= feet+MaxStair) || !(math.Abs(float64(at[0])) <= Limit) || !(math.Abs(float64(at[2])) <= Limit) || at[1] < -Limit {
		return
	}
	k := cellOf(at[0], at[2])
	if _, ok := f.heights[k]; !ok {
		if f.heights == nil {
			f.heights = map[[2]int32]float32{}
		}
		if len(f.order) < maxCells {
			f.order = append(f.order, k)
		} else {
			delete(f.heights, f.order[f.next])
			f.order[f.next] = k
			f.next = (f.next + 1) % maxCells
		}
	}
	f.heights[k] = at[1]
}

// Below is the height of the floor below a place.
func (f *Floor) Below(at mgl32.Vec3) float32 { return f.heights[cellOf(at[0], at[2])] }
