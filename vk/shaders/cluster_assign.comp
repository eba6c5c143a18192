// Finds the lights that reach each cluster: one invocation a cluster.
//
// A light is tested as a sphere against the cluster's box in view space, a spot
// also as a cone against the sphere around that box (Wronski, "Cull that cone").
// Both tests may keep a light that does not reach; they never lose one.
#version 450
#extension GL_GOOGLE_include_directive : require

#define CLUSTER_SET 0
#define CLUSTER_BINDING 0
#define CLUSTER_ACCESS
#include "cluster.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
	mat4 view;        // world to view, looking along -z
	vec2 projection;  // x' = projection.x * x / depth, y' = projection.y * y / depth
	vec2 size;        // pixels
	float near, far;  // metres: where the first slice ends and the last begins
	uint lightCount;
};

// Slice s spans depths bound(s) to bound(s+1); the first begins at the eye and the
// last never ends, so that everything before the camera is in one.
float bound(uint s) {
	if (s == 0) return 0;
	if (s >= CLUSTER_Z) return 1e9;
	return near * pow(far / near, float(s - 1) / float(CLUSTER_Z - 2));
}

void main() {
	uint cluster = gl_GlobalInvocationID.x;
	if (cluster >= CLUSTER_COUNT) return;
	if (cluster == 0) {
		float scale = float(CLUSTER_Z - 2) / log2(far / near);
		clusterTile = vec2(CLUSTER_X, CLUSTER_Y) / size;
		clusterScale = scale;
		clusterBias = 1 - log2(near) * scale;
		clusterLights = lightCount;
		clusterReserved0 = clusterReserved1 = clusterReserved2 = 0;
	}

	uvec3 cell = uvec3(cluster % CLUSTER_X, cluster / CLUSTER_X % CLUSTER_Y, cluster / (CLUSTER_X * CLUSTER_Y));
	// A little wider than the cell: what a pixel's rounding puts in it is in it.
	const float slack = 1e-3;
	vec2 ndc0 = vec2(cell.xy) / vec2(CLUSTER_X, CLUSTER_Y) * 2 - 1 - slack;
	vec2 ndc1 = vec2(cell.xy + 1) / vec2(CLUSTER_X, CLUSTER_Y) * 2 - 1 + slack;
	float d0 = bound(cell.z) * (1 - slack), d1 = bound(cell.z + 1) * (1 + slack);
	vec2 a0 = ndc0 / projection * d0, a1 = ndc0 / projection * d1;
	vec2 b0 = ndc1 / projection * d0, b1 = ndc1 / projection * d1;
	vec3 low = vec3(min(min(a0, a1), min(b0, b1)), -d1);
	vec3 high = vec3(max(max(a0, a1), max(b0, b1)), -d0);
	vec3 center = (low + high) * 0.5;
	float radius = length(high - center);

	uint base = cluster * (CLUSTER_SUMMARY + CLUSTER_MASK);
	uint words = (lightCount + 31) / 32;
	uint summary = 0;
	for (uint word = 0; word < CLUSTER_MASK; word++) {
		uint mask = 0;
		if (word < words) {
			uint n = min(lightCount - word * 32, 32);
			for (uint bit = 0; bit < n; bit++) {
				ClusterLight l = lights[word * 32 + bit];
				vec3 p = (view * vec4(l.position.xyz, 1)).xyz;
				vec3 nearest = clamp(p, low, high) - p;
				float range = l.position.w;
				bool reaches = dot(nearest, nearest) <= range * range;
				if (reaches && l.spot.y == LIGHT_SPOT && l.direction.w > 0 && cell.z + 1 < CLUSTER_Z) {
					vec3 v = center - p;
					vec3 axis = mat3(view) * l.direction.xyz;
					float along = dot(v, axis);
					float sine = sqrt(max(1 - l.direction.w * l.direction.w, 0));
					float away = l.direction.w * sqrt(max(dot(v, v) - along * along, 0)) - along * sine;
					reaches = away <= radius * 1.001 && along <= radius + range && along >= -radius;
				}
				if (reaches) mask |= 1u << bit;
			}
			clusterWords[base + CLUSTER_SUMMARY + word] = mask;
		}
		if (mask != 0) summary |= 1u << (word % 32);
		if (word % 32 == 31) {
			clusterWords[base + word / 32] = summary;
			summary = 0;
		}
	}
}
