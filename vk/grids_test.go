package vk

import (
	"bytes"
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

// A screen seen from where people stand: as a whole, from the side, so near that a
// letter fills a third of the picture, and so far that a line is a pixel high.
func TestGrid(t *testing.T) {
	for _, c := range []struct {
		name          string
		from, to      mgl32.Vec3
		columns, rows int
	}{
		{"text_head_on", mgl32.Vec3{0, 0, 1.45}, mgl32.Vec3{}, 40, 10},
		{"text_oblique", mgl32.Vec3{0.63, 0.1, 0.41}, mgl32.Vec3{-0.5, 0, 0}, 40, 10},
		{"text_near", mgl32.Vec3{-0.975 + 0.05*9, 0.443, 0.19}, mgl32.Vec3{-0.975 + 0.05*9, 0.443, 0}, 40, 10},
		{"text_far", mgl32.Vec3{0, 0, 9}, mgl32.Vec3{}, 80, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			profiles(t, func(t *testing.T, profile device.Profile) {
				s := newStage(t, profile)
				s.plain()
				s.resize(400, 225)
				p := newPress(t, s.scene)
				g := screen(c.columns, c.rows, 2)
				text := page
				if c.columns > 40 {
					text = []string{page[0] + page[1] + page[3], page[3] + page[4] + page[2]}
				}
				g.Lines = p.lines(c.columns, c.rows, text)
				s.grid(g)
				s.look(c.from, c.to)
				s.settle()
				vktest.Golden(t, c.name, s.picture())
			})
		})
	}
}

// Two screens that light shines through, one before the other and turned: what is
// nearer lies over what is farther, in whichever order they came, and the text of the
// farther one is seen through the nearer.
func TestGridsOverlap(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		var pictures [2][]byte
		for i := range pictures {
			s := newStage(t, profile)
			s.plain()
			s.resize(400, 225)
			p := newPress(t, s.scene)
			near, far := screen(20, 6, 1.2), screen(20, 6, 1.2)
			near.Origin, near.Background, near.Opacity = mgl32.Vec3{0.35, -0.15, 0.3}, 0xff203060, 0.5
			near.Orientation = mgl32.QuatRotate(0.4, mgl32.Vec3{0, 1, 0})
			far.Origin, far.Background, far.Opacity = mgl32.Vec3{-0.3, 0.15, 0}, 0xff603020, 0.5
			near.Border, near.BorderWidth = 0xff40c0ff, 0.015
			near.Lines, far.Lines = p.lines(20, 6, page), p.lines(20, 6, page[2:])
			both := []scene.Grid{near, far}
			s.grid(both[i])
			s.grid(both[1-i])
			s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
			s.settle()
			pictures[i] = s.picture().Pix
			if i == 0 {
				vktest.Golden(t, "text_overlap", s.picture())
			}
		}
		if !bytes.Equal(pictures[0], pictures[1]) {
			t.Error("the picture depends on which screen came first")
		}
	})
}

// Every shape of the cursor, on a letter, and a wide one at the edge; a block shows the
// letter in its own colour.
func TestGridCursors(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		s.plain()
		s.resize(400, 225)
		p := newPress(t, s.scene)
		for i := range 6 {
			g := screen(6, 1, 0.8)
			g.Origin = mgl32.Vec3{float32(i%2)*1.1 - 0.55, 0.55 - float32(i/2)*0.55, 0}
			g.Lines = [][]scene.GridCell{p.line(6, "Hearth")}
			g.Cursor = scene.GridCursor{Column: 2, Shape: scene.CursorShape(i), Color: 0xff30c0f0, Text: 0xff201000}
			if i == 5 {
				g.Cursor.Shape, g.Cursor.Wide, g.Cursor.Column = scene.CursorBlock, true, 4
			}
			s.grid(g)
		}
		s.look(mgl32.Vec3{0, 0, 2.1}, mgl32.Vec3{})
		s.settle()
		vktest.Golden(t, "text_cursors", s.picture())
	})
}

