package vk

import (
	"image"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// double puts a row's glyphs into halves of cells, as lines of double width and height have
// them.
func double(row []scene.GridCell, size uint32) []scene.GridCell {
	out := make([]scene.GridCell, 2*len(row))
	for i := 0; i < len(row); i++ {
		c, n := row[i], 1
		out[2*i] = c
		if c.Deco&scene.DecoWide != 0 {
			n = 2
		}
		if c.Glyph != 0 {
			out[2*i].Glyph |= size
			out[2*i+n] = out[2*i]
			out[2*i+n].Glyph |= scene.GlyphRight
		}
		i += n - 1
	}
	return out
}

// Lines of double width and height look as a screen does whose letters are that large,
// near, far and from the side.
func TestGridDouble(t *testing.T) {
	profiles(t, func(t *testing.T, profile device.Profile) {
		for _, c := range []struct {
			from, to mgl32.Vec3
		}{{mgl32.Vec3{0, 0, 1.6}, mgl32.Vec3{}}, {mgl32.Vec3{0.8, 0.3, 0.5}, mgl32.Vec3{-0.1, 0.1, 0}}, {mgl32.Vec3{0, 0, 4}, mgl32.Vec3{}}} {
			if profile != device.ProfileBound && c.from[2] != 1.6 {
				continue // one view is enough of a device that draws slowly
			}
			var pictures [2]*image.NRGBA
			for i := range pictures {
				s := newStage(t, profile)
				s.plain()
				s.resize(400, 225)
				p := newPress(t, s.scene)
				smile := p.put(face(64), true)
				row := p.line(8, "Wfj y#", func(k int, c *scene.GridCell) {
					if k == 3 {
						c.Glyph, c.Deco = smile, scene.DecoWide
					}
				})
				row[4].Glyph = 0
				var g scene.Grid
				if i == 0 { // in two lines of halves
					g = screen(16, 4, 2)
					g.Lines = [][]scene.GridCell{double(row, scene.GlyphUpper), double(row, scene.GlyphLower), double(row, scene.GlyphUpper), double(row, scene.GlyphLower)}
				} else { // in one of large cells
					g = screen(8, 2, 2)
					g.Padding = g.Padding.Mul(0.5)
					g.HalfSize = g.HalfSize.Sub(g.Padding)
					g.Lines = [][]scene.GridCell{row, row}
				}
				s.grid(g)
				s.look(c.from, c.to)
				s.settle()
				pictures[i] = s.picture()
			}
			if profile == device.ProfileBound && c.from[2] == 1.6 {
				vktest.Golden(t, "text_double_high", pictures[0])
			}
			sum, wrong := 0, 0
			for k := range pictures[0].Pix {
				d := int(pictures[0].Pix[k]) - int(pictures[1].Pix[k])
				if d = max(d, -d); d > 24 {
					wrong++
				}
				sum += d
			}
			if wrong > 40 || sum > len(pictures[0].Pix)/20 {
				t.Errorf("from %v, %d values differ by much, all together by %.3f each", c.from, wrong, float64(sum)/float64(len(pictures[0].Pix)))
			}
		}
		// Double width alone, beside usual lines.
		s := newStage(t, profile)
		s.plain()
		s.resize(400, 225)
		p := newPress(t, s.scene)
		g := screen(16, 3, 2)
		g.Lines = [][]scene.GridCell{p.line(16, "Hearth, 16 wide."), double(p.line(8, "Hearth, "), scene.GlyphDoubleWidth), p.line(16, "gjpqy |@#&")}
		s.grid(g)
		s.look(mgl32.Vec3{0, 0, 2}, mgl32.Vec3{})
		s.settle()
		vktest.Golden(t, "text_double", s.picture())
	})
}
