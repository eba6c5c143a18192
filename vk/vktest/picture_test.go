package vktest

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// scene is a picture with edges, gradients and flat parts.
func scene(dx, dy float64) *image.NRGBA {
	const w, h, over = 128, 72, 4
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var r, g, b float64
			for i := range over * over { // smooth edges, as multisampling makes them
				u, v := float64(x)+(float64(i%over)+0.5)/over-dx, float64(y)+(float64(i/over)+0.5)/over-dy
				switch {
				case math.Hypot(u-40, v-36) < 20:
					r, g, b = r+0.8, g+0.2, b+0.1
				case u > 70 && u < 110 && v > 20 && v < 60:
					r, g, b = r+0.1+u/250, g+0.5, b+v/90
				default:
					r, g, b = r+0.25, g+0.3, b+0.35+v/200
				}
			}
			q := func(v float64) uint8 { return uint8(min(v/(over*over), 1)*255 + 0.5) }
			m.SetNRGBA(x, y, color.NRGBA{q(r), q(g), q(b), 255})
		}
	}
	return m
}

func change(m *image.NRGBA, f func(x, y int, c color.NRGBA) color.NRGBA) *image.NRGBA {
	n := image.NewNRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			n.SetNRGBA(x, y, f(x, y, m.NRGBAAt(x, y)))
		}
	}
	return n
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, v+0.5))) }

// The default tolerance passes what drivers may do and fails what eyes see.
func TestTolerance(t *testing.T) {
	base := scene(0, 0)
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) *image.NRGBA {
		return change(base, func(_, _ int, c color.NRGBA) color.NRGBA {
			d := func(v uint8) uint8 { return clamp(float64(v) + float64(rnd.IntN(2*n+1)-n)) }
			return color.NRGBA{d(c.R), d(c.G), d(c.B), c.A}
		})
	}
	for _, c := range []struct {
		name string
		got  image.Image
		pass bool
	}{
		{"same", scene(0, 0), true},
		{"rounded otherwise", noise(1), true},
		{"edges an eighth of a pixel away", scene(0.125, 0), true},
		{"one pixel of noise", change(base, func(x, y int, c color.NRGBA) color.NRGBA {
			if x == 10 && y == 10 {
				return color.NRGBA{255, 255, 255, 255}
			}
			return c
		}), true},
		{"shifted by two pixels", scene(2, 0), false},
		{"shifted by one pixel", scene(0, 1), false},
		{"redder", change(base, func(_, _ int, c color.NRGBA) color.NRGBA {
			return color.NRGBA{clamp(float64(c.R) * 1.04), c.G, c.B, c.A}
		}), false},
		{"brighter", change(base, func(_, _ int, c color.NRGBA) color.NRGBA {
			return color.NRGBA{clamp(float64(c.R) * 1.03), clamp(float64(c.G) * 1.03), clamp(float64(c.B) * 1.03), c.A}
		}), false},
		{"noisy", noise(16), false},
		{"a hole", change(base, func(x, y int, c color.NRGBA) color.NRGBA {
			if x >= 30 && x < 38 && y >= 30 && y < 38 {
				return color.NRGBA{0, 0, 0, 255}
			}
			return c
		}), false},
		{"transparent", change(base, func(_, _ int, c color.NRGBA) color.NRGBA { c.A = 200; return c }), false},
		{"upside down", change(base, func(x, y int, _ color.NRGBA) color.NRGBA { return base.NRGBAAt(x, 71-y) }), false},
		{"black", image.NewNRGBA(base.Rect), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Compare(base, c.got, DefaultTolerance.Large)
			if err != nil {
				t.Fatal(err)
			}
			if d.Within(DefaultTolerance) != c.pass {
				t.Errorf("%v; passes: %v", d, !c.pass)
			}
		})
	}
}

func TestCompareSizes(t *testing.T) {
	if _, err := Compare(image.NewNRGBA(image.Rect(0, 0, 2, 2)), image.NewNRGBA(image.Rect(0, 0, 2, 3)), 6); err == nil {
		t.Error("pictures of different sizes compare")
	}
}

// CIELAB of known colours (Lindbloom's calculator).
func TestLab(t *testing.T) {
	for _, c := range []struct {
		in   color.NRGBA
		want [3]float64
	}{
		{color.NRGBA{255, 255, 255, 255}, [3]float64{100, 0, 0}},
		{color.NRGBA{255, 0, 0, 255}, [3]float64{53.24, 80.09, 67.20}},
		{color.NRGBA{0, 0, 255, 255}, [3]float64{32.30, 79.19, -107.86}},
		{color.NRGBA{0, 0, 0, 255}, [3]float64{0, 0, 0}},
	} {
		m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
		m.SetNRGBA(0, 0, c.in)
		got := lab(linear(m)).px[0]
		for i := range 3 {
			if math.Abs(got[i]-c.want[i]) > 0.05 {
				t.Errorf("%v is %v, want %v", c.in, got, c.want)
				break
			}
		}
	}
}

// Golden fails without a golden picture, writes one only with -update, and passes
// and fails against it.
func TestGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	said := func(f func(s *spy)) string {
		s := &spy{TB: t}
		f(s)
		return strings.Join(s.errors, "\n")
	}
	if e := said(func(s *spy) { Golden(s, "a", scene(0, 0)) }); !strings.Contains(e, "no golden picture") {
		t.Errorf("without a picture: %q", e)
	}
	*update = true
	e := said(func(s *spy) { Golden(s, "a", scene(0, 0)) })
	*update = false
	if e != "" {
		t.Errorf("with -update: %q", e)
	}
	if _, err := ReadPNG(filepath.Join("testdata", "a.png")); err != nil {
		t.Fatal(err)
	}
	if e := said(func(s *spy) { Golden(s, "a", scene(0, 0)) }); e != "" {
		t.Errorf("the same: %q", e)
	}
	if e := said(func(s *spy) { Golden(s, "a", scene(3, 0)) }); !strings.Contains(e, "mean difference") {
		t.Errorf("another: %q", e)
	}
	if e := said(func(s *spy) { Golden(s, "a", image.NewNRGBA(image.Rect(0, 0, 3, 3))) }); !strings.Contains(e, "sizes") {
		t.Errorf("another size: %q", e)
	}
}
