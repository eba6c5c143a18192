package draw

import (
	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/model"
)

// VertexSize is how many bytes a vertex is apart from the next: position 3 floats,
// normal 3, tangent 4, two pairs of texture coordinates 2+2, colour 4 bytes, 4
// bytes unused.
const VertexSize = 64

// Geometry is a mesh in buffers on the device.
type Geometry struct {
	Vertices, Indices      vk.Buffer // of VertexSize, and of 4 bytes each
	VertexOffset           int32
	FirstIndex, IndexCount uint32
	Topology               model.Topology
	Center                 mgl32.Vec3 // of a sphere around it
	Radius                 float32
}

// Material is a material on the device: a descriptor set of its own, as always where
// the profile is bound; or without one, an index of the table of all materials, which
// only the bindless profile has. With a set of the bindless profile, Index counts in
// that set's table.
type Material struct {
	Set         vk.DescriptorSet
	Index       uint32
	Alpha       model.AlphaMode
	DoubleSided bool
}

// Part is a mesh of a model with its material and its place in the model.
type Part struct {
	Geometry Geometry
	Material Material
	Local    mgl32.Mat4
	// Alone says that Local changes by itself (SetLocal): it is not shared with equal
	// ones, and the part is not with other objects.
	Alone bool
	// NoShadow says that the part throws none, whatever its object says.
	NoShadow bool
}

// Object is what all parts of an object share.
type Object struct {
	World    mgl32.Mat4 // affine
	Tint     mgl32.Vec4
	Hidden   bool
	NoShadow bool
}

// batchKey is what makes two parts one batch.
type batchKey struct {
	vertices, indices      vk.Buffer
	vertexOffset           int32
	firstIndex, indexCount uint32
	set                    vk.DescriptorSet
	material               uint32
	kind                   Kind
	noShadow               bool
}

// Kind says which pipeline draws a part.
type Kind struct {
	Topology    model.Topology
	Alpha       model.AlphaMode
	DoubleSided bool
	Mirrored    bool // the transform turns fronts into backs
}

func kindOf(p *Part, o *Object) Kind {
	k := Kind{Topology: p.Geometry.Topology, Alpha: p.Material.Alpha, DoubleSided: p.Material.DoubleSided}
	if o.Tint[3] < 1 && k.Alpha == model.Opaque {
		k.Alpha = model.Blend
	}
	// The sides of lines and points do not matter; of surfaces with two sides both
	// are drawn, but the shader must know which is the front.
	k.Mirrored = k.Topology == model.Triangles && o.World.Mat3().Det()*p.Local.Mat3().Det() < 0
	return k
}

func keyOf(p *Part, k Kind) batchKey {
	g := &p.Geometry
	return batchKey{vertices: g.Vertices, indices: g.Indices, vertexOffset: g.VertexOffset, firstIndex: g.FirstIndex,
		indexCount: g.IndexCount, set: p.Material.Set, material: p.Material.Index, kind: k, noShadow: p.NoShadow}
}
