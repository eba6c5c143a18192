package res

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/model"
)

// Sizes of what the package comment draws, in bytes.
const (
	VertexSize   = 64
	IndexSize    = 4
	SkinSize     = 24
	DeltaSize    = 36
	MaterialSize = 224
)

func f32(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

func f32s(b []byte, v ...float32) []byte {
	for _, x := range v {
		b = f32(b, x)
	}
	return b
}

// at is v[i], or the zero value where the array is absent.
func at[T any](v []T, i int) (x T) {
	if i < len(v) {
		x = v[i]
	}
	return x
}

// packVertices packs the static vertices of a mesh.
func packVertices(m *model.Mesh) []byte {
	b := make([]byte, 0, len(m.Positions)*VertexSize)
	for i, p := range m.Positions {
		n, t := at(m.Normals, i), at(m.Tangents, i)
		u, v := at(m.UV0, i), at(m.UV1, i)
		b = f32s(b, p[0], p[1], p[2], n[0], n[1], n[2], t[0], t[1], t[2], t[3], u[0], u[1], v[0], v[1])
		c := [4]uint8{255, 255, 255, 255}
		if i < len(m.Colors) {
			c = m.Colors[i]
		}
		b = append(b, c[0], c[1], c[2], c[3], 0, 0, 0, 0)
	}
	return b
}

// packIndices packs indices, none of which may be beyond the vertices: the device
// would read what is not the mesh's.
func packIndices(m *model.Mesh) ([]byte, error) {
	b := make([]byte, 0, len(m.Indices)*IndexSize)
	n := uint32(len(m.Positions))
	for _, i := range m.Indices {
		if i >= n {
			return nil, fmt.Errorf("a mesh of %d vertices has an index %d; the file is broken", n, i)
		}
		b = binary.LittleEndian.AppendUint32(b, i)
	}
	return b, nil
}

// packSkin packs what skinned vertices have besides.
func packSkin(m *model.Mesh) []byte {
	b := make([]byte, 0, len(m.Positions)*SkinSize)
	for i := range m.Positions {
		j, w := at(m.Joints, i), at(m.Weights, i)
		for _, x := range j {
			b = binary.LittleEndian.AppendUint16(b, x)
		}
		b = f32s(b, w[0], w[1], w[2], w[3])
	}
	return b
}

// packTargets packs morph targets, one after the other.
func packTargets(m *model.Mesh) []byte {
	b := make([]byte, 0, len(m.Targets)*len(m.Positions)*DeltaSize)
	for t := range m.Targets {
		x := &m.Targets[t]
		for i := range m.Positions {
			for _, v := range [3]mgl32.Vec3{at(x.Positions, i), at(x.Normals, i), at(x.Tangents, i)} {
				b = f32s(b, v[0], v[1], v[2])
			}
		}
	}
	return b
}

// The flags of material.glsl.
const (
	flagUnlit       = 1
	flagMask        = 2
	flagBlend       = 4
	flagDoubleSided = 8
	flagUV1         = 16  // << texture
	flagTexture     = 512 // << texture
)

// textureCount is how many textures a material has: base colour, metallic-roughness,
// normal, occlusion, emissive, in this order everywhere.
const textureCount = 5

// colours tells which of the five hold colours, and are decoded from sRGB.
var colours = [textureCount]bool{0: true, 4: true}

func textureRefs(m *model.Material) [textureCount]*model.TextureRef {
	return [...]*model.TextureRef{&m.BaseColorTexture, &m.MetallicRoughnessTexture, &m.NormalTexture, &m.OcclusionTexture, &m.EmissiveTexture}
}

// packMaterial packs a material as material.glsl draws it. slots are the places of
// its textures in the table of the bindless profile.
func packMaterial(m *model.Material, slots [textureCount]uint32) []byte {
	b := make([]byte, 0, MaterialSize)
	b = f32s(b, m.BaseColor[0], m.BaseColor[1], m.BaseColor[2], m.BaseColor[3])
	b = f32s(b, m.Emissive[0], m.Emissive[1], m.Emissive[2], m.AlphaCutoff)
	b = f32s(b, m.Metallic, m.Roughness, m.NormalScale, m.OcclusionStrength)
	var flags uint32
	if m.Unlit {
		flags |= flagUnlit
	}
	switch m.AlphaMode {
	case model.Mask:
		flags |= flagMask
	case model.Blend:
		flags |= flagBlend
	}
	if m.DoubleSided {
		flags |= flagDoubleSided
	}
	refs := textureRefs(m)
	for i, t := range refs {
		if t.Texture < 0 {
			continue
		}
		flags |= flagTexture << i
		if t.UV == 1 {
			flags |= flagUV1 << i
		}
	}
	b = binary.LittleEndian.AppendUint32(b, flags)
	b = binary.LittleEndian.AppendUint32(b, slots[0]|slots[1]<<16)
	b = binary.LittleEndian.AppendUint32(b, slots[2]|slots[3]<<16)
	b = binary.LittleEndian.AppendUint32(b, slots[4])
	for _, t := range refs {
		// Offset + R * (Scale * uv), the rotation as model.TextureRef draws it
		sin, cos := math.Sincos(float64(t.Rotation))
		s, c := float32(sin), float32(cos)
		b = f32s(b, c*t.Scale[0], s*t.Scale[1], t.Offset[0], 0, -s*t.Scale[0], c*t.Scale[1], t.Offset[1], 0)
	}
	return b
}
