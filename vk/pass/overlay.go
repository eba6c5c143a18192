package pass

import (
	"encoding/binary"
	"fmt"
	"math"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// MaxQuads bounds the rectangles and glyphs of one overlay: a screen full of text.
const MaxQuads = 1 << 15

// quadSize is the bytes of a rectangle or glyph, as in overlay_quad.vert.
const quadSize = 16

// OverlayContent is what stands over the picture: rectangles first, texts over them.
// Colours are RGBA with straight alpha, sRGB-encoded.
type OverlayContent struct {
	Rects []OverlayRect
	Texts []OverlayText
}

// OverlayRect is a rectangle in pixels from the upper left.
type OverlayRect struct {
	X, Y, Width, Height int
	Color               [4]uint8
}

// OverlayText is text of GlyphWidth by GlyphHeight pixels a character, times Scale
// (0 is 1). A line feed begins a new line under X.
type OverlayText struct {
	X, Y  int
	Text  string
	Scale int
	Color [4]uint8
}

// Size is the bytes that Record needs as OverlayInput.Space.
func (c *OverlayContent) Size() int {
	n := len(c.Rects)
	for i := range c.Texts {
		n += len(c.Texts[i].Text) // a character is a byte or more
	}
	return min(n, MaxQuads) * quadSize
}

// Overlay draws text of one width and rectangles over the finished picture.
type Overlay struct {
	program
	sampler vk.Sampler
	atlas   *mem.Image
}

// OverlayInput is what Record draws. Space and SpaceBytes are Content.Size() bytes
// (storage, vertex shader, written by the host) that stay until the frame is executed.
type OverlayInput struct {
	Frame         uint64
	Content       *OverlayContent
	Space         Range
	SpaceBytes    []byte
	Width, Height int // of the target, pixels
}

// NewOverlay makes the pass for a target without depth, and uploads the font.
func NewOverlay(d *device.Device, a *mem.Allocator, t Target) (*Overlay, error) {
	p := &Overlay{}
	var err error
	if p.sampler, err = d.Sampler(device.SamplerDesc{U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge}); err != nil {
		return nil, err
	}
	if p.program, err = newDrawing(d, drawing{vertex: "overlay_quad.vert", fragment: "overlay_quad.frag", push: 16, target: t,
		topology: vk.PrimitiveTopologyTriangleStrip, blend: raw.BlendAlpha}, storage, sampled); err != nil {
		return nil, err
	}
	if p.atlas, err = uploadFont(d, a); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Overlay) Close() {
	p.program.close()
	p.atlas.Close()
}

// Record draws the content; what is beyond MaxQuads is left out.
func (p *Overlay) Record(s *raw.Stream, in OverlayInput) error {
	if in.Width <= 0 || in.Height <= 0 || in.Content == nil {
		return fmt.Errorf("%w: an overlay on a picture of %d by %d pixels", ErrInput, in.Width, in.Height)
	}
	if len(in.SpaceBytes) < in.Content.Size() {
		return fmt.Errorf("%w: %d bytes for an overlay, it must be %d", ErrInput, len(in.SpaceBytes), in.Content.Size())
	}
	n := in.Content.put(in.SpaceBytes)
	if n == 0 {
		return nil
	}
	set, err := p.sets.take(in.Frame)
	if err != nil {
		return err
	}
	p.sets.buffer(0, in.Space)
	p.sets.texture(1, p.atlas.View, p.sampler, vk.ImageLayoutShaderReadOnlyOptimal)
	p.sets.write(set)
	push := struct {
		scale [2]float32
		cell  [2]uint32
	}{[2]float32{2 / float32(in.Width), 2 / float32(in.Height)}, [2]uint32{cellWidth, cellHeight}}
	p.begin(s, in.Width, in.Height)
	s.BindSets(vk.PipelineBindPointGraphics, p.layout, 0, set)
	s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
	s.Draw(4, uint32(n), 0, 0)
	return nil
}

// put writes the quads into dst and returns how many there are.
func (c *OverlayContent) put(dst []byte) int {
	n := 0
	quad := func(x, y, w, h int, glyph uint32, color [4]uint8) {
		if n >= MaxQuads || !fits(x, y, w, h) || color[3] == 0 {
			return
		}
		b := dst[n*quadSize : (n+1)*quadSize]
		binary.LittleEndian.PutUint16(b, uint16(int16(x)))
		binary.LittleEndian.PutUint16(b[2:], uint16(int16(y)))
		binary.LittleEndian.PutUint16(b[4:], uint16(w))
		binary.LittleEndian.PutUint16(b[6:], uint16(h))
		binary.LittleEndian.PutUint32(b[8:], glyph)
		copy(b[12:], color[:])
		n++
	}
	for i := range c.Rects {
		r := &c.Rects[i]
		quad(r.X, r.Y, r.Width, r.Height, solid, r.Color)
	}
	for i := range c.Texts {
		t := &c.Texts[i]
		scale := max(t.Scale, 1)
		x, y := t.X, t.Y
		for _, r := range t.Text {
			if r == '\n' {
				x, y = t.X, y+GlyphHeight*scale
				continue
			}
			if r != ' ' {
				quad(x, y, cellWidth*scale, cellHeight*scale, glyph(r), t.Color)
			}
			x += GlyphWidth * scale
		}
	}
	return n
}

// fits reports whether a quad is one that 16 bits can hold: others are off any screen.
func fits(x, y, w, h int) bool {
	in := func(v int) bool { return v >= math.MinInt16 && v <= math.MaxInt16 }
	return in(x) && in(y) && w > 0 && h > 0 && in(w) && in(h)
}
