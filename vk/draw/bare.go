package draw

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// Bare draws one triangle over the whole picture with the shader of surfaces and one
// material: what drawing costs at least, to measure the rest against.
type Bare struct {
	r    *Drawer
	pipe vk.Pipeline
}

// NewBare makes the pipeline. It is for the bound profile.
func (r *Drawer) NewBare() (*Bare, error) {
	v, err := r.module("mesh_full.vert")
	if err != nil {
		return nil, err
	}
	f, err := r.module("mesh_surface.frag")
	if err != nil {
		return nil, err
	}
	p, err := r.d.Graphics(device.GraphicsDesc{Name: "bare", Vertex: device.ShaderStage{Module: v},
		Fragment: device.ShaderStage{Module: f, Constants: []device.Constant{{ID: 2, Value: uint32(r.o.ShadowSoft)}}},
		Layout:   r.meshPipes, DepthTest: true, DepthWrite: true, DepthCompare: vk.CompareOpGreaterOrEqual,
		Colors: []vk.Format{ColorFormat}, Depth: DepthFormat, Samples: uint32(r.o.Samples)})
	if err != nil {
		return nil, err
	}
	return &Bare{r, p}, nil
}

// Record draws it with the material of the first group of the world.
func (b *Bare) Record(s *raw.Stream) {
	const graphics = vk.PipelineBindPointGraphics
	s.BindPipeline(graphics, b.pipe)
	s.BindSets(graphics, b.r.meshPipes, 0, b.r.set, b.r.World.groups[0].key.set)
	s.Draw(3, 1, 0, 0)
}

// Close gives the pipeline back.
func (b *Bare) Close() { b.r.d.Destroy(b.pipe) }
