package vk

import (
	"fmt"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// plain makes the picture show colours as they are.
func (s *stage) plain() {
	s.t.Helper()
	if err := s.scene.UpdateLook(func(l *scene.Look) { l.ToneMap, l.Bloom, l.Background = scene.None, 0, mgl32.Vec3{0.05, 0.06, 0.05} }); err != nil {
		s.t.Fatal(err)
	}
}

// resize makes the picture of another size.
func (s *stage) resize(w, h int) {
	s.t.Helper()
	s.off.Close()
	var err error
	if s.off, err = s.r.NewOffscreen(w, h); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) grid(g scene.Grid) scene.ID {
	s.t.Helper()
	id, err := s.scene.AddGrid(g)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// page is what the screens of tests show.
var page = []string{
	`func (t *Terminal) Feed(p []byte) {`,
	`  for len(p) > 0 { // 0123456789`,
	`    n := t.run(p); p = p[n:]`,
	`  }  The quick brown fox, jumps!`,
	`}  @#$%^&*()_+-=[]\{}|;':",./<>?~`,
}

// A screen seen from where people stand.
func TestGrid(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to mgl32.Vec3
		columns  int
		rows     int
	}{
		{"text_head_on", mgl32.Vec3{0, 0, 1.55}, mgl32.Vec3{}, 40, 10},
		{"text_oblique", mgl32.Vec3{1.5, 0.1, 0.55}, mgl32.Vec3{0.1, 0, 0}, 40, 10},
		{"text_near", mgl32.Vec3{-0.875, 0.19, 0.075}, mgl32.Vec3{-0.875, 0.19, 0}, 40, 10},
		{"text_far", mgl32.Vec3{0, 0, 10.3}, mgl32.Vec3{}, 80, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			profiles(t, func(t *testing.T, profile device.Profile) {
				s := newStage(t, profile)
				s.plain()
				s.resize(400, 225)
				p := newPress(t, s.scene)
				g := screen(c.columns, c.rows, 2)
				g.Lines = p.lines(c.columns, c.rows, page)
				s.grid(g)
				s.look(c.from, c.to)
				s.settle()
				vktest.Golden(t, c.name, s.picture())
			})
		})
	}
}

var _ = fmt.Sprint
var _ = math.Pi
