// The sky behind everything, at the far plane.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"

layout(set = 0, binding = 11) uniform samplerCube sky;

layout(location = 0) in vec2 uv;
layout(location = 0) out vec4 outColor;

void main() {
	// The far plane is at infinity: its points are directions.
	vec4 w = frame.inverseViewProjection * vec4(uv * 2.0 - 1.0, 1e-3, 1.0);
	outColor = vec4(min(textureLod(sky, w.xyz / w.w - frame.camera.xyz, 0.0).rgb * frame.background.w, vec3(60000)), 1.0);
}
