// Asks cluster.glsl for the lights of a pixel and what arrives at a position.
#version 450
#extension GL_GOOGLE_include_directive : require

#define CLUSTER_SET 0
#define CLUSTER_BINDING 0
#include "cluster.glsl"

layout(local_size_x = 64) in;

struct Probe { vec4 pixel; vec4 position; }; // pixel: xy, depth
struct Answer { uint cluster, count; uint sum, last; vec4 radiance; };

layout(std430, set = 0, binding = 2) readonly buffer Probes { Probe probes[]; };
layout(std430, set = 0, binding = 3) writeonly buffer Answers { Answer answers[]; };

layout(push_constant) uniform Push { uint count; };

void main() {
	uint id = gl_GlobalInvocationID.x;
	if (id >= count) return;
	Probe p = probes[id];
	Answer a = Answer(clusterAt(p.pixel.xy, p.pixel.z), 0, 0, 0, vec4(0));
	ClusterCursor c = clusterBegin(a.cluster);
	for (uint i; clusterNext(c, i);) {
		vec3 toLight;
		a.radiance.rgb += clusterRadiance(lights[i], p.position.xyz, toLight);
		a.count++;
		a.sum = a.sum * 31 + i;
		a.last = i;
	}
	answers[id] = a;
}
