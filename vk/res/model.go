package res

import (
	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/model"
)

// Model is a model on the device.
type Model struct {
	// Source is the model as decoded, without its pixels and vertices: nodes, skins,
	// animations, lights and materials. A mesh with a material is a model of one node.
	Source    *model.Model
	Meshes    []Mesh     // as Source.Meshes
	Materials []Material // as Source.Materials, and at the end the default one

	textures []*Texture
	slots    []slot
}

// Geometry is where a mesh lies. Vertices and indices of VertexSize and IndexSize
// bytes; First... count those, not bytes.
type Geometry struct {
	VertexBuffer, IndexBuffer vk.Buffer
	VertexOffset              int32
	VertexCount               uint32
	FirstIndex, IndexCount    uint32
	Min, Max                  mgl32.Vec3
}

// Mesh is a mesh on the device.
type Mesh struct {
	Geometry
	Topology model.Topology
	Material int // index in Model.Materials, always valid

	SkinBuffer          vk.Buffer // null unless skinned
	FirstSkin           uint32    // of VertexCount, in SkinSize bytes
	DeltaBuffer         vk.Buffer // null without morph targets
	FirstDelta, Targets uint32    // of Targets * VertexCount, in DeltaSize bytes
	vertex, index       part
	skin, delta         part
}

// Material is a material on the device.
type Material struct {
	Set         vk.DescriptorSet // profile bound: set 1
	Index       uint32           // profile bindless: place in the table
	Alpha       model.AlphaMode
	DoubleSided bool
	Unlit       bool

	part part
	set  bool
}

// Texture is an image on the device, in the layout SHADER_READ_ONLY_OPTIMAL.
type Texture struct {
	Image *mem.Image
	Cube  bool
	HDR   bool // RGBA16F; else RGBA8

	picture *model.Picture // until it is copied
}

func (t *Texture) destroy() { t.Image.Close() }

// slot is a texture with a sampler in the table of the bindless profile.
type slot struct{ r mem.Range }

// destroy gives everything up behind the frames in flight. Resources.mu is held.
func (m *Model) destroy(r *Resources) {
	for i := range m.Meshes {
		h := &m.Meshes[i]
		r.vertices.give(h.vertex)
		r.indices.give(h.index)
		r.skins.give(h.skin)
		r.deltas.give(h.delta)
	}
	for i := range m.Materials {
		r.materials.give(&m.Materials[i])
	}
	for _, s := range m.slots {
		r.materials.giveSlot(s)
	}
	for _, t := range m.textures {
		t.destroy()
	}
}

// slim is a model without what is on the device.
func slim(m *model.Model) *model.Model {
	s := *m
	s.Pictures = append([]model.Picture(nil), m.Pictures...)
	for i := range s.Pictures {
		s.Pictures[i].Pixels = nil
	}
	s.Meshes = make([]model.Mesh, len(m.Meshes))
	for i := range m.Meshes {
		h := &m.Meshes[i]
		s.Meshes[i] = model.Mesh{Min: h.Min, Max: h.Max, Material: h.Material, Topology: h.Topology, Targets: make([]model.Target, len(h.Targets))}
	}
	return &s
}
