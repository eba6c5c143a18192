// Materials as the GPU sees them: metallic-roughness, as in glTF 2.0. Whoever
// includes this says which profile it is for: BINDLESS, or none (bound).
//
// struct Material, 224 bytes in std140 and in std430:
//
//	@0   vec4  baseColor   factor, linear, rgba
//	@16  vec4  emissive    rgb: factor times strength; a: alpha cutoff
//	@32  vec4  mrno        metallic, roughness, normal scale, occlusion strength
//	@48  uvec4 flags       x: bits below; y, z, w: textures (bindless), 16 bits each:
//	                       y = base | metallicRoughness << 16,
//	                       z = normal | occlusion << 16, w = emissive
//	@64  vec4  uv[10]      two rows per texture: u = dot(uv[2i].xyz, (u, v, 1)),
//	                       v = dot(uv[2i+1].xyz, (u, v, 1)); .w is not used
//
// The textures are in the order base colour (0), metallic-roughness (1), normal
// (2), occlusion (3), emissive (4). A texture whose bit is not set is never read,
// but in the bound profile something must be bound in its place.
const uint MATERIAL_UNLIT = 1u;
const uint MATERIAL_MASK = 2u;
const uint MATERIAL_BLEND = 4u;
const uint MATERIAL_DOUBLE_SIDED = 8u;
const uint MATERIAL_UV1 = 16u;      // << texture: reads the second set of coordinates
const uint MATERIAL_TEXTURE = 512u; // << texture: is there

struct Material {
	vec4 baseColor;
	vec4 emissive;
	vec4 mrno;
	uvec4 flags;
	vec4 uv[10];
};

#ifdef BINDLESS
layout(set = 1, binding = 0, std430) readonly buffer Materials { Material materials[]; };
layout(set = 1, binding = 1) uniform sampler2D textures[];
#else
layout(set = 1, binding = 0, std140) uniform MaterialBlock { Material material; };
layout(set = 1, binding = 1) uniform sampler2D baseColorTexture;
layout(set = 1, binding = 2) uniform sampler2D metallicRoughnessTexture;
layout(set = 1, binding = 3) uniform sampler2D normalTexture;
layout(set = 1, binding = 4) uniform sampler2D occlusionTexture;
layout(set = 1, binding = 5) uniform sampler2D emissiveTexture;
#endif
