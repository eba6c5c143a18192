package draw

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/model"
	"hearth/vk/raw"
	"hearth/vk/shaders"
)

// pipeKey names a pipeline. Pipelines are made when they are first needed: a scene
// uses a few of the many kinds.
type pipeKey struct {
	kind   Kind
	shadow bool
}

var attributes = []device.VertexAttribute{
	{Location: 0, Format: vk.FormatR32g32b32Sfloat, Offset: 0},
	{Location: 1, Format: vk.FormatR32g32b32Sfloat, Offset: 12},
	{Location: 2, Format: vk.FormatR32g32b32a32Sfloat, Offset: 24},
	{Location: 3, Format: vk.FormatR32g32Sfloat, Offset: 40},
	{Location: 4, Format: vk.FormatR32g32Sfloat, Offset: 48},
	{Location: 5, Format: vk.FormatR8g8b8a8Unorm, Offset: 56},
}

// Shadows are drawn a little deeper than what throws them: by steps of the map's
// depth, and more on slopes. The lookup moves along the normal besides, so that
// little is enough.
const (
	shadowBias  = 2
	shadowSlope = 1.5
)

func (r *Drawer) module(name string) (vk.ShaderModule, error) {
	if m, ok := r.modules[name]; ok {
		return m, nil
	}
	code, err := shaders.Module(name)
	if err != nil {
		return vk.NullShaderModule, err
	}
	m, err := r.d.Shader(code)
	if err == nil {
		r.modules[name] = m
	}
	return m, err
}

func (r *Drawer) compute(name string, l vk.PipelineLayout) (vk.Pipeline, error) {
	m, err := r.module(name)
	if err != nil {
		return vk.NullPipeline, err
	}
	return r.d.Compute(device.ComputeDesc{Name: name, Shader: device.ShaderStage{Module: m}, Layout: l})
}

// variant names a module for the profile.
func (r *Drawer) variant(base, stage string) string {
	if r.bindless() {
		return base + ".bindless." + stage
	}
	return base + "." + stage
}

// pipeline returns the pipeline of a kind, made at the first call.
func (r *Drawer) pipeline(k pipeKey) (vk.Pipeline, error) {
	if k.shadow { // what makes no difference for depth makes no pipeline
		k.kind.Topology = model.Triangles
		if k.kind.Alpha == model.Blend {
			k.kind.Alpha = model.Opaque
		}
	}
	if k.kind.DoubleSided && k.shadow {
		k.kind.Mirrored = false
	}
	if p, ok := r.pipes[k]; ok {
		return p, nil
	}
	var p vk.Pipeline
	var err error
	if k.shadow {
		p, err = r.newShadow(k.kind)
	} else {
		p, err = r.newSurface(k.kind)
	}
	if err == nil {
		r.pipes[k] = p
	}
	return p, err
}

func cullMode(k Kind) vk.CullModeFlagBits {
	if k.DoubleSided || k.Topology != model.Triangles {
		return 0
	}
	return vk.CullModeBackBit
}

func (r *Drawer) newSurface(k Kind) (vk.Pipeline, error) {
	v, err := r.module(r.variant("mesh_surface", "vert"))
	if err != nil {
		return vk.NullPipeline, err
	}
	f, err := r.module(r.variant("mesh_surface", "frag"))
	if err != nil {
		return vk.NullPipeline, err
	}
	coverage := k.Alpha == model.Mask && r.o.Samples > 1
	g := device.GraphicsDesc{
		Name:   "surface",
		Vertex: device.ShaderStage{Module: v},
		Fragment: device.ShaderStage{Module: f, Constants: []device.Constant{
			{ID: 0, Value: uint32(k.Alpha)}, {ID: 1, Value: bit(coverage)}, {ID: 2, Value: uint32(r.o.ShadowSoft)},
		}},
		Layout:   r.meshPipes,
		Bindings: []device.VertexBinding{{Stride: VertexSize}}, Attributes: attributes,
		Cull: cullMode(k), Clockwise: k.Mirrored,
		DepthTest: true, DepthWrite: k.Alpha != model.Blend, DepthCompare: vk.CompareOpGreaterOrEqual,
		Colors: []vk.Format{ColorFormat}, Depth: DepthFormat, Samples: uint32(r.o.Samples), AlphaToCov: coverage,
	}
	switch k.Topology {
	case model.Lines:
		g.Topology = vk.PrimitiveTopologyLineList
	case model.Points:
		g.Points = true
	}
	if k.Alpha == model.Blend {
		g.Blend = raw.BlendPremultiplied
	}
	return r.d.Graphics(g)
}

func (r *Drawer) newShadow(k Kind) (vk.Pipeline, error) {
	vertex := "shadow_depth.vert"
	var f vk.ShaderModule
	attrs := attributes[:1]
	if k.Alpha == model.Mask {
		vertex = "shadow_depth.mask.vert"
		if r.bindless() {
			vertex = "shadow_depth.mask_bindless.vert"
		}
		attrs = []device.VertexAttribute{attributes[0], attributes[3], attributes[4], attributes[5]}
		var err error
		if f, err = r.module(r.variant("shadow_mask", "frag")); err != nil {
			return vk.NullPipeline, err
		}
	}
	v, err := r.module(vertex)
	if err != nil {
		return vk.NullPipeline, err
	}
	return r.d.Graphics(device.GraphicsDesc{
		Name: "shadow", Vertex: device.ShaderStage{Module: v}, Fragment: device.ShaderStage{Module: f}, Layout: r.meshPipes,
		Bindings: []device.VertexBinding{{Stride: VertexSize}}, Attributes: attrs,
		Cull: cullMode(k), Clockwise: k.Mirrored, DepthClamp: r.d.Features.DepthClamp,
		DepthTest: true, DepthWrite: true, DepthCompare: vk.CompareOpLessOrEqual, BiasConstant: shadowBias, BiasSlope: shadowSlope,
		Depth: ShadowFormat,
	})
}

// skyPipeline makes the pipeline of the sky that there is.
func (r *Drawer) skyPipeline() (vk.Pipeline, error) {
	i, fragment := 0, "sky_cube.frag"
	if r.equirect {
		i, fragment = 1, "sky_cube.equirect.frag"
	}
	if r.sky[i] != vk.NullPipeline {
		return r.sky[i], nil
	}
	v, err := r.module("frame_full.vert")
	if err != nil {
		return vk.NullPipeline, err
	}
	f, err := r.module(fragment)
	if err != nil {
		return vk.NullPipeline, err
	}
	r.sky[i], err = r.d.Graphics(device.GraphicsDesc{
		Name: "sky", Vertex: device.ShaderStage{Module: v}, Fragment: device.ShaderStage{Module: f}, Layout: r.skyPipes,
		DepthTest: true, DepthCompare: vk.CompareOpGreaterOrEqual,
		Colors: []vk.Format{ColorFormat}, Depth: DepthFormat, Samples: uint32(r.o.Samples),
	})
	return r.sky[i], err
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
