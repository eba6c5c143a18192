// Finds the items that each view sees: one invocation an item. A view is a convex
// volume of at most 6 planes: the camera's frustum or that of a shadow cascade.
// An item that is seen is counted in its batch's command and listed in `visible`.
#version 450
#extension GL_GOOGLE_include_directive : require
#define FRAME_VISIBLE
#include "frame_data.glsl"

layout(local_size_x = 64) in;

const uint VIEW_SHADOW = 1u, VIEW_PICK = 2u;

// A point is within if dot(plane, (point, 1)) >= 0 for all planes.
struct View {
	vec4 planes[6];
	uint planeCount, flags, reserved0, reserved1;
};

layout(set = 1, binding = 0, std430) readonly buffer Views { View views[]; };
// Commands as Vulkan has them, 5 words each: indices, instances, first index,
// vertex offset, first instance.
layout(set = 1, binding = 1, std430) buffer Commands { uint commands[]; };

layout(push_constant) uniform Push {
	uint itemCount, viewCount;
	uint visibleStride; // items a view has in `visible`
	uint commandStride; // commands a view has
};

void main() {
	uint i = gl_GlobalInvocationID.x + gl_GlobalInvocationID.y * gl_NumWorkGroups.x * gl_WorkGroupSize.x;
	if (i >= itemCount) return;
	Item item = items[i];
	if (item.batch == NONE) return;
	Batch batch = batches[item.batch];
	Object object = objects[item.object];
	if (batch.command == NONE || (object.flags & OBJECT_HIDDEN) != 0u) return;

	Matrix m = multiply(object.world, locals[item.local]);
	vec3 center = transformPoint(m, batch.sphere.xyz);
	mat3 l = linear(m);
	// The largest stretch of a matrix is at most the length of its columns together:
	// it holds for sheared ones too, where the longest column does not.
	vec3 c = vec3(dot(l[0], l[0]), dot(l[1], l[1]), dot(l[2], l[2]));
	float shear = abs(dot(l[0], l[1])) + abs(dot(l[0], l[2])) + abs(dot(l[1], l[2]));
	float stretch = sqrt(shear > 1e-4 * (c.x + c.y + c.z) ? c.x + c.y + c.z : max(c.x, max(c.y, c.z)) * 1.001);
	float radius = batch.sphere.w * stretch;

	for (uint v = 0u; v < viewCount; v++) {
		if ((views[v].flags & VIEW_SHADOW) != 0u &&
			((object.flags & OBJECT_NO_SHADOW) != 0u || (batch.flags & BATCH_NO_SHADOW) != 0u)) continue;
		bool seen = true;
		for (uint p = 0u; p < views[v].planeCount; p++)
			seen = seen && dot(views[v].planes[p], vec4(center, 1.0)) >= -radius;
		if (!seen) continue;
		uint at = atomicAdd(commands[(v * commandStride + batch.command) * 5u + 1u], 1u);
		visible[v * visibleStride + batch.firstInstance + at] = i;
	}
}
