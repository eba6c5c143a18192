// Asks ibl.glsl for irradiance, the specular fit, and the environment along directions.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

layout(local_size_x = 64) in;

layout(std430, set = 0, binding = 0) readonly buffer Probes { vec4 probes[]; }; // direction, roughness
layout(std430, set = 0, binding = 1) writeonly buffer Answers { vec4 answers[]; }; // irradiance; specular; fit at n.v = direction.y
layout(std430, set = 0, binding = 2) readonly buffer Irradiance { vec4 sh[9]; };
layout(set = 0, binding = 3) uniform samplerCube environment;

layout(push_constant) uniform Push { uint count; float levels; };

void main() {
	uint id = gl_GlobalInvocationID.x;
	if (id >= count) return;
	vec4 p = probes[id];
	answers[id * 3] = vec4(iblIrradiance(sh, p.xyz), 0);
	answers[id * 3 + 1] = textureLod(environment, p.xyz, iblLevel(p.w, levels));
	answers[id * 3 + 2] = vec4(iblBRDF(p.w, p.y), 0, 0);
}
