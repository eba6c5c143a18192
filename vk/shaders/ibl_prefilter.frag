// Filters the base cube for one roughness and face: GGX importance sampling with the
// view along the normal (Karis 2013), each sample read from the level whose texels cover
// its share of the lobe (Krivanek and Colbert, "Real-time Shading with Filtered
// Importance Sampling", 2008).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ibl.glsl"

layout(location = 0) out vec4 color;

layout(set = 0, binding = 0) uniform samplerCube base;

layout(push_constant) uniform Push { uint face, size, baseSize, samples; float roughness; };

// Van der Corput's radical inverse in base 2.
float inverse2(uint i) {
	return float(bitfieldReverse(i)) * 2.3283064365386963e-10;
}

void main() {
	vec3 n = normalize(iblDirection(face, gl_FragCoord.xy / float(size) * 2 - 1));
	if (roughness == 0) {
		color = vec4(textureLod(base, n, 0).rgb, 1);
		return;
	}
	vec3 up = abs(n.z) < 0.999 ? vec3(0, 0, 1) : vec3(1, 0, 0);
	vec3 x = normalize(cross(up, n)), y = cross(n, x);
	float alpha = roughness * roughness, a2 = alpha * alpha;
	float texel = 4 * IBL_PI / (6 * float(baseSize) * float(baseSize));
	vec3 sum = vec3(0);
	float weights = 0;
	for (uint i = 0; i < samples; i++) {
		vec2 e = vec2((float(i) + 0.5) / float(samples), inverse2(i));
		float phi = 2 * IBL_PI * e.y;
		float cosine2 = (1 - e.x) / (1 + (a2 - 1) * e.x);
		float cosine = sqrt(cosine2), sine = sqrt(max(1 - cosine2, 0));
		vec3 h = x * (sine * cos(phi)) + y * (sine * sin(phi)) + n * cosine;
		vec3 l = 2 * cosine * h - n;
		float nDotL = dot(n, l);
		if (nDotL <= 0) continue;
		float d = cosine2 * (a2 - 1) + 1;
		float pdf = a2 / (IBL_PI * d * d) / 4; // n.h and v.h cancel: n is v
		float share = 1 / (float(samples) * pdf);
		float level = max(0.5 * log2(share / texel) + 1, 0);
		sum += textureLod(base, l, level).rgb * nDotL;
		weights += nDotL;
	}
	color = vec4(sum / max(weights, 1e-6), 1);
}
