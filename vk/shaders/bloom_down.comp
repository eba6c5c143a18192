// Halves a picture by five overlapping boxes of four texels (Bjorge, "Bandwidth-Efficient
// Rendering", 2015, the dual filter): every source texel counts the same.
// The first step, from the picture, also guards against what no light can be.
// variant first -DFIRST
#version 450

layout(local_size_x = 8, local_size_y = 8) in;

layout(set = 0, binding = 0) uniform sampler2D source;
layout(set = 0, binding = 1, rgba16f) writeonly uniform image2D target;

layout(push_constant) uniform Push { uvec2 size; vec2 texel; float limit; };

vec3 tap(vec2 at, float x, float y) {
	vec3 c = textureLod(source, at + vec2(x, y) * texel, 0).rgb;
#ifdef FIRST
	c = mix(c, vec3(0), isnan(c)); // one NaN would blacken half the picture
	c = clamp(c, vec3(0), vec3(limit));
#endif
	return c;
}

void main() {
	uvec2 at = gl_GlobalInvocationID.xy;
	if (at.x >= size.x || at.y >= size.y) return;
	vec2 p = (vec2(at) + 0.5) / vec2(size);
	vec3 c = tap(p, 0, 0) * 4 + tap(p, -1, -1) + tap(p, 1, -1) + tap(p, -1, 1) + tap(p, 1, 1);
	imageStore(target, ivec2(at), vec4(c / 8, 1));
}
