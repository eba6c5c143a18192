// Halves a level of a cube by the mean of four texels.
#version 450

layout(local_size_x = 8, local_size_y = 8) in;

layout(set = 0, binding = 0, rgba16f) readonly uniform image2DArray source;
layout(set = 0, binding = 1, rgba16f) writeonly uniform image2DArray target;

layout(push_constant) uniform Push { uint size; };

void main() {
	ivec3 at = ivec3(gl_GlobalInvocationID);
	if (at.x >= size || at.y >= size) return;
	ivec3 s = ivec3(at.xy * 2, at.z);
	vec4 sum = imageLoad(source, s) + imageLoad(source, s + ivec3(1, 0, 0)) + imageLoad(source, s + ivec3(0, 1, 0)) + imageLoad(source, s + ivec3(1, 1, 0));
	imageStore(target, at, sum * 0.25);
}
