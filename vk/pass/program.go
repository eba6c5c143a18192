package pass

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
	"hearth/vk/shaders"
)

// The kinds of binding that passes have, each of one descriptor.
const (
	storage = vk.DescriptorTypeStorageBuffer
	sampled = vk.DescriptorTypeCombinedImageSampler
	stored  = vk.DescriptorTypeStorageImage
)

// program is a pipeline with its layout and, unless it binds nothing, its sets.
type program struct {
	device   *device.Device
	pipeline vk.Pipeline
	layout   vk.PipelineLayout
	sets     *ring
}

// newProgram makes the layouts of set 0: binding i is of kind bindings[i].
func newProgram(d *device.Device, push int, stages vk.ShaderStageFlagBits, bindings []vk.DescriptorType) (program, error) {
	p := program{device: d}
	var layouts []*device.SetLayout
	if len(bindings) > 0 {
		b := make([]device.Binding, len(bindings))
		for i, t := range bindings {
			b[i] = device.Binding{Binding: uint32(i), Type: t, Stages: stages}
		}
		l, err := d.SetLayout(b)
		if err != nil {
			return p, err
		}
		p.sets = &ring{device: d, layout: l, kinds: bindings}
		layouts = append(layouts, l)
	}
	var err error
	p.layout, err = d.PipelineLayout(push, layouts...)
	return p, err
}

// newCompute makes the program of a compute shader.
func newCompute(d *device.Device, shader string, push int, bindings ...vk.DescriptorType) (program, error) {
	p, err := newProgram(d, push, vk.ShaderStageComputeBit, bindings)
	if err == nil {
		var m vk.ShaderModule
		if m, err = module(d, shader); err == nil {
			p.pipeline, err = d.Compute(device.ComputeDesc{Name: shader, Layout: p.layout, Shader: device.ShaderStage{Module: m}})
			d.Destroy(m)
		}
	}
	if err != nil {
		p.close()
		return program{}, err
	}
	return p, nil
}

// drawing describes a program that draws. With a stride it has one vertex buffer.
type drawing struct {
	vertex, fragment      string
	push                  int
	target                Target
	topology              vk.PrimitiveTopology // points are not drawn: 0 is triangles
	stride                uint32
	attributes            []raw.VertexAttribute
	depthTest, depthWrite bool
	blend                 raw.Blend
}

// newDrawing makes the program of a vertex and a fragment shader.
func newDrawing(d *device.Device, g drawing, bindings ...vk.DescriptorType) (program, error) {
	p, err := newProgram(d, g.push, vk.ShaderStageVertexBit|vk.ShaderStageFragmentBit, bindings)
	if err == nil {
		p.pipeline, err = g.pipeline(d, p.layout)
	}
	if err != nil {
		p.close()
		return program{}, err
	}
	return p, nil
}

func (g *drawing) pipeline(d *device.Device, layout vk.PipelineLayout) (vk.Pipeline, error) {
	var none vk.Pipeline
	v, err := module(d, g.vertex)
	if err != nil {
		return none, err
	}
	defer d.Destroy(v)
	f, err := module(d, g.fragment)
	if err != nil {
		return none, err
	}
	defer d.Destroy(f)
	desc := device.GraphicsDesc{Name: g.fragment, Layout: layout, Vertex: device.ShaderStage{Module: v}, Fragment: device.ShaderStage{Module: f},
		Attributes: g.attributes, Topology: g.topology, Blend: g.blend, Colors: []vk.Format{g.target.Color}, Depth: g.target.Depth,
		Samples: uint32(max(g.target.Samples, 1))}
	if g.stride > 0 {
		desc.Bindings = []device.VertexBinding{{Stride: g.stride}}
	}
	if g.target.Depth != vk.FormatUndefined {
		desc.DepthTest, desc.DepthWrite, desc.DepthCompare = g.depthTest, g.depthWrite, vk.CompareOpGreaterOrEqual
	}
	return d.Graphics(desc)
}

func module(d *device.Device, name string) (vk.ShaderModule, error) {
	code, err := shaders.Module(name)
	if err != nil {
		var none vk.ShaderModule
		return none, err
	}
	return d.Shader(code)
}

// close destroys what there is, behind the frames in flight.
func (p *program) close() {
	if p.device == nil {
		return
	}
	p.device.Destroy(p.pipeline, p.layout)
	if p.sets != nil {
		p.sets.layout.Close()
	}
	*p = program{}
}

// dispatch records a run of a compute program.
func (p *program) dispatch(s *raw.Stream, set vk.DescriptorSet, push []byte, x, y, z uint32) {
	s.BindPipeline(vk.PipelineBindPointCompute, p.pipeline)
	s.BindSets(vk.PipelineBindPointCompute, p.layout, 0, set)
	s.Push(p.layout, device.PushStages, 0, push)
	s.Dispatch(x, y, z)
}

// begin binds a drawing program for a target of a size.
func (p *program) begin(s *raw.Stream, width, height int) {
	s.BindPipeline(vk.PipelineBindPointGraphics, p.pipeline)
	s.Viewport(0, 0, float32(width), float32(height), 0, 1)
	s.Scissor(0, 0, uint32(width), uint32(height))
}
