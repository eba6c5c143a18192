// Copies a sky into the base cube: each texel is the mean of steps x steps points of
// the source, so that a larger source is filtered and an equal one is copied.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(constant_id = 0) const bool EQUIRECT = false;

layout(set = 0, binding = 0) uniform samplerCube cube;
layout(set = 0, binding = 1) uniform sampler2D equirect;
layout(set = 0, binding = 2, rgba16f) writeonly uniform image2DArray base;

layout(push_constant) uniform Push { uint size, steps; float level, limit; };

void main() {
	uvec3 at = gl_GlobalInvocationID;
	if (at.x >= size || at.y >= size) return;
	vec3 sum = vec3(0);
	for (uint y = 0; y < steps; y++) {
		for (uint x = 0; x < steps; x++) {
			vec2 p = (vec2(at.xy) + (vec2(x, y) + 0.5) / float(steps)) / float(size) * 2 - 1;
			vec3 d = iblDirection(at.z, p);
			vec3 c = EQUIRECT ? textureLod(equirect, iblEquirect(normalize(d)), level).rgb : textureLod(cube, d, level).rgb;
			// A sky's NaN would spread to every surface; its sun must fit a half float.
			c = mix(c, vec3(0), isnan(c));
			sum += clamp(c, vec3(0), vec3(limit));
		}
	}
	imageStore(base, ivec3(at), vec4(sum / float(steps * steps), 1));
}