// Underlines of all styles, with colours of their own, lines through and above, and
// backgrounds of cells that meet without a seam.
func TestGridDecorations(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		s.plain()
		s.resize(400, 225)
		p := newPress(t, s.scene)
		const columns = 16
		g := screen(columns, 6, 2)
		for i, text := range []string{"single agjy", "double agjy", "curly agjy", "dotted agjy", "dashed agjy", "strike over both"} {
			style := []uint32{scene.UnderlineSingle, scene.UnderlineDouble, scene.UnderlineCurly, scene.UnderlineDotted, scene.UnderlineDashed, 0}[i]
			g.Lines = append(g.Lines, p.line(columns, text, func(k int, c *scene.GridCell) {
				switch {
				case style != 0 && k < len(text):
					c.Deco = style | scene.DecoColor(255, uint8(40*i), 60)
				case style == 0 && k < 6:
					c.Deco = scene.DecoStrike
				case style == 0 && k < 11:
					c.Deco = scene.DecoOverline
				case style == 0:
					c.Deco = scene.DecoStrike | scene.DecoOverline
				}
				if k >= 12 && i < 5 {
					c.BG = 0xff000000 | uint32(40*i)<<16 | uint32(60*(k-12))
				}
			}))
		}
		s.grid(g)
		s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
		s.settle()
		vktest.Golden(t, "text_decorations", s.picture())
	})
}

// face is a picture in colour, drawn in a square of a side: a round face with clear
// corners, whose hidden colour is none that may be seen.
func face(side int) *letter {
	top := make([]byte, 4*side*side)
	for y := range side {
		for x := range side {
			cover, c := 0, [3]int{}
			for k := range 16 {
				u := (float64(x)+(float64(k%4)+0.5)/4)/float64(side)*2 - 1
				v := (float64(y)+(float64(k/4)+0.5)/4)/float64(side)*2 - 1
				if u*u+v*v > 0.9*0.9 {
					continue
				}
				cover++
				r := math.Hypot(u, v)
				color := [3]int{250, 200, 40}
				if math.Hypot(math.Abs(u)-0.35, v+0.25) < 0.14 || v > 0.2 && r > 0.5 && r < 0.65 {
					color = [3]int{70, 30, 10}
				}
				for i := range c {
					c[i] += color[i]
				}
			}
			at := top[4*(y*side+x):]
			copy(at, []byte{0, 255, 0})
			if cover > 0 {
				for i := range c {
					at[i] = uint8(c[i] / cover)
				}
			}
			at[3] = uint8(cover * 255 / 16)
		}
	}
	l := &letter{left: 0, right: 2 * advance, top: 2*advance - 0.25, bottom: -0.25}
	l.tile.W, l.tile.H, l.tile.Levels = side, side, chain(top, side, side)
	return l
}

// Wide glyphs, ones in colour, and ones that stick out of their cells are drawn whole,
// near and far.
func TestGridWide(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		s.plain()
		s.resize(400, 225)
		p := newPress(t, s.scene)
		smile := p.put(face(64), true)
		w := *goMono().letter('W') // twice as wide as it is
		w.right, w.left = 2*w.right, 2*w.left
		broad := p.put(&w, false)
		j := *goMono().letter('j') // leaning out of its cell to the left
		j.left, j.right = j.left-0.2, j.right-0.2
		out := p.put(&j, false)
		g := screen(12, 3, 1.4)
		g.Lines = [][]scene.GridCell{p.line(12, "a   b   c", func(i int, c *scene.GridCell) {
			switch i {
			case 1, 5, 10:
				c.Glyph, c.FG, c.Deco = smile, white, scene.DecoWide
			case 3:
				c.Glyph, c.FG, c.Deco = out, chalk, 0
			}
		}), p.line(12, "x   y   z", func(i int, c *scene.GridCell) {
			if i == 1 || i == 5 {
				c.Glyph, c.FG, c.Deco, c.BG = broad, 0xff60ff80, scene.DecoWide, 0xff402040
			}
			if i == 2 || i == 6 {
				c.BG = 0xff402040
			}
		}), p.line(12, "The end.")}
		g.Origin = mgl32.Vec3{-0.1, 0.15, 0}
		s.grid(g)
		small := g
		small.Origin = mgl32.Vec3{0.1, -2.1, -5}
		s.grid(small)
		s.look(mgl32.Vec3{0, 0, 1.4}, mgl32.Vec3{})
		s.settle()
		vktest.Golden(t, "text_wide", s.picture())
	})
}

