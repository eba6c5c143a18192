// Lights by cluster: what a shader needs to walk the lights that reach a pixel.
//
// The view is cut into CLUSTER_X x CLUSTER_Y tiles and CLUSTER_Z slices of depth
// that grow exponentially. A cluster is a bit mask over all lights, so no cluster
// can overflow, and 4 words that say which words of the mask are not zero:
//
//	clusters: header 8 words | cluster 0: summary 4 words, mask 128 words | cluster 1 ...
//
// Who includes this defines CLUSTER_SET and CLUSTER_BINDING: the lights are bound
// there, the clusters one binding above. Usage:
//
//	ClusterCursor c = clusterBegin(clusterAt(gl_FragCoord.xy, viewDepth));
//	for (uint i; clusterNext(c, i);) {
//		vec3 toLight;
//		vec3 radiance = clusterRadiance(lights[i], worldPosition, toLight);
//		...
//	}
#ifndef CLUSTER_GLSL
#define CLUSTER_GLSL

#ifndef CLUSTER_ACCESS
#define CLUSTER_ACCESS readonly
#endif

const uint CLUSTER_X = 16, CLUSTER_Y = 9, CLUSTER_Z = 24;
const uint CLUSTER_COUNT = CLUSTER_X * CLUSTER_Y * CLUSTER_Z;
const uint CLUSTER_HEADER = 8, CLUSTER_SUMMARY = 4, CLUSTER_MASK = 128;

const float LIGHT_POINT = 0, LIGHT_SPOT = 1;

// A point or spot light in world space, 64 bytes.
struct ClusterLight {
	vec4 position;  // xyz metres; w range in metres, above 0
	vec4 color;     // rgb times intensity in candela; w unused
	vec4 direction; // xyz the way a spot shines, unit; w cosine of the outer angle
	vec4 spot;      // x cosine of the inner angle, y LIGHT_POINT or LIGHT_SPOT
};

layout(std430, set = CLUSTER_SET, binding = CLUSTER_BINDING) readonly buffer ClusterLights { ClusterLight lights[]; };

layout(std430, set = CLUSTER_SET, binding = CLUSTER_BINDING + 1) CLUSTER_ACCESS buffer Clusters {
	vec2 clusterTile;       // tiles per pixel
	float clusterScale;     // slice = log2(depth) * scale + bias
	float clusterBias;
	uint clusterLights;
	uint clusterReserved0, clusterReserved1, clusterReserved2;
	uint clusterWords[];
};

// The cluster of a pixel (gl_FragCoord.xy) at a depth in metres before the camera.
uint clusterAt(vec2 pixel, float depth) {
	uvec2 tile = min(uvec2(max(pixel * clusterTile, vec2(0))), uvec2(CLUSTER_X - 1, CLUSTER_Y - 1));
	float slice = clamp(log2(max(depth, 1e-6)) * clusterScale + clusterBias, 0.0, float(CLUSTER_Z - 1));
	return (uint(slice) * CLUSTER_Y + tile.y) * CLUSTER_X + tile.x;
}

struct ClusterCursor {
	uint base, group, summary, word, bits;
};

ClusterCursor clusterBegin(uint cluster) {
	uint base = cluster * (CLUSTER_SUMMARY + CLUSTER_MASK);
	return ClusterCursor(base, 0, clusterWords[base], 0, 0);
}

// Moves to the next light; false when there is none left.
bool clusterNext(inout ClusterCursor c, out uint light) {
	light = 0;
	while (c.bits == 0) {
		while (c.summary == 0) {
			if (++c.group >= CLUSTER_SUMMARY) return false;
			c.summary = clusterWords[c.base + c.group];
		}
		c.word = c.group * 32 + uint(findLSB(c.summary));
		c.summary &= c.summary - 1;
		c.bits = clusterWords[c.base + CLUSTER_SUMMARY + c.word];
	}
	light = c.word * 32 + uint(findLSB(c.bits));
	c.bits &= c.bits - 1;
	return true;
}

// What arrives at a position, before the surface's cosine (KHR_lights_punctual).
vec3 clusterRadiance(ClusterLight l, vec3 position, out vec3 toLight) {
	vec3 v = l.position.xyz - position;
	float d2 = max(dot(v, v), 1e-4); // a lamp has a size: 1 cm
	toLight = v * inversesqrt(max(dot(v, v), 1e-12));
	float r2 = d2 / (l.position.w * l.position.w);
	float falloff = clamp(1 - r2 * r2, 0.0, 1.0) / d2;
	if (l.spot.y == LIGHT_SPOT) {
		float scale = 1 / max(l.spot.x - l.direction.w, 1e-3);
		float cone = clamp((dot(-toLight, l.direction.xyz) - l.direction.w) * scale, 0.0, 1.0);
		falloff *= cone * cone;
	}
	return l.color.rgb * falloff;
}

#endif
