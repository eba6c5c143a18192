package pass

import (
	"fmt"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// LineVertexSize is the bytes of a line's end: position f32x3 @0, linear colour
// f32x3 @12.
const LineVertexSize = 24

// lineBias is the share of its depth by which a line comes nearer: what lies on a
// surface is seen on it, what is behind a sheet of paper is not.
const lineBias = 1.0 / 2048

// Lines draws debug lines of one pixel, tested against the depth and not written to it.
type Lines struct{ program }

// LinesInput is what Record draws.
type LinesInput struct {
	ViewProjection mgl32.Mat4 // world to clip, reverse depth
	Brightness     float32    // multiplies colours; 0 is 1
	Draws          []LinesDraw
	Width, Height  int // of the target, pixels
}

// LinesDraw is one list of lines: Count indices of 32 bits, two for each line, into
// vertices of LineVertexSize.
type LinesDraw struct {
	Vertices, Indices Range
	Count             uint32
}

// NewLines makes the pass.
func NewLines(d *device.Device, t Target) (*Lines, error) {
	p, err := newDrawing(d, drawing{vertex: "lines_debug.vert", fragment: "lines_debug.frag", push: 72, target: t,
		topology: vk.PrimitiveTopologyLineList, stride: LineVertexSize,
		attributes: []raw.VertexAttribute{{Location: 0, Format: vk.FormatR32g32b32Sfloat}, {Location: 1, Format: vk.FormatR32g32b32Sfloat, Offset: 12}},
		depthTest:  true})
	if err != nil {
		return nil, err
	}
	return &Lines{p}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Lines) Close() { p.program.close() }

// Record draws all lists.
func (p *Lines) Record(s *raw.Stream, in LinesInput) error {
	if in.Width <= 0 || in.Height <= 0 {
		return fmt.Errorf("%w: lines on a picture of %d by %d pixels", ErrInput, in.Width, in.Height)
	}
	if len(in.Draws) == 0 {
		return nil
	}
	push := struct {
		viewProjection   mgl32.Mat4
		bias, brightness float32
	}{in.ViewProjection, lineBias, in.Brightness}
	if push.brightness == 0 {
		push.brightness = 1
	}
	p.begin(s, in.Width, in.Height)
	s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
	for i := range in.Draws {
		d := &in.Draws[i]
		if d.Count < 2 {
			continue
		}
		s.BindVertex(0, d.Vertices.Buffer, d.Vertices.Offset)
		s.BindIndex(d.Indices.Buffer, d.Indices.Offset, vk.IndexTypeUint32)
		s.DrawIndexed(d.Count&^1, 1, 0, 0, 0)
	}
	return nil
}