// A screen behind glass and before a picture, and a picture before a screen.
func TestGridBetween(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		s := newStage(t, profile)
		s.plain()
		s.resize(400, 225)
		p := newPress(t, s.scene)
		pixels := make([]byte, 8*8*4)
		for i := range 64 {
			copy(pixels[4*i:], []byte{uint8(i % 8 * 36), uint8(i / 8 * 36), 128, 255})
		}
		canvas := func(x, y, z, half float32) {
			if _, err := s.scene.AddCanvas(scene.Canvas{Origin: mgl32.Vec3{x, y, z}, Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{half, half},
				Width: 8, Height: 8, Pixels: pixels, Nearest: true, Opacity: 1}); err != nil {
				t.Fatal(err)
			}
		}
		canvas(-0.6, 0.1, -0.4, 0.4)
		g := screen(24, 8, 1.4)
		g.Opacity = 0.7
		g.Lines = p.lines(24, 8, page)
		s.grid(g)
		canvas(0.1, -0.35, 0.2, 0.12)
		s.add(s.put(pane(`{"extensions":{"KHR_materials_unlit":{}},"alphaMode":"BLEND","doubleSided":true,"pbrMetallicRoughness":{"baseColorFactor":[0.1,0.5,0.2,0.5]}}`).gltf()),
			mgl32.Translate3D(0.45, 0.1, 0.25).Mul4(mgl32.Scale3D(0.5, 0.5, 1)))
		s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
		if f := s.settle(); len(f) > 0 {
			t.Fatal(f)
		}
		vktest.Golden(t, "text_between", s.picture())
	})
}

// A screen is as bright as its colours say at every exposure, hides the lines behind it
// and is crossed by those before it, and where it is clear hides nothing.
func TestGridAmongLines(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	p := newPress(t, s.scene)
	g := screen(8, 3, 1)
	g.Lines = p.lines(8, 3, []string{"        "})
	g.Background = 0xff4080c0
	g.Padding, g.HalfSize[1] = mgl32.Vec2{}, 0.3
	id := s.grid(g)
	line := func(y, z float32) {
		l := scene.Lines{Vertices: []scene.LineVertex{{Position: mgl32.Vec3{-2, y, z}, Color: mgl32.Vec3{0, 1, 0}}, {Position: mgl32.Vec3{2, y, z}, Color: mgl32.Vec3{0, 1, 0}}}, Indices: []uint32{0, 1}}
		if _, err := s.scene.AddLines(l); err != nil {
			t.Fatal(err)
		}
	}
	line(0.1, 0.01)
	line(-0.1, -0.01)
	s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
	s.settle()
	green := func(y float32) bool { // about a height, in the middle of the picture
		p := s.picture()
		at := int(height/2 - y/(2*2*float32(math.Tan(math.Pi/8)))*height)
		for k := at - 3; k <= at+3; k++ {
			if c := p.NRGBAAt(width/2, k); int(c.G) > int(c.R)+20 {
				return true
			}
		}
		return false
	}
	if !green(0.1) || green(-0.1) {
		t.Errorf("the line before the screen is seen: %v, and that behind it: %v", green(0.1), green(-0.1))
	}
	for _, ev := range []float32{-3, 0, 2} {
		if err := s.scene.UpdateLook(func(l *scene.Look) { l.Exposure = ev }); err != nil {
			t.Fatal(err)
		}
		s.draw()
		if c := s.picture().NRGBAAt(width/2, height/2); math.Abs(float64(c.R)-0xc0) > 2 || math.Abs(float64(c.G)-0x80) > 2 || math.Abs(float64(c.B)-0x40) > 2 {
			t.Errorf("at %v EV the screen is %v", ev, c)
		}
	}
	if err := s.scene.UpdateGrid(id, func(g *scene.Grid) { g.Opacity = 0 }); err != nil {
		t.Fatal(err)
	}
	s.draw()
	if !green(0.1) || !green(-0.1) {
		t.Errorf("through a clear screen the lines are seen: %v, %v", green(0.1), green(-0.1))
	}
}
