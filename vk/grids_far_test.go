package vk

import (
	"image"
	"math"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// inked is the share of the wall that letters cover, from their outlines.
func inked(columns string) (share float64) {
	for _, c := range columns {
		l := goMono().letter(c)
		for i := 3; i < len(l.tile.Levels[0]); i += 4 {
			share += float64(l.tile.Levels[0][i]) / 255
		}
	}
	return share / float64(testEm*testEm*advance*tall) / float64(len(columns))
}

// wall is a screen of text without a background but black, seen over black.
func wall(t *testing.T, fg, bg uint32) (*stage, scene.Grid) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	s.resize(480, 270)
	if err := s.scene.UpdateLook(func(l *scene.Look) { l.Background = mgl32.Vec3{float32(bg & 1), float32(bg & 1), float32(bg & 1)} }); err != nil {
		t.Fatal(err)
	}
	p := newPress(t, s.scene)
	g := screen(80, 24, 1)
	g.Padding, g.HalfSize = mgl32.Vec2{}, mgl32.Vec2{0.5, 12 * g.Cell[1]}
	g.Background = bg
	for range g.Rows {
		g.Lines = append(g.Lines, p.line(80, strings.Repeat("Re", 40), func(_ int, c *scene.GridCell) { c.FG = fg }))
	}
	s.grid(g)
	return s, g
}

// eye looks at the middle of the wall from a distance, turned about the upright axis,
// past it by fractions of a pixel.
func (s *stage) eye(distance, turn, dx, dy float64) {
	s.t.Helper()
	from := mgl32.Vec3{float32(distance * math.Sin(turn)), 0, float32(distance * math.Cos(turn))}
	view := mgl32.LookAtV(from, mgl32.Vec3{}, mgl32.Vec3{0, 1, 0})
	metre := float32(2 * distance * math.Tan(math.Pi/8) / 270) // of a pixel
	view = mgl32.Translate3D(float32(dx)*metre, float32(dy)*metre, 0).Mul4(view)
	if err := s.scene.SetCamera(scene.Camera{View: view, VFov: math.Pi / 4, Near: 0.05}); err != nil {
		s.t.Fatal(err)
	}
}

// light is the sum over a picture, as shares of white.
func light(p *image.NRGBA) (sum float64) {
	for i := 0; i < len(p.Pix); i += 4 {
		sum += float64(p.Pix[i]) / 255
	}
	return sum
}

// size is how many pixels the wall covers.
func (s *stage) size(g scene.Grid) float64 {
	v := s.scene.Snapshot().Camera
	clip := mgl32.Perspective(v.VFov, 480.0/270, 0.05, 100).Mul4(v.View)
	var x, y [4]float64
	for i, c := range []mgl32.Vec2{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
		p := mgl32.TransformCoordinate(mgl32.Vec3{c[0] * g.HalfSize[0], c[1] * g.HalfSize[1], 0}, clip)
		x[i], y[i] = float64(p[0])*240, float64(p[1])*135
	}
	area := 0.0
	for i := range 4 {
		j := (i + 1) % 4
		area += x[i]*y[j] - x[j]*y[i]
	}
	return min(math.Abs(area)/2, 480*270)
}

// Text is as bright as the share of its outlines says, from afar as from near, head-on
// and from the side; light on dark is as bright as dark on light is dark; and nothing
// flickers where the eye moves by less than a pixel. Distances are such that an em has 20 pixels at first and one in five at
// last.
func TestTextFromAfar(t *testing.T) {
	near := []float64{0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 30}
	var dark, bright []float64
	for _, c := range []struct {
		name      string
		fg, bg    uint32
		turn      float64
		distances []float64
		keep      *[]float64
		still     float64
	}{
		{"light on dark", white, black, 0, near, &bright, 0.06},
		{"dark on light", black, white, 0, near, &dark, 0.06},
		{"from the side", white, black, 70 * math.Pi / 180, near[6:12], new([]float64), 0.06},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, g := wall(t, c.fg, c.bg)
			for _, distance := range c.distances {
				// The eye goes about a pixel in steps of less than half of one.
				least, most, sum, change := math.Inf(1), 0.0, 0.0, 0.0
				var before *image.NRGBA
				steps := [][2]float64{{0, 0}, {0.25, 0}, {0.5, 0.25}, {0.75, 0.5}, {0.5, 0.75}, {0.25, 0.5}}
				for _, d := range steps {
					s.eye(distance, c.turn, d[0], d[1])
					s.draw()
					p := s.picture()
					x := math.Abs(light(p)-float64(c.bg&1)*480*270) / s.size(g)
					least, most, sum = min(least, x), max(most, x), sum+x/float64(len(steps))
					if before != nil {
						change = max(change, changed(before, p)/s.size(g))
					}
					before = p
				}
				t.Logf("%5.1f m, an em of %5.2f pixels: mean %.4f, by steps of a fraction of a pixel %.4f; a pixel changes by %.4f",
					distance, float64(g.Em)*270/(2*distance*math.Tan(math.Pi/8)), sum, most-least, change)
				if most-least > c.still*sum {
					t.Errorf("at %v m it flickers between %.4f and %.4f", distance, least, most)
				}
				if distance >= 2 && change > 0.05 {
					t.Errorf("at %v m its pixels change by %.3f of white for a step of less than half of one", distance, change)
				}
				*c.keep = append(*c.keep, sum)
				// So near that not all is seen, other letters may be; so far that it has ten
				// pixels, its edges count.
				within := 0.02
				if distance < 0.8 || distance > 6 {
					within = 0.06
				}
				if want := inked("Re"); math.Abs(sum/want-1) > within {
					t.Errorf("at %v m it is %.4f bright, and should be %.4f", distance, sum, want)
				}
			}
		})
	}
	for i := range bright {
		if math.Abs(bright[i]/dark[i]-1) > 0.02 {
			t.Errorf("at %v m, light text is %.4f bright and dark text %.4f dark", near[i], bright[i], dark[i])
		}
	}
}

// changed is the sum of all differences between two pictures, as shares of white.
func changed(a, b *image.NRGBA) (sum float64) {
	for i := 0; i < len(a.Pix); i += 4 {
		sum += math.Abs(float64(a.Pix[i])-float64(b.Pix[i])) / 255
	}
	return sum
}
