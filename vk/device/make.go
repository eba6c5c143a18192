package device

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// The descriptions of what is made, which raw hands to Vulkan.
type (
	GraphicsDesc    = raw.GraphicsDesc
	ComputeDesc     = raw.ComputeDesc
	ShaderStage     = raw.ShaderStage
	Constant        = raw.Constant
	VertexBinding   = raw.VertexBinding
	VertexAttribute = raw.VertexAttribute
	Binding         = raw.Binding
	Write           = raw.Write
)

// The ways to blend, as raw has them.
const (
	BlendOff           = raw.BlendOff
	BlendAlpha         = raw.BlendAlpha
	BlendPremultiplied = raw.BlendPremultiplied
	BlendAdditive      = raw.BlendAdditive
)

// PushStages are the stages that see the push constants of a PipelineLayout: what
// Stream.Push is to be called with.
const PushStages = vk.ShaderStageVertexBit | vk.ShaderStageFragmentBit | vk.ShaderStageComputeBit

// ErrShader reports bytes that are no shader.
var ErrShader = errors.New("a shader is not SPIR-V; build it with glslc")

const (
	spirvMagic  = 0x07230203
	spirvHeader = 20       // magic, version, generator, bound, schema
	maxShader   = 16 << 20 // bytes; the largest here have some tens of KiB
)

// Shader makes a module of SPIR-V, little-endian. Destroy it with Destroy.
func (d *Device) Shader(spirv []byte) (vk.ShaderModule, error) {
	var none vk.ShaderModule
	if len(spirv) < spirvHeader || len(spirv)%4 != 0 || len(spirv) > maxShader {
		return none, fmt.Errorf("%w (%d bytes)", ErrShader, len(spirv))
	}
	if m := binary.LittleEndian.Uint32(spirv); m != spirvMagic {
		return none, fmt.Errorf("%w (it begins with %08x)", ErrShader, m)
	}
	words := make([]uint32, len(spirv)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(spirv[4*i:])
	}
	if err := checkSPIRV(words); err != nil {
		return none, err
	}
	m, r := d.F.NewShader(words)
	return m, d.check("vkCreateShaderModule", r)
}

// checkSPIRV walks the instructions: drivers trust their lengths.
func checkSPIRV(w []uint32) error {
	for i := spirvHeader / 4; i < len(w); {
		n := int(w[i] >> 16)
		if n == 0 || i+n > len(w) {
			return fmt.Errorf("%w (the instruction at word %d runs past its end)", ErrShader, i)
		}
		i += n
	}
	return nil
}

// PipelineLayout makes a layout of push bytes of push constants and these sets.
func (d *Device) PipelineLayout(push int, sets ...*SetLayout) (vk.PipelineLayout, error) {
	h := make([]vk.DescriptorSetLayout, len(sets))
	for i, s := range sets {
		h[i] = s.Handle
	}
	l, r, err := d.F.NewPipelineLayout(uint32(push), PushStages, h)
	if err != nil {
		return l, err
	}
	return l, d.check("vkCreatePipelineLayout", r)
}

// Graphics makes a graphics pipeline.
func (d *Device) Graphics(g GraphicsDesc) (vk.Pipeline, error) {
	p, r, err := d.F.NewGraphics(d.cache, &g)
	if err != nil {
		return p, err
	}
	if err := d.check("vkCreateGraphicsPipelines", r); err != nil {
		return p, fmt.Errorf("pipeline %q: %w", g.Name, err)
	}
	d.F.Name(vk.ObjectTypePipeline, raw.Bits(p), g.Name)
	return p, nil
}

// Compute makes a compute pipeline.
func (d *Device) Compute(c ComputeDesc) (vk.Pipeline, error) {
	p, r, err := d.F.NewCompute(d.cache, &c)
	if err != nil {
		return p, err
	}
	if err := d.check("vkCreateComputePipelines", r); err != nil {
		return p, fmt.Errorf("pipeline %q: %w", c.Name, err)
	}
	d.F.Name(vk.ObjectTypePipeline, raw.Bits(p), c.Name)
	return p, nil
}

// SamplerDesc describes a sampler. The zero value is nearest, repeating, without
// mipmaps.
type SamplerDesc struct {
	Mag, Min   vk.Filter
	Mipmap     vk.SamplerMipmapMode
	U, V, W    vk.SamplerAddressMode
	MaxLod     float32 // 0: only the first level; LodAll: all
	Anisotropy float32 // at most what the device has; below 2: none
	Compare    bool    // for shadow maps
	CompareOp  vk.CompareOp
	Border     vk.BorderColor
}

// LodAll lets a sampler use all levels.
const LodAll = 1000

// Sampler returns a sampler that is shared by all who ask for the same; the device
// destroys it.
func (d *Device) Sampler(s SamplerDesc) (vk.Sampler, error) {
	s.Anisotropy = min(s.Anisotropy, d.Limits.MaxAnisotropy)
	if s.Anisotropy < 2 {
		s.Anisotropy = 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if h, ok := d.samplers[s]; ok {
		return h, nil
	}
	ci := &vk.SamplerCreateInfo{SType: vk.StructureTypeSamplerCreateInfo, MagFilter: s.Mag, MinFilter: s.Min, MipmapMode: s.Mipmap,
		AddressModeU: s.U, AddressModeV: s.V, AddressModeW: s.W, MaxLod: s.MaxLod, BorderColor: s.Border}
	if s.Anisotropy > 0 {
		ci.AnisotropyEnable, ci.MaxAnisotropy = vk.True, s.Anisotropy
	}
	if s.Compare {
		ci.CompareEnable, ci.CompareOp = vk.True, s.CompareOp
	}
	defer ci.Free()
	var h vk.Sampler
	if err := d.check("vkCreateSampler", vk.CreateSampler(d.Handle, ci, nil, &h)); err != nil {
		return h, err
	}
	d.samplers[s] = h
	return h, nil
}

// Semaphore makes a binary semaphore, for a swapchain.
func (d *Device) Semaphore() (vk.Semaphore, error) {
	ci := &vk.SemaphoreCreateInfo{SType: vk.StructureTypeSemaphoreCreateInfo}
	defer ci.Free()
	var s vk.Semaphore
	return s, d.check("vkCreateSemaphore", vk.CreateSemaphore(d.Handle, ci, nil, &s))
}

// NameObject names an object (a handle of Vulkan) in messages.
func (d *Device) NameObject(t vk.ObjectType, handle uint64, name string) {
	d.F.Name(t, handle, strings.ReplaceAll(name, "\x00", ""))
}

// Destroy destroys objects when everything submitted so far has been executed:
// shader modules, pipelines, pipeline layouts, image views, semaphores and query
// pools. Null handles are skipped.
func (d *Device) Destroy(objects ...any) {
	d.Defer(func() {
		for _, o := range objects {
			d.destroy(o)
		}
	})
}

func (d *Device) destroy(o any) {
	switch h := o.(type) {
	case vk.ShaderModule:
		vk.DestroyShaderModule(d.Handle, h, nil)
	case vk.Pipeline:
		vk.DestroyPipeline(d.Handle, h, nil)
	case vk.PipelineLayout:
		vk.DestroyPipelineLayout(d.Handle, h, nil)
	case vk.ImageView:
		vk.DestroyImageView(d.Handle, h, nil)
	case vk.Semaphore:
		vk.DestroySemaphore(d.Handle, h, nil)
	case vk.QueryPool:
		vk.DestroyQueryPool(d.Handle, h, nil)
	default:
		d.Log.Error("an object of this type cannot be destroyed here; it leaks", "type", fmt.Sprintf("%T", o))
	}
}
