// What a surface looks like: a material under the sky, suns, lamps and ambient
// light, as linear light with premultiplied alpha.
// variant bindless -DBINDLESS
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"
#include "mesh_material.glsl"
#include "pbr.glsl"
#define CLUSTER_SET 0
#define CLUSTER_BINDING 6
#include "cluster.glsl"
#include "shadow_lookup.glsl"

layout(constant_id = 0) const int ALPHA = 0; // 0 opaque, 1 mask, 2 blend
layout(constant_id = 1) const bool COVERAGE = false; // mask by alpha to coverage

// Prefiltered light of the sky: level by roughness.
layout(set = 0, binding = 9) uniform samplerCube environment;
layout(set = 0, binding = 10, std430) readonly buffer Irradiance { vec4 irradiance[9]; };

layout(location = 0) in vec3 inPosition;
layout(location = 1) in vec3 inNormal;
layout(location = 2) in vec4 inTangent;
layout(location = 3) in vec4 inUV;
layout(location = 4) in vec4 inColor;

layout(location = 0) out vec4 outColor;

// Irradiance over pi from coefficients of spherical harmonics (Ramamoorthi and
// Hanrahan 2001), as vk/pass makes them.
vec3 skylight(vec3 n) {
	vec3 e = irradiance[0].rgb
		+ irradiance[1].rgb * n.y + irradiance[2].rgb * n.z + irradiance[3].rgb * n.x
		+ irradiance[4].rgb * (n.x * n.y) + irradiance[5].rgb * (n.y * n.z)
		+ irradiance[6].rgb * (3.0 * n.z * n.z - 1.0)
		+ irradiance[7].rgb * (n.x * n.z) + irradiance[8].rgb * (n.x * n.x - n.y * n.y);
	return max(e, vec3(0));
}

void main() {
	uint flags = MATERIAL.flags.x;
	vec4 base = MATERIAL.baseColor * inColor;
	if (materialHas(flags, 0u)) base *= TEXEL0(materialUV(flags, 0u, inUV));
	float alpha = 1.0;
	if (ALPHA == 1) {
		float cutoff = MATERIAL.emissive.a;
		if (COVERAGE) {
			// Steep around the cutoff: an edge is a pixel wide, however large it is seen.
			alpha = clamp((base.a - cutoff) / max(fwidth(base.a), 1e-4) + 0.5, 0.0, 1.0);
			if (alpha <= 0.0) discard;
		} else if (base.a < cutoff) discard;
	} else if (ALPHA == 2) alpha = base.a;

	float covers = ALPHA == 2 ? alpha : 1.0;
	if ((flags & MATERIAL_UNLIT) != 0u) {
		outColor = vec4(base.rgb * covers, alpha);
		return;
	}

	vec3 normal = normalize(inNormal);
	if (materialHas(flags, 2u)) {
		vec3 bent = TEXEL2(materialUV(flags, 2u, inUV)).xyz * 2.0 - 1.0;
		bent.xy *= MATERIAL.mrno.z;
		vec3 tangent = inTangent.xyz - normal * dot(normal, inTangent.xyz);
		float size = dot(tangent, tangent);
		if (size > 1e-12) {
			tangent *= inversesqrt(size);
			normal = normalize(mat3(tangent, cross(normal, tangent) * inTangent.w, normal) * bent);
		}
	}
	if (!gl_FrontFacing) normal = -normal;

	float metallic = MATERIAL.mrno.x, roughness = MATERIAL.mrno.y;
	if (materialHas(flags, 1u)) {
		vec4 t = TEXEL1(materialUV(flags, 1u, inUV));
		metallic *= t.b;
		roughness *= t.g;
	}
	vec3 emissive = MATERIAL.emissive.rgb;
	if (materialHas(flags, 4u)) emissive *= TEXEL4(materialUV(flags, 4u, inUV)).rgb;

	Surface s;
	s.position = inPosition;
	s.normal = normal;
	s.toEye = normalize(frame.camera.xyz - inPosition);
	s.nv = max(dot(normal, s.toEye), 1e-4);
	s.roughness = clamp(roughness, 0.045, 1.0); // below, highlights are smaller than pixels
	s.alpha = s.roughness * s.roughness;
	s.diffuse = base.rgb * (1.0 - metallic);
	s.f0 = mix(vec3(0.04), base.rgb, metallic);
	s.occlusion = 1.0;
	if (materialHas(flags, 3u))
		s.occlusion = 1.0 + MATERIAL.mrno.w * (TEXEL3(materialUV(flags, 3u, inUV)).r - 1.0);

	vec3 diffuseLight = frame.ambient.rgb, specularLight = frame.ambient.rgb;
	if (frame.environmentLevels > 0.0) {
		diffuseLight += skylight(normal) * frame.background.w;
		specularLight += textureLod(environment, reflect(-s.toEye, normal),
			s.roughness * (frame.environmentLevels - 1.0)).rgb * frame.background.w;
	}
	vec2 split = environmentReflectance(s.roughness, s.nv);
	vec3 light = (s.diffuse * diffuseLight + (s.f0 * split.x + split.y) * specularLight) * s.occlusion;

	float depth = 1.0 / gl_FragCoord.w;
	for (uint i = 0u; i < frame.sunCount; i++) {
		vec3 toSun = -frame.suns[i].direction.xyz;
		vec3 r = reflectance(s, toSun) * frame.suns[i].color.rgb;
		if (i == frame.shadowSun && dot(r, r) > 0.0)
			r *= sunlight(inPosition, normalize(inNormal) * (gl_FrontFacing ? 1.0 : -1.0), toSun, depth);
		light += r;
	}
	if (frame.lightCount > 0u) {
		ClusterCursor c = clusterBegin(clusterAt(gl_FragCoord.xy, depth));
		for (uint i; clusterNext(c, i);) {
			vec3 toLight;
			vec3 radiance = clusterRadiance(lights[i], inPosition, toLight);
			light += reflectance(s, toLight) * radiance;
		}
	}
	// No number of a foreign file may spoil the picture beyond its pixel: bloom would
	// spread what is not finite.
	light = clamp(light + emissive, vec3(0), vec3(60000));
	outColor = vec4((light.r == light.r && light.g == light.g && light.b == light.b ? light : vec3(0)) * covers, alpha);
}
