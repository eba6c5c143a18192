// Projects a level of the base cube on nine spherical harmonics and folds in the
// cosine lobe: one workgroup. See iblIrradiance in ibl.glsl for the basis.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

const uint LANES = 64;
layout(local_size_x = LANES) in;

layout(set = 0, binding = 0, rgba16f) readonly uniform image2DArray base;
layout(std430, set = 0, binding = 1) writeonly buffer Irradiance { vec4 sh[9]; };

layout(push_constant) uniform Push { uint size; };

shared vec4 sums[LANES];

void main() {
	uint lane = gl_LocalInvocationID.x;
	vec3 c[9];
	for (int i = 0; i < 9; i++) c[i] = vec3(0);
	float solid = 0;
	for (uint i = lane; i < size * size * 6; i += LANES) {
		uvec3 at = uvec3(i % size, i / size % size, i / (size * size));
		vec2 p = (vec2(at.xy) + 0.5) / float(size) * 2 - 1;
		vec3 d = iblDirection(at.z, p);
		float l2 = dot(d, d);
		float w = 1 / (l2 * sqrt(l2)); // the texel's solid angle, up to a constant
		d *= inversesqrt(l2);
		vec3 radiance = imageLoad(base, ivec3(at)).rgb * w;
		solid += w;
		c[0] += radiance;
		c[1] += radiance * d.y;
		c[2] += radiance * d.z;
		c[3] += radiance * d.x;
		c[4] += radiance * (d.x * d.y);
		c[5] += radiance * (d.y * d.z);
		c[6] += radiance * (3 * d.z * d.z - 1);
		c[7] += radiance * (d.x * d.z);
		c[8] += radiance * (d.x * d.x - d.y * d.y);
	}
	// Squared normalisation of each function times 4 pi times the lobe's 1, 2/3, 1/4.
	const float scale[9] = float[9](1, 2, 2, 2, 3.75, 3.75, 0.3125, 3.75, 0.9375);
	for (int i = 0; i < 9; i++) {
		sums[lane] = vec4(c[i], solid);
		barrier();
		for (uint n = LANES / 2; n > 0; n /= 2) {
			if (lane < n) sums[lane] += sums[lane + n];
			barrier();
		}
		if (lane == 0) sh[i] = vec4(sums[0].rgb * (scale[i] / sums[0].w), 0);
		barrier();
	}
}
