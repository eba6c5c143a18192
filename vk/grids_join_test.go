package vk

import (
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// bar is a picture of w by h texels with a bar through its middle that goes on beyond
// both ends: right through, as box drawing has it.
func bar(w, h int, upright bool, thick float64) *letter {
	top := make([]byte, 4*w*h)
	for y := range h {
		for x := range w {
			d := float64(y) + 0.5 - float64(h)/2
			if upright {
				d = float64(x) + 0.5 - float64(w)/2
			}
			d = thick/2 - math.Abs(d)
			v := uint8(max(0, min(255, math.Round((d/scene.GlyphRange+0.5)*255))))
			copy(top[4*(y*w+x):], []byte{v, v, v, uint8(255 * max(0, min(1, d+0.5)))})
		}
	}
	l := &letter{right: float32(w) / testEm, top: float32(h) / testEm}
	l.tile.W, l.tile.H, l.tile.Levels = w, h, chain(top, w, h)
	return l
}

// Lines and blocks of cells side by side join without gaps and without beads, near and
// far, wherever the cells lie among the pixels.
func TestGlyphsJoin(t *testing.T) {
	for _, c := range []struct {
		name    string
		glyph   *letter
		along   int // the axis along which all must be alike
		minimum float64
	}{
		{"across", bar(24, 48, false, 8), 0, 0.03},
		{"upright", bar(24, 48, true, 6), 1, 0.03},
		{"block", bar(24, 48, false, 100), 0, 0.95},
	} {
		t.Run(c.name, func(t *testing.T) {
			profiles(t, func(t *testing.T, profile device.Profile) {
				s := newStage(t, profile)
				s.plain()
				if err := s.scene.UpdateLook(func(l *scene.Look) { l.Background = mgl32.Vec3{} }); err != nil {
					t.Fatal(err)
				}
				p := newPress(t, s.scene)
				h := p.put(c.glyph, false)
				const columns, rows = 40, 12
				g := scene.NewGrid(columns, rows)
				g.Em = 4.0 / columns
				g.Cell, g.Baseline = mgl32.Vec2{g.Em / 2, g.Em}, g.Em
				g.HalfSize = mgl32.Vec2{1, rows * g.Em / 2}
				g.Background = black
				for range rows {
					line := make([]scene.GridCell, columns)
					for i := range line {
						line[i] = scene.GridCell{Glyph: h, FG: white}
					}
					g.Lines = append(g.Lines, line)
				}
				s.grid(g)
				for _, distance := range []float64{0.21, 0.53, 1.1, 2.3, 3.7, 5.2} {
					s.eye(distance, 0, 0.13*distance, 0.29)
					s.settle()
					p := s.picture()
					pixels := float64(height) / (2 * distance * math.Tan(math.Pi/8)) // a metre
					// The middle of the screen, without the edges, over whole cells across the bars.
					half := [2]int{min(int(0.9*pixels), width/2-4), min(int(0.9*float64(g.HalfSize[1])*pixels), height/2-4)}
					low, high := math.Inf(1), 0.0
					for i := -half[c.along]; i < half[c.along]; i++ {
						sum := 0.0
						for k := -half[1-c.along]; k < half[1-c.along]; k++ {
							x, y := width/2+i, height/2+k
							if c.along == 1 {
								x, y = width/2+k, height/2+i
							}
							sum += float64(p.Pix[p.PixOffset(x, y)]) / 255
						}
						sum /= float64(2 * half[1-c.along])
						low, high = min(low, sum), max(high, sum)
					}
					if low < c.minimum || high-low > 0.02+0.02*high {
						t.Errorf("from %v m, along the bars they are between %.3f and %.3f bright", distance, low, high)
					}
				}
			})
		})
	}
}
