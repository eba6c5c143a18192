package pass

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// The bytes of what Text reads from buffers.
const (
	TextGridSize  = 144 // a TextGrid
	TextCellSize  = 16  // a cell, as scene.GridCell
	TextGlyphSize = 32  // a TextGlyph
)

// Text draws grids of characters: one rectangle each, whose pixels find their cells and
// glyphs themselves, so there is one surface, which is tested against the depth and
// written to it once, and nothing in it can lie before something else of it by chance.
type Text struct {
	program
	sampler vk.Sampler
	// The set of the frame that is being recorded, and what it was written for.
	set   vk.DescriptorSet
	bound TextInput
}

// TextInput is what Record draws: Count grids from First on, from back to front. What
// lies in the ranges and the pages must stay as it is within a frame.
type TextInput struct {
	Frame          uint64
	ViewProjection mgl32.Mat4 // world to clip, reverse depth
	Brightness     float32    // multiplies colours; 0 is 1
	Time           float32    // seconds, for what blinks
	Grids          Range      // of TextGridSize each
	Cells          Range      // of TextCellSize each
	Glyphs         Range      // of TextGlyphSize each
	GlyphCount     uint32     // handles from here on name nothing
	// Pages (an array, RGBA8 as it is, scene.GlyphLevels levels, sampled in a fragment
	// shader, ShaderReadOnlyOptimal): distances and coverage, or premultiplied sRGB.
	Pages         vk.ImageView
	First, Count  uint32
	Width, Height int // of the target, pixels
}

// TextGrid is a grid on the device. Lengths are in metres; colours are bytes R, G, B, A.
type TextGrid struct {
	Origin, Right, Up             mgl32.Vec3 // the middle, and from it to the edges
	HalfSize, Padding, Cell       mgl32.Vec2
	Em, Baseline                  float32
	Underline, Strike, Thickness  float32 // from the baseline down
	Border, Opacity               float32
	Columns, Rows, FirstCell      uint32
	Paper, Frame, Cursor, Cursed  uint32 // colours
	CursorColumn, CursorRow       int32
	CursorShape, CursorColumnSpan int32 // as scene.CursorShape; 0: none
}

// Put writes the grid to the TextGridSize bytes of b.
func (g *TextGrid) Put(b []byte) {
	_ = b[TextGridSize-1]
	at := 0
	word := func(x uint32) {
		binary.LittleEndian.PutUint32(b[at:], x)
		at += 4
	}
	floats := func(xs ...float32) {
		for _, x := range xs {
			word(math.Float32bits(x))
		}
	}
	floats(g.Origin[0], g.Origin[1], g.Origin[2], g.Em)
	floats(g.Right[0], g.Right[1], g.Right[2], g.HalfSize[0])
	floats(g.Up[0], g.Up[1], g.Up[2], g.HalfSize[1])
	floats(g.Cell[0], g.Cell[1], g.Padding[0], g.Padding[1])
	floats(g.Underline, g.Strike, g.Thickness, g.Border)
	floats(g.Baseline, g.Opacity, 0, 0)
	word(g.Columns)
	word(g.Rows)
	word(g.FirstCell)
	word(0)
	word(g.Paper)
	word(g.Frame)
	word(g.Cursor)
	word(g.Cursed)
	word(uint32(g.CursorColumn))
	word(uint32(g.CursorRow))
	word(uint32(g.CursorShape))
	word(uint32(g.CursorColumnSpan))
}

// TextGlyph is a glyph on the device. It draws nothing where Page is negative.
type TextGlyph struct {
	Page                     int32
	Color                    bool
	X, Y, W, H               uint16
	Mean                     [4]uint8 // of the picture, as its page holds it
	Left, Top, Right, Bottom float32  // ems, Y up
}

// Put writes the glyph to the TextGlyphSize bytes of b.
func (g *TextGlyph) Put(b []byte) {
	_ = b[TextGlyphSize-1]
	page := uint32(0)
	if g.Page >= 0 {
		page = uint32(g.Page) + 1
		if g.Color {
			page |= 1 << 16
		}
	}
	binary.LittleEndian.PutUint32(b[0:], page)
	binary.LittleEndian.PutUint32(b[4:], uint32(g.X)|uint32(g.Y)<<16)
	binary.LittleEndian.PutUint32(b[8:], uint32(g.W)|uint32(g.H)<<16)
	copy(b[12:16], g.Mean[:])
	binary.LittleEndian.PutUint32(b[16:], math.Float32bits(g.Left))
	binary.LittleEndian.PutUint32(b[20:], math.Float32bits(g.Top))
	binary.LittleEndian.PutUint32(b[24:], math.Float32bits(g.Right))
	binary.LittleEndian.PutUint32(b[28:], math.Float32bits(g.Bottom))
}

// NewText makes the pass.
func NewText(d *device.Device, t Target) (*Text, error) {
	s, err := d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear, Mipmap: vk.SamplerMipmapModeLinear,
		U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge, MaxLod: device.LodAll})
	if err != nil {
		return nil, err
	}
	p, err := newDrawing(d, drawing{vertex: "text_grid.vert", fragment: "text_grid.frag", push: 76, target: t,
		topology: vk.PrimitiveTopologyTriangleStrip, depthTest: true, depthWrite: true, blend: raw.BlendAlpha}, storage, storage, storage, sampled)
	if err != nil {
		return nil, err
	}
	return &Text{program: p, sampler: s}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Text) Close() { p.program.close() }

// Record draws grids.
func (p *Text) Record(s *raw.Stream, in TextInput) error {
	if in.Width <= 0 || in.Height <= 0 {
		return fmt.Errorf("%w: text on a picture of %d by %d pixels", ErrInput, in.Width, in.Height)
	}
	if in.Count == 0 {
		return nil
	}
	b := &p.bound
	if p.set == vk.NullDescriptorSet || b.Frame != in.Frame || b.Grids != in.Grids || b.Cells != in.Cells || b.Glyphs != in.Glyphs || b.Pages != in.Pages {
		set, err := p.sets.take(in.Frame)
		if err != nil {
			return err
		}
		p.sets.buffer(0, in.Grids)
		p.sets.buffer(1, in.Cells)
		p.sets.buffer(2, in.Glyphs)
		p.sets.texture(3, in.Pages, p.sampler, vk.ImageLayoutShaderReadOnlyOptimal)
		p.sets.write(set)
		p.set, p.bound = set, in
	}
	push := struct {
		viewProjection   mgl32.Mat4
		brightness, time float32
		glyphs           uint32
	}{in.ViewProjection, in.Brightness, in.Time, in.GlyphCount}
	if push.brightness == 0 {
		push.brightness = 1
	}
	p.begin(s, in.Width, in.Height)
	s.BindSets(vk.PipelineBindPointGraphics, p.layout, 0, p.set)
	s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
	s.Draw(4, in.Count, 0, in.First)
	return nil
}
