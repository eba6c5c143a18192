package pass

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"
	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"

	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// overlaid draws content over a picture of one colour.
func overlaid(t *testing.T, g *rig, w, h int, back [4]float32, c *OverlayContent) []byte {
	t.Helper()
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	p, err := NewOverlay(g.dev, g.alloc, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	space := g.buffer(c.Size())
	return x.draw(back, 0, func(s *raw.Stream) error {
		return p.Record(s, OverlayInput{Frame: 1, Content: c, Space: Range{Buffer: space.Handle}, SpaceBytes: space.Bytes, Width: w, Height: h})
	})
}

// Text is the font's pixels, blended; the truth is drawn by x/image.
func TestOverlayText(t *testing.T) {
	g := open(t)
	const w, h = 200, 60
	text := "Hearth 60.0 fps ¡Año!\n  {gj|_} über 12%"
	ink := [4]uint8{240, 200, 40, 255}
	got := overlaid(t, g, w, h, [4]float32{0, 0, 0.2, 1}, &OverlayContent{Texts: []OverlayText{{X: 3, Y: 5, Text: text, Color: ink}, {X: 3, Y: 40, Text: "\u4e00", Color: ink}}})
	want := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(want, want.Rect, image.NewUniform(color.NRGBA{0, 0, 51, 255}), image.Point{}, draw.Src)
	line := func(x, y int, s string) {
		d := font.Drawer{Dst: want, Src: image.NewUniform(color.NRGBA{ink[0], ink[1], ink[2], 255}), Face: inconsolata.Regular8x16,
			Dot: fixed.P(x, y+inconsolata.Regular8x16.Ascent)}
		d.DrawString(s)
	}
	for i, s := range strings.Split(text, "\n") {
		line(3, 5+i*GlyphHeight, s)
	}
	line(3, 40, "\u4e00")
	for i := range got {
		if math.Abs(float64(got[i])-float64(want.Pix[i])) > 1 {
			t.Fatalf("pixel %d,%d: %v, want %v", i/4%w, i/4/w, got[i/4*4:i/4*4+4], want.Pix[i/4*4:i/4*4+4])
		}
	}
}

// Rectangles cover exactly their pixels, later ones over earlier ones, texts over all.
func TestOverlayRects(t *testing.T) {
	g := open(t)
	const w, h = 40, 20
	got := overlaid(t, g, w, h, [4]float32{0, 0, 0, 1}, &OverlayContent{Rects: []OverlayRect{
		{X: 2, Y: 3, Width: 10, Height: 5, Color: [4]uint8{255, 0, 0, 255}},
		{X: 8, Y: 4, Width: 10, Height: 10, Color: [4]uint8{0, 255, 0, 128}},
		{X: -5, Y: 15, Width: 9, Height: 100, Color: [4]uint8{0, 0, 255, 255}},
		{X: 30, Y: 2, Width: 0, Height: 5, Color: [4]uint8{255, 255, 255, 255}},
		{X: 30, Y: 2, Width: 5, Height: -5, Color: [4]uint8{255, 255, 255, 255}},
		{X: 1 << 20, Y: 2, Width: 5, Height: 5, Color: [4]uint8{255, 255, 255, 255}},
		{X: 30, Y: 2, Width: 5, Height: 5, Color: [4]uint8{255, 255, 255, 0}},
	}})
	for y := range h {
		for x := range w {
			var want [3]float64
			if x >= 2 && x < 12 && y >= 3 && y < 8 {
				want[0] = 255
			}
			if x >= 8 && x < 18 && y >= 4 && y < 14 {
				want[0], want[1] = want[0]*127/255, 128
			}
			if x < 4 && y >= 15 {
				want = [3]float64{0, 0, 255}
			}
			c := pixel(got, w, x, y)
			for k := range 3 {
				if math.Abs(float64(c[k])-want[k]) > 1 {
					t.Fatalf("pixel %d,%d is %v, want %v", x, y, c, want)
				}
			}
		}
	}
}

// What the overlay is for: timings in words and bars.
func TestOverlayPicture(t *testing.T) {
	g := open(t)
	const w, h = 256, 144
	c := &OverlayContent{Rects: []OverlayRect{{X: 6, Y: 6, Width: 150, Height: 84, Color: [4]uint8{10, 12, 20, 180}}}}
	for i, s := range []string{"shadow  0.41 ms", "opaque  2.73 ms", "bloom   0.52 ms", "tone    0.18 ms"} {
		c.Texts = append(c.Texts, OverlayText{X: 12, Y: 10 + i*20, Text: s, Color: [4]uint8{230, 230, 230, 255}})
		c.Rects = append(c.Rects, OverlayRect{X: 12, Y: 26 + i*20, Width: 10 + i*i*14, Height: 2, Color: [4]uint8{90, uint8(220 - i*40), 120, 255}})
	}
	c.Texts = append(c.Texts, OverlayText{X: 120, Y: 104, Text: "Hearth", Scale: 2, Color: [4]uint8{255, 190, 80, 200}})
	vktest.Golden(t, "overlay", picturePNG(overlaid(t, g, w, h, [4]float32{0.25, 0.35, 0.45, 1}, c), w, h))
}

func TestOverlayInput(t *testing.T) {
	g := open(t)
	x := g.surface(8, 8, vk.FormatR8g8b8a8Unorm, 4, false)
	p, err := NewOverlay(g.dev, g.alloc, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	long := &OverlayContent{Texts: []OverlayText{{Text: strings.Repeat("x", 2*MaxQuads), Color: [4]uint8{1, 1, 1, 1}}}}
	if long.Size() != MaxQuads*quadSize {
		t.Errorf("a long text takes %d bytes", long.Size())
	}
	// Characters beyond 32767 pixels are not kept; those that are fill what there is.
	for i := range 100 {
		long.Texts = append(long.Texts, OverlayText{Y: i, Text: strings.Repeat("x", 1000), Color: [4]uint8{1, 1, 1, 1}})
	}
	if n := long.put(make([]byte, long.Size())); n != MaxQuads {
		t.Errorf("a flood of text makes %d quads, want %d", n, MaxQuads)
	}
	var s raw.Stream
	for name, in := range map[string]OverlayInput{
		"no content": {Width: 1, Height: 1}, "no size": {Content: long},
		"no space": {Content: long, Width: 1, Height: 1, SpaceBytes: make([]byte, 10)},
	} {
		if err := p.Record(&s, in); !errors.Is(err, ErrInput) || s.Len() != 0 {
			t.Errorf("%s: %v, %d words", name, err, s.Len())
		}
	}
	if err := p.Record(&s, OverlayInput{Content: &OverlayContent{}, Width: 1, Height: 1}); err != nil || s.Len() != 0 {
		t.Errorf("nothing to draw: %v, %d words", err, s.Len())
	}
}
