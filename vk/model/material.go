package model

import (
	"hearth/lumps"

	"github.com/go-gl/mathgl/mgl32"
)

// AlphaMode says what the alpha of a material's base colour does.
type AlphaMode uint8

const (
	Opaque AlphaMode = iota // nothing
	Mask                    // below AlphaCutoff there is no surface
	Blend                   // what is behind shines through
)

func (a AlphaMode) String() string {
	switch a {
	case Mask:
		return "MASK"
	case Blend:
		return "BLEND"
	}
	return "OPAQUE"
}

// TextureRef is the use of a texture by a material. The texture coordinate is
//
//	Offset + R * (Scale * uv),  R = | cos r  sin r|
//	                                |-sin r  cos r|
//
// as KHR_texture_transform has it; r is Rotation.
type TextureRef struct {
	Texture  int // index in Model.Textures, or in Material.Sources; -1 is none
	UV       int // 0 or 1: Mesh.UV0 or Mesh.UV1
	Offset   mgl32.Vec2
	Scale    mgl32.Vec2
	Rotation float32 // radians, counter-clockwise
}

// Identity reports whether the texture coordinate is used as it is.
func (t TextureRef) Identity() bool {
	return t.Offset == mgl32.Vec2{} && t.Scale == mgl32.Vec2{1, 1} && t.Rotation == 0
}

// Material is the metallic-roughness material of glTF 2.0 (section 3.9), whose
// words these are. KHR_materials_emissive_strength is multiplied into Emissive.
type Material struct {
	Name              string
	BaseColor         mgl32.Vec4 // linear, multiplies the texture
	Metallic          float32    // multiplies the texture's blue
	Roughness         float32    // multiplies the texture's green
	NormalScale       float32
	OcclusionStrength float32    // of the texture's red
	Emissive          mgl32.Vec3 // linear, may exceed 1
	AlphaMode         AlphaMode
	AlphaCutoff       float32
	DoubleSided       bool
	Unlit             bool

	BaseColorTexture         TextureRef
	MetallicRoughnessTexture TextureRef
	NormalTexture            TextureRef
	OcclusionTexture         TextureRef
	EmissiveTexture          TextureRef

	// Sources are the textures of a material that is a lump of its own; the
	// TextureRefs count in it. nil for a material of a Model.
	Sources []Source
}

// Source is a texture that is a lump: a picture file, or hearth-rs's texture.
type Source struct {
	// CID names the lump, or is zero where only its Digest is known.
	CID lumps.CID
	// Digest is hearth-rs's LumpId, which says neither codec nor hash function.
	Digest   lumps.Digest
	Wrap     [2]Wrap
	Mag, Min Filter
	Mipmaps  bool
}

// DefaultMaterial returns what glTF gives to a mesh that names no material, and
// what the fields of a material are unless it says otherwise.
func DefaultMaterial() Material {
	none := TextureRef{Texture: -1, Scale: mgl32.Vec2{1, 1}}
	return Material{
		BaseColor: mgl32.Vec4{1, 1, 1, 1}, Metallic: 1, Roughness: 1,
		NormalScale: 1, OcclusionStrength: 1, AlphaCutoff: 0.5,
		BaseColorTexture: none, MetallicRoughnessTexture: none, NormalTexture: none,
		OcclusionTexture: none, EmissiveTexture: none,
	}
}

// refs returns the five uses of textures, in the order of the fields.
func (m *Material) refs() [5]*TextureRef {
	return [5]*TextureRef{
		&m.BaseColorTexture, &m.MetallicRoughnessTexture, &m.NormalTexture,
		&m.OcclusionTexture, &m.EmissiveTexture,
	}
}
