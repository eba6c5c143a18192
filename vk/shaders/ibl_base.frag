// Copies a sky into a face of the base cube: each texel is the mean of steps x steps
// points of the source, so that a larger source is filtered and an equal one is copied.
// The sky is a cube or, in the variant, an equirectangular picture.
// variant equirect -DEQUIRECT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

layout(location = 0) out vec4 color;

#ifdef EQUIRECT
layout(set = 0, binding = 0) uniform sampler2D sky;
#else
layout(set = 0, binding = 0) uniform samplerCube sky;
#endif

layout(push_constant) uniform Push { uint face, size, steps; float level, limit; };

void main() {
	vec2 corner = floor(gl_FragCoord.xy);
	vec3 sum = vec3(0);
	for (uint y = 0; y < steps; y++) {
		for (uint x = 0; x < steps; x++) {
			vec3 d = iblDirection(face, (corner + (vec2(x, y) + 0.5) / float(steps)) / float(size) * 2 - 1);
#ifdef EQUIRECT
			vec3 c = textureLod(sky, iblEquirect(normalize(d)), level).rgb;
#else
			vec3 c = textureLod(sky, d, level).rgb;
#endif
			// A sky's NaN would spread to every surface; its sun must fit a half float.
			c = mix(c, vec3(0), isnan(c));
			sum += clamp(c, vec3(0), vec3(limit));
		}
	}
	color = vec4(sum / float(steps * steps), 1);
}
