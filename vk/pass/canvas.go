package pass

import (
	"fmt"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// Canvas draws flat pictures in the space, seen from both sides, blended over what is
// behind. They are tested against the depth and written to it where they are not
// wholly transparent, so that lines behind them do not shine through.
type Canvas struct {
	program
	linear, nearest vk.Sampler
}

// CanvasInput is what Record draws: canvases from back to front.
type CanvasInput struct {
	Frame          uint64
	ViewProjection mgl32.Mat4 // world to clip, reverse depth
	Brightness     float32    // multiplies colours, such as 1/exposure to show them as they are; 0 is 1
	Draws          []CanvasDraw
	Width, Height  int // of the target, pixels
}

// CanvasDraw is one canvas. Texture (sampled, fragment, ShaderReadOnlyOptimal) has
// straight alpha and gives linear colours, as a view of an sRGB format does; its first
// row is the upper edge.
type CanvasDraw struct {
	Texture   vk.ImageView
	Nearest   bool
	Origin    mgl32.Vec3 // the middle, world
	Right, Up mgl32.Vec3 // from the middle to the right and the upper edge
	Opacity   float32
}

// NewCanvas makes the pass.
func NewCanvas(d *device.Device, t Target) (*Canvas, error) {
	edge := device.SamplerDesc{U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge}
	nearest, err := d.Sampler(edge)
	if err != nil {
		return nil, err
	}
	edge.Mag, edge.Min = vk.FilterLinear, vk.FilterLinear
	linear, err := d.Sampler(edge)
	if err != nil {
		return nil, err
	}
	p, err := newDrawing(d, drawing{vertex: "canvas_quad.vert", fragment: "canvas_quad.frag", push: 112, target: t,
		topology: vk.PrimitiveTopologyTriangleStrip, depthTest: true, depthWrite: true, blend: raw.BlendAlpha}, sampled)
	if err != nil {
		return nil, err
	}
	return &Canvas{p, linear, nearest}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Canvas) Close() { p.program.close() }

// Record draws all canvases.
func (p *Canvas) Record(s *raw.Stream, in CanvasInput) error {
	if in.Width <= 0 || in.Height <= 0 {
		return fmt.Errorf("%w: canvases on a picture of %d by %d pixels", ErrInput, in.Width, in.Height)
	}
	if len(in.Draws) == 0 {
		return nil
	}
	brightness := in.Brightness
	if brightness == 0 {
		brightness = 1
	}
	p.begin(s, in.Width, in.Height)
	for i := range in.Draws {
		d := &in.Draws[i]
		if d.Texture == vk.NullImageView || d.Opacity <= 0 {
			continue
		}
		set, err := p.sets.take(in.Frame)
		if err != nil {
			return err
		}
		sampler := p.linear
		if d.Nearest {
			sampler = p.nearest
		}
		p.sets.texture(0, d.Texture, sampler, vk.ImageLayoutShaderReadOnlyOptimal)
		p.sets.write(set)
		push := struct {
			viewProjection    mgl32.Mat4
			origin, right, up mgl32.Vec4
		}{in.ViewProjection, d.Origin.Vec4(min(d.Opacity, 1)), d.Right.Vec4(brightness), d.Up.Vec4(0)}
		s.BindSets(vk.PipelineBindPointGraphics, p.layout, 0, set)
		s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
		s.Draw(4, 1, 0, 0)
	}
	return nil
}
