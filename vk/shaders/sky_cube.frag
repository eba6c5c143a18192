// The sky behind everything, at the far plane: a cube, or a picture of all around
// with +X in its middle and +Y at its top.
// variant equirect -DEQUIRECT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"

#ifdef EQUIRECT
layout(set = 1, binding = 0) uniform sampler2D sky;
#else
layout(set = 1, binding = 0) uniform samplerCube sky;
#endif

layout(location = 0) in vec2 uv;
layout(location = 0) out vec4 outColor;

void main() {
	// The far plane is at infinity, where points are directions.
	vec3 d = (frame.fromClip * vec4(uv * 2.0 - 1.0, 0.0, 1.0)).xyz;
#ifdef EQUIRECT
	d = normalize(d);
	vec3 light = textureLod(sky, vec2(atan(d.z, d.x) * 0.15915494309 + 0.5, acos(clamp(d.y, -1.0, 1.0)) * 0.31830988618), 0.0).rgb;
#else
	vec3 light = textureLod(sky, d, 0.0).rgb;
#endif
	outColor = vec4(min(light * frame.background.w, vec3(60000)), 1.0);
}
