// Asks ibl.glsl, a column for each probe: irradiance, the environment, and the fit of the
// specular integral at n.v = direction.y in the rows.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

layout(location = 0) out vec4 color;

layout(std430, set = 0, binding = 0) readonly buffer Probes { vec4 probes[]; }; // direction, roughness
layout(std430, set = 0, binding = 1) readonly buffer Irradiance { vec4 sh[9]; };
layout(set = 0, binding = 2) uniform samplerCube environment;

layout(push_constant) uniform Push { float levels; };

void main() {
	vec4 p = probes[uint(gl_FragCoord.x)];
	switch (uint(gl_FragCoord.y)) {
	case 0: color = vec4(iblIrradiance(sh, p.xyz), 0); break;
	case 1: color = textureLod(environment, p.xyz, iblLevel(p.w, levels)); break;
	default: color = vec4(iblBRDF(p.w, p.y), 0, 0); break;
	}
}
