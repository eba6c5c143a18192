package raw

// #include "raw.h"
import "C"

import (
	"fmt"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// Limits of a pipeline, the least that Vulkan promises or what the renderer needs.
const (
	MaxVertexBindings   = 4
	MaxVertexAttributes = 16
	MaxConstants        = 16 // specialization constants of a stage
	MaxBindings         = 32 // bindings of a set layout
)

// Blend says how a colour joins what is there.
type Blend uint32

// The ways to blend; alpha is what covers what is behind.
const (
	BlendOff           Blend = iota
	BlendAlpha               // colour not multiplied by alpha
	BlendPremultiplied       // colour already multiplied by alpha
	BlendAdditive
)

// Constant is a specialization constant: a bool, an int or the bits of a float.
type Constant struct{ ID, Value uint32 }

// ShaderStage is a shader of a pipeline; its entry point is main.
type ShaderStage struct {
	Module    vk.ShaderModule
	Constants []Constant
}

// VertexBinding is a vertex buffer: bytes from one vertex (or instance) to the next.
type VertexBinding struct {
	Stride      uint32
	PerInstance bool
}

// VertexAttribute is a member of a vertex.
type VertexAttribute struct {
	Location, Binding uint32
	Format            vk.Format
	Offset            uint32
}

// GraphicsDesc describes a pipeline for dynamic rendering. Viewport and scissor are
// dynamic. The zero values are: triangles, no culling, counter-clockwise front
// faces, no depth test, no blending, all channels written, one sample.
type GraphicsDesc struct {
	Name             string
	Vertex, Fragment ShaderStage // without a fragment module only depth is written
	Layout           vk.PipelineLayout
	Bindings         []VertexBinding
	Attributes       []VertexAttribute

	Topology   vk.PrimitiveTopology // the zero value is points in Vulkan; here it is triangles unless Points
	Points     bool
	Cull       vk.CullModeFlagBits
	Clockwise  bool // front faces are clockwise
	Wire       bool // needs FillModeNonSolid
	DepthClamp bool // needs DepthClamp

	DepthTest, DepthWrite              bool
	DepthCompare                       vk.CompareOp
	BiasConstant, BiasSlope, BiasClamp float32

	Blend      Blend
	NoColor    bool        // write no channel
	Colors     []vk.Format // at most MaxColors
	Depth      vk.Format   // 0: none
	Samples    uint32      // 0 is 1
	AlphaToCov bool        // alpha to coverage
}

func flag(b bool) C.uint32_t {
	if b {
		return 1
	}
	return 0
}

// NewGraphics makes a graphics pipeline. ErrStream wraps what is beyond the limits.
func (fn *Functions) NewGraphics(cache vk.PipelineCache, d *GraphicsDesc) (vk.Pipeline, vk.Result, error) {
	var none vk.Pipeline
	if len(d.Bindings) > MaxVertexBindings || len(d.Attributes) > MaxVertexAttributes || len(d.Colors) > MaxColors ||
		len(d.Vertex.Constants) > MaxConstants || len(d.Fragment.Constants) > MaxConstants || d.Blend > BlendAdditive {
		return none, vk.Success, fmt.Errorf("%w: pipeline %q is larger than %d vertex buffers, %d attributes, %d colours and %d constants",
			ErrStream, d.Name, MaxVertexBindings, MaxVertexAttributes, MaxColors, MaxConstants)
	}
	g := (*C.raw_graphics)(C.calloc(1, C.sizeof_raw_graphics))
	defer C.free(unsafe.Pointer(g))
	for i, s := range []*ShaderStage{&d.Vertex, &d.Fragment} {
		g.module[i], g.constants[i] = C.uint64_t(bits(s.Module)), C.uint32_t(len(s.Constants))
		for j, c := range s.Constants {
			g.constant_id[i][j], g.constant_value[i][j] = C.uint32_t(c.ID), C.uint32_t(c.Value)
		}
	}
	g.layout = C.uint64_t(bits(d.Layout))
	g.bindings, g.attributes = C.uint32_t(len(d.Bindings)), C.uint32_t(len(d.Attributes))
	for i, b := range d.Bindings {
		g.binding_stride[i], g.binding_instance[i] = C.uint32_t(b.Stride), flag(b.PerInstance)
	}
	for i, a := range d.Attributes {
		g.attribute_location[i], g.attribute_binding[i] = C.uint32_t(a.Location), C.uint32_t(a.Binding)
		g.attribute_format[i], g.attribute_offset[i] = C.uint32_t(a.Format), C.uint32_t(a.Offset)
	}
	g.topology = C.uint32_t(d.Topology)
	if d.Topology == 0 && !d.Points {
		g.topology = C.uint32_t(vk.PrimitiveTopologyTriangleList)
	}
	g.cull, g.front, g.wire, g.depth_clamp = C.uint32_t(d.Cull), flag(d.Clockwise), flag(d.Wire), flag(d.DepthClamp)
	g.depth_test, g.depth_write, g.depth_compare = flag(d.DepthTest), flag(d.DepthWrite), C.uint32_t(d.DepthCompare)
	g.depth_bias = flag(d.BiasConstant != 0 || d.BiasSlope != 0)
	g.bias_constant, g.bias_slope, g.bias_clamp = C.float(d.BiasConstant), C.float(d.BiasSlope), C.float(d.BiasClamp)
	g.samples, g.alpha_to_coverage, g.blend = C.uint32_t(max(d.Samples, 1)), flag(d.AlphaToCov), C.uint32_t(d.Blend)
	if !d.NoColor {
		g.write_mask = 15
	}
	g.colors, g.depth_format = C.uint32_t(len(d.Colors)), C.uint32_t(d.Depth)
	for i, f := range d.Colors {
		g.color_format[i] = C.uint32_t(f)
	}
	var p C.VkPipeline
	r := C.raw_graphics_pipeline(fn.c, fn.dev(), C.VkPipelineCache(unsafe.Pointer(cache)), g, &p)
	return vk.Pipeline(unsafe.Pointer(p)), vk.Result(r), nil
}

// ComputeDesc describes a compute pipeline.
type ComputeDesc struct {
	Name   string
	Shader ShaderStage
	Layout vk.PipelineLayout
}

// NewCompute makes a compute pipeline.
func (fn *Functions) NewCompute(cache vk.PipelineCache, d *ComputeDesc) (vk.Pipeline, vk.Result, error) {
	if len(d.Shader.Constants) > MaxConstants {
		var none vk.Pipeline
		return none, vk.Success, fmt.Errorf("%w: pipeline %q has more than %d constants", ErrStream, d.Name, MaxConstants)
	}
	g := (*C.raw_compute)(C.calloc(1, C.sizeof_raw_compute))
	defer C.free(unsafe.Pointer(g))
	g.module, g.layout, g.constants = C.uint64_t(bits(d.Shader.Module)), C.uint64_t(bits(d.Layout)), C.uint32_t(len(d.Shader.Constants))
	for j, c := range d.Shader.Constants {
		g.constant_id[j], g.constant_value[j] = C.uint32_t(c.ID), C.uint32_t(c.Value)
	}
	var p C.VkPipeline
	r := C.raw_compute_pipeline(fn.c, fn.dev(), C.VkPipelineCache(unsafe.Pointer(cache)), g, &p)
	return vk.Pipeline(unsafe.Pointer(p)), vk.Result(r), nil
}

// NewShader makes a module of SPIR-V words.
func (fn *Functions) NewShader(code []uint32) (vk.ShaderModule, vk.Result) {
	var m C.VkShaderModule
	r := C.raw_shader(fn.c, fn.dev(), (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(code))), C.size_t(4*len(code)), &m)
	return vk.ShaderModule(unsafe.Pointer(m)), vk.Result(r)
}

// NewPipelineCache makes a cache from what CacheData returned before, or empty.
func (fn *Functions) NewPipelineCache(data []byte) (vk.PipelineCache, vk.Result) {
	var c C.VkPipelineCache
	r := C.raw_cache(fn.c, fn.dev(), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), &c)
	return vk.PipelineCache(unsafe.Pointer(c)), vk.Result(r)
}

// CacheData is what a cache holds.
func (fn *Functions) CacheData(c vk.PipelineCache) ([]byte, vk.Result) {
	var n C.size_t
	if r := C.raw_cache_data(fn.c, fn.dev(), C.VkPipelineCache(unsafe.Pointer(c)), &n, nil); r != C.VK_SUCCESS || n == 0 {
		return nil, vk.Result(r)
	}
	data := make([]byte, n)
	r := C.raw_cache_data(fn.c, fn.dev(), C.VkPipelineCache(unsafe.Pointer(c)), &n, unsafe.Pointer(&data[0]))
	return data[:n], vk.Result(r)
}
