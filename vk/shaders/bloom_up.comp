// Mixes a level with the smaller one above it, widened by a 3x3 tent (Jimenez, "Next
// Generation Post Processing in Call of Duty", 2014). The last step, which is most of the
// work and the least of the width, takes four taps.
// variant last -DLAST
#version 450

layout(local_size_x = 8, local_size_y = 8) in;

layout(set = 0, binding = 0) uniform sampler2D source;
layout(set = 0, binding = 1, rgba16f) uniform image2D target;

layout(push_constant) uniform Push { uvec2 size; vec2 texel; float spread; };

vec3 tap(vec2 at, float x, float y) {
	return textureLod(source, at + vec2(x, y) * texel, 0).rgb;
}

void main() {
	uvec2 at = gl_GlobalInvocationID.xy;
	if (at.x >= size.x || at.y >= size.y) return;
	vec2 p = (vec2(at) + 0.5) / vec2(size);
#ifdef LAST
	vec3 wide = tap(p, -0.5, -0.5) + tap(p, 0.5, -0.5) + tap(p, -0.5, 0.5) + tap(p, 0.5, 0.5);
	wide *= 0.25;
#else
	vec3 wide = tap(p, 0, 0) * 4
		+ (tap(p, -1, 0) + tap(p, 1, 0) + tap(p, 0, -1) + tap(p, 0, 1)) * 2
		+ tap(p, -1, -1) + tap(p, 1, -1) + tap(p, -1, 1) + tap(p, 1, 1);
	wide *= 0.0625;
#endif
	vec3 own = imageLoad(target, ivec2(at)).rgb;
	imageStore(target, ivec2(at), vec4(mix(own, wide, spread), 1));
}
