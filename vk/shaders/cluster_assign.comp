// Finds the lights that reach each cluster: one invocation a cluster.
//
// A light is tested as a sphere against the cluster's box in view space, a spot
// also as a cone against the sphere around that box (Wronski, "Cull that cone").
// Both tests may keep a light that does not reach; they never lose one. A workgroup
// turns LANES lights at a time into view space together, and goes on with those that
// reach the box around all of its clusters.
#version 450
#extension GL_GOOGLE_include_directive : require

#define CLUSTER_SET 0
#define CLUSTER_BINDING 0
#define CLUSTER_ACCESS
#include "cluster.glsl"

const uint LANES = 64; // divides CLUSTER_COUNT and is a multiple of CLUSTER_X
layout(local_size_x = LANES) in;

layout(push_constant) uniform Push {
	mat4 view;        // world to view, looking along -z
	vec2 projection;  // x' = projection.x * x / depth, y' = projection.y * y / depth
	vec2 size;        // pixels
	float near, far;  // metres: where the first slice ends and the last begins
	uint lightCount;
};

shared vec4 spheres[LANES]; // position in view space, range
shared vec4 cones[LANES];   // axis in view space, cosine of the outer angle; of a point -1
shared uint close[LANES / 32]; // bits of those that reach the workgroup's box

// Slice s spans depths bound(s) to bound(s+1); the first begins at the eye and the
// last never ends, so that everything before the camera is in one.
float bound(uint s) {
	if (s == 0) return 0;
	if (s >= CLUSTER_Z) return 1e9;
	return near * pow(far / near, float(s - 1) / float(CLUSTER_Z - 2));
}

struct Box { vec3 low, high; };

// The box around the cells from first to last, in view space. It is a little wider:
// what a pixel's rounding puts in a cell is in its box.
Box box(uvec3 first, uvec3 last) {
	const float slack = 1e-3;
	vec2 p = (vec2(first.xy) / vec2(CLUSTER_X, CLUSTER_Y) * 2 - 1 - slack) / projection;
	vec2 q = (vec2(last.xy + 1) / vec2(CLUSTER_X, CLUSTER_Y) * 2 - 1 + slack) / projection;
	float d0 = bound(first.z) * (1 - slack), d1 = bound(last.z + 1) * (1 + slack);
	return Box(vec3(min(min(p * d0, p * d1), min(q * d0, q * d1)), -d1), vec3(max(max(p * d0, p * d1), max(q * d0, q * d1)), -d0));
}

bool touches(vec4 sphere, Box b) {
	vec3 v = clamp(sphere.xyz, b.low, b.high) - sphere.xyz;
	return dot(v, v) <= sphere.w * sphere.w;
}

uvec3 cell(uint cluster) {
	return uvec3(cluster % CLUSTER_X, cluster / CLUSTER_X % CLUSTER_Y, cluster / (CLUSTER_X * CLUSTER_Y));
}

void main() {
	uint cluster = gl_GlobalInvocationID.x, lane = gl_LocalInvocationID.x;
	if (cluster == 0) {
		clusterTile = vec2(CLUSTER_X, CLUSTER_Y) / size;
		clusterScale = float(CLUSTER_Z - 2) / log2(far / near);
		clusterBias = 1 - log2(near) * clusterScale;
		clusterLights = lightCount;
		clusterReserved0 = clusterReserved1 = clusterReserved2 = 0;
	}

	uvec3 own = cell(cluster);
	Box b = box(own, own);
	vec3 center = (b.low + b.high) * 0.5;
	float radius = length(b.high - center);
	bool bounded = own.z + 1 < CLUSTER_Z; // the last slice has no sphere around it

	uvec3 first = cell(gl_WorkGroupID.x * LANES), last = cell(gl_WorkGroupID.x * LANES + LANES - 1);
	if (first.z != last.z) {
		first.y = 0;
		last.y = CLUSTER_Y - 1;
	}
	Box all = box(first, last);

	uint base = cluster * (CLUSTER_SUMMARY + CLUSTER_MASK);
	uvec4 summary = uvec4(0);
	for (uint start = 0; start < lightCount; start += LANES) {
		barrier();
		if (lane < LANES / 32) close[lane] = 0;
		barrier();
		if (start + lane < lightCount) {
			ClusterLight l = lights[start + lane];
			vec4 sphere = vec4((view * vec4(l.position.xyz, 1)).xyz, l.position.w);
			spheres[lane] = sphere;
			cones[lane] = vec4(mat3(view) * l.direction.xyz, l.spot.y == LIGHT_SPOT ? l.direction.w : -1);
			if (touches(sphere, all)) atomicOr(close[lane / 32], 1u << (lane % 32));
		}
		barrier();
		for (uint k = 0; k < LANES / 32 && start + k * 32 < lightCount; k++) {
			uint mask = 0;
			for (uint rest = close[k]; rest != 0; rest &= rest - 1) {
				uint bit = uint(findLSB(rest));
				vec4 sphere = spheres[k * 32 + bit];
				if (!touches(sphere, b)) continue;
				vec4 cone = cones[k * 32 + bit];
				if (cone.w > 0 && bounded) {
					vec3 v = center - sphere.xyz;
					float along = dot(v, cone.xyz);
					float away = cone.w * sqrt(max(dot(v, v) - along * along, 0)) - along * sqrt(max(1 - cone.w * cone.w, 0));
					if (away > radius * 1.001 || along > radius + sphere.w || along < -radius) continue;
				}
				mask |= 1u << bit;
			}
			uint word = start / 32 + k;
			clusterWords[base + CLUSTER_SUMMARY + word] = mask;
			if (mask != 0) summary[word / 32] |= 1u << (word % 32);
		}
	}
	for (uint i = 0; i < CLUSTER_SUMMARY; i++) clusterWords[base + i] = summary[i];
}
