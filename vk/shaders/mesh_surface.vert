// Surfaces for mesh_surface.frag and mesh_mask.frag.
// variant bindless -DBINDLESS
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame_data.glsl"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec4 tangent;
layout(location = 3) in vec2 uv0;
layout(location = 4) in vec2 uv1;
layout(location = 5) in vec4 color;

layout(location = 0) out vec3 outPosition;
layout(location = 1) out vec3 outNormal;
layout(location = 2) out vec4 outTangent;
layout(location = 3) out vec4 outUV;
layout(location = 4) out vec4 outColor;
#ifdef BINDLESS
layout(location = 5) flat out uint outMaterial;
#endif

void main() {
	Item item = items[visible[gl_InstanceIndex]];
	Object object = objects[item.object];
	Matrix m = multiply(object.world, locals[item.local]);
	outPosition = transformPoint(m, position);
	gl_Position = frame.viewProjection * vec4(outPosition, 1.0);
	gl_PointSize = 1.0;
	mat3 l = linear(m);
	// Normals go by the cofactors, which are the inverse transpose up to a factor,
	// and finite for flattened objects too. The sign of the factor is the sign of
	// the determinant: a mirror turns the cofactors around.
	mat3 cofactors = mat3(cross(l[1], l[2]), cross(l[2], l[0]), cross(l[0], l[1]));
	float side = dot(l[0], cofactors[0]) < 0.0 ? -1.0 : 1.0;
	outNormal = side * (cofactors * normal);
	outTangent = vec4(l * tangent.xyz, tangent.w * side);
	// Lengths of tiny or huge objects would not survive the interpolation.
	outNormal *= inversesqrt(max(dot(outNormal, outNormal), 1e-36));
	outTangent.xyz *= inversesqrt(max(dot(outTangent.xyz, outTangent.xyz), 1e-36));
	outUV = vec4(uv0, uv1);
	outColor = color * object.tint;
#ifdef BINDLESS
	outMaterial = batches[item.batch].material;
#endif
}
