// A triangle that covers the picture with a surface facing the eye, for measuring:
// mesh_surface.frag at its bare cost, once for each pixel.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"

layout(location = 0) out vec3 outPosition;
layout(location = 1) out vec3 outNormal;
layout(location = 2) out vec4 outTangent;
layout(location = 3) out vec4 outUV;
layout(location = 4) out vec4 outColor;

void main() {
	vec2 uv = vec2((gl_VertexIndex << 1) & 2, gl_VertexIndex & 2);
	// Counter-clockwise as seen, two metres before the eye.
	uv = uv.yx;
	float depth = frame.camera.w / 2.0;
	gl_Position = vec4(uv * 2.0 - 1.0, depth, 1.0);
	vec4 w = frame.fromClip * gl_Position;
	outPosition = w.xyz / w.w + frame.camera.xyz;
	outNormal = transpose(mat3(frame.view)) * vec3(0, 0, 1);
	outTangent = vec4(transpose(mat3(frame.view)) * vec3(1, 0, 0), 1);
	outUV = uv.xyxy;
	outColor = vec4(1);
}
