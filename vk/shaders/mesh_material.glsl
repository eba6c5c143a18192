// Reading a material, in either profile: MATERIAL is the material, and
// texel(slot, coordinates) a texture of it.
#extension GL_EXT_nonuniform_qualifier : enable
#include "material.glsl"

#ifdef BINDLESS
layout(location = 5) flat in uint inMaterial;
#define MATERIAL materials[inMaterial]
vec4 fetch(uint index, vec2 at) { return texture(textures[nonuniformEXT(index)], at); }
#define TEXEL0(at) fetch(MATERIAL.flags.y & 0xFFFFu, at)
#define TEXEL1(at) fetch(MATERIAL.flags.y >> 16, at)
#define TEXEL2(at) fetch(MATERIAL.flags.z & 0xFFFFu, at)
#define TEXEL3(at) fetch(MATERIAL.flags.z >> 16, at)
#define TEXEL4(at) fetch(MATERIAL.flags.w & 0xFFFFu, at)
#else
#define MATERIAL material
#define TEXEL0(at) texture(baseColorTexture, at)
#define TEXEL1(at) texture(metallicRoughnessTexture, at)
#define TEXEL2(at) texture(normalTexture, at)
#define TEXEL3(at) texture(occlusionTexture, at)
#define TEXEL4(at) texture(emissiveTexture, at)
#endif

bool materialHas(uint flags, uint texture) { return (flags & (MATERIAL_TEXTURE << texture)) != 0u; }

vec2 materialUV(uint flags, uint texture, vec4 uv) {
	vec3 at = vec3((flags & (MATERIAL_UV1 << texture)) != 0u ? uv.zw : uv.xy, 1.0);
	return vec2(dot(MATERIAL.uv[2u * texture].xyz, at), dot(MATERIAL.uv[2u * texture + 1u].xyz, at));
}
