// Depth alone: surfaces as a shadow's sun sees them. The cascade's matrix is pushed.
// variant mask -DMASK
// variant mask_bindless -DMASK -DBINDLESS
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"

layout(push_constant) uniform Push { mat4 projection; };

layout(location = 0) in vec3 position;
#ifdef MASK
layout(location = 3) in vec2 uv0;
layout(location = 4) in vec2 uv1;
layout(location = 5) in vec4 color;
layout(location = 3) out vec4 outUV;
layout(location = 4) out vec4 outColor;
#ifdef BINDLESS
layout(location = 5) flat out uint outMaterial;
#endif
#endif

void main() {
	Item item = items[visible[gl_InstanceIndex]];
	Matrix m = multiply(objects[item.object].world, locals[item.local]);
	gl_Position = projection * vec4(transformPoint(m, position), 1.0);
	gl_PointSize = 1.0;
#ifdef MASK
	outUV = vec4(uv0, uv1);
	outColor = color * objects[item.object].tint;
#ifdef BINDLESS
	outMaterial = batches[item.batch].material;
#endif
#endif
}
