// Morphs and skins vertices: one invocation a vertex, one dispatch for all jobs.
//
// A workgroup belongs to the last job whose firstGroup is not above its number;
// jobs are sorted by firstGroup. What a job reads and writes is drawn in vk/pass.
#version 450

layout(local_size_x = 64) in;

struct Job {
	uint firstGroup;
	uint vertexIn, vertexOut, vertices;
	uint firstSkin; // NONE: not skinned
	uint firstJoint, joints;
	uint firstTarget, targets; // the delta of target t at vertex v is firstTarget + t*vertices + v
	uint firstWeight;
	uint reserved0, reserved1;
};

const uint NONE = 0xFFFFFFFFu;

layout(std430, set = 0, binding = 0) readonly buffer Jobs { Job jobs[]; };
layout(std430, set = 0, binding = 1) readonly buffer VerticesIn { uint vertexIn[]; };   // 16 words each
layout(std430, set = 0, binding = 2) readonly buffer Skins { uint skins[]; };           // 6 words each
layout(std430, set = 0, binding = 3) readonly buffer Joints { mat4 joints[]; };
layout(std430, set = 0, binding = 4) readonly buffer Deltas { float deltas[]; };        // 9 floats each
layout(std430, set = 0, binding = 5) readonly buffer Weights { float weights[]; };
layout(std430, set = 0, binding = 6) writeonly buffer VerticesOut { uint vertexOut[]; };

layout(push_constant) uniform Push { uint jobCount, groups, rowGroups; };

uint find(uint group) {
	uint low = 0, high = jobCount;
	while (high - low > 1) {
		uint middle = (low + high) / 2;
		if (jobs[middle].firstGroup <= group) low = middle;
		else high = middle;
	}
	return low;
}

vec3 word3(uint at) {
	return vec3(uintBitsToFloat(vertexIn[at]), uintBitsToFloat(vertexIn[at + 1]), uintBitsToFloat(vertexIn[at + 2]));
}

void put3(uint at, vec3 v) {
	vertexOut[at] = floatBitsToUint(v.x);
	vertexOut[at + 1] = floatBitsToUint(v.y);
	vertexOut[at + 2] = floatBitsToUint(v.z);
}

// A direction of length 0 or one that is not finite stays what it was.
vec3 unit(vec3 v, vec3 otherwise) {
	float l = dot(v, v);
	return l > 1e-30 && l < 1e30 ? v * inversesqrt(l) : otherwise;
}

void main() {
	uint group = gl_WorkGroupID.y * rowGroups + gl_WorkGroupID.x;
	if (group >= groups) return;
	Job job = jobs[find(group)];
	uint vertex = (group - job.firstGroup) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
	if (vertex >= job.vertices) return;

	uint at = (job.vertexIn + vertex) * 16;
	vec3 position = word3(at);
	vec3 normal = word3(at + 3);
	vec4 tangent = vec4(word3(at + 6), uintBitsToFloat(vertexIn[at + 9]));

	vec3 n = normal, t = tangent.xyz;
	for (uint i = 0; i < job.targets; i++) {
		float weight = weights[job.firstWeight + i];
		if (weight == 0) continue;
		uint d = (job.firstTarget + i * job.vertices + vertex) * 9;
		position += weight * vec3(deltas[d], deltas[d + 1], deltas[d + 2]);
		n += weight * vec3(deltas[d + 3], deltas[d + 4], deltas[d + 5]);
		t += weight * vec3(deltas[d + 6], deltas[d + 7], deltas[d + 8]);
	}

	if (job.firstSkin != NONE && job.joints > 0) {
		uint s = (job.firstSkin + vertex) * 6;
		uvec4 index = uvec4(skins[s] & 0xFFFFu, skins[s] >> 16, skins[s + 1] & 0xFFFFu, skins[s + 1] >> 16);
		index = job.firstJoint + min(index, uvec4(job.joints - 1));
		vec4 weight = vec4(uintBitsToFloat(skins[s + 2]), uintBitsToFloat(skins[s + 3]), uintBitsToFloat(skins[s + 4]), uintBitsToFloat(skins[s + 5]));
		float sum = weight.x + weight.y + weight.z + weight.w;
		if (sum > 0) {
			weight /= sum;
			mat4 m = joints[index.x] * weight.x + joints[index.y] * weight.y + joints[index.z] * weight.z + joints[index.w] * weight.w;
			mat3 linear = mat3(m);
			// The cofactors are the inverse transpose times the determinant: no division,
			// and normals of flattened meshes stay finite.
			mat3 cofactors = mat3(cross(linear[1], linear[2]), cross(linear[2], linear[0]), cross(linear[0], linear[1]));
			float side = dot(linear[0], cofactors[0]) < 0 ? -1.0 : 1.0;
			position = (m * vec4(position, 1)).xyz;
			n = side * (cofactors * n);
			t = linear * t;
			tangent.w *= side;
		}
	}

	uint o = (job.vertexOut + vertex) * 16;
	put3(o, position);
	put3(o + 3, unit(n, normal));
	put3(o + 6, unit(t, tangent.xyz));
	vertexOut[o + 9] = floatBitsToUint(tangent.w);
	for (uint i = 10; i < 16; i++) vertexOut[o + i] = vertexIn[at + i];
}
