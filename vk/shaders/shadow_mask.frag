// Holes of masked surfaces in shadows.
// variant bindless -DBINDLESS
#version 450
#extension GL_GOOGLE_include_directive : require
#include "mesh_material.glsl"

layout(location = 3) in vec4 inUV;
layout(location = 4) in vec4 inColor;

void main() {
	uint flags = MATERIAL.flags.x;
	float alpha = MATERIAL.baseColor.a * inColor.a;
	if (materialHas(flags, 0u)) alpha *= TEXEL0(materialUV(flags, 0u, inUV)).a;
	if (alpha < MATERIAL.emissive.a) discard;
}
