// Image-based lighting: what a surface takes from an environment that vk/pass
// filtered. The split sum of Karis, "Real Shading in Unreal Engine 4" (2013).
#ifndef IBL_GLSL
#define IBL_GLSL

const float IBL_PI = 3.14159265358979;

// Irradiance over pi for a normal: what a white Lambert surface shows. The nine
// coefficients come with the cosine lobe and the basis constants folded in (Ramamoorthi
// and Hanrahan 2001); w is unused.
vec3 iblIrradiance(vec4 sh[9], vec3 n) {
	vec3 e = sh[0].rgb + sh[1].rgb * n.y + sh[2].rgb * n.z + sh[3].rgb * n.x
		+ sh[4].rgb * (n.x * n.y) + sh[5].rgb * (n.y * n.z) + sh[6].rgb * (3 * n.z * n.z - 1)
		+ sh[7].rgb * (n.x * n.z) + sh[8].rgb * (n.x * n.x - n.y * n.y);
	return max(e, vec3(0));
}

// The level of the prefiltered cube for a perceptual roughness.
float iblLevel(float roughness, float levels) {
	return clamp(roughness, 0.0, 1.0) * (levels - 1);
}

// Scale and bias of F0 in the specular integral of GGX with the height-correlated Smith
// term: a polynomial in the roughness and 2^(-4 n.v), fitted by least squares to the
// integral for roughness from 0.045 on. A white metal is off by 0.035 at most, where
// Karis' fit ("Physically Based Shading on Mobile", 2014) is off by more than 0.1.
vec2 iblBRDF(float roughness, float nDotV) {
	float x = exp2(-4 * nDotV);
	vec2 r0 = vec2(0.9613, -0.0237) + x * (vec2(0.8596, -0.6236) + x * (vec2(-2.2376, 2.5832) + x * (vec2(-0.3991, -0.3489) + x * vec2(0.7684, -0.5512))));
	vec2 r1 = vec2(-0.1348, 0.9366) + x * (vec2(-5.7893, 1.6658) + x * (vec2(7.6675, -6.2552) + x * vec2(-0.9886, 1.7052)));
	vec2 r2 = vec2(3.0177, -4.2054) + x * (vec2(7.5044, -0.1799) + x * vec2(-4.9056, 2.7722));
	vec2 r3 = vec2(-7.6250, 5.9825) + x * vec2(-1.8913, -0.6819);
	const vec2 r4 = vec2(4.0636, -2.7056);
	return clamp(r0 + roughness * (r1 + roughness * (r2 + roughness * (r3 + roughness * r4))), vec2(0), vec2(1));
}

// The direction of a point of a cube face, u to the right and v down in [-1, 1];
// not normalised (Vulkan's cube map table).
vec3 iblDirection(uint face, vec2 p) {
	switch (face) {
	case 0: return vec3(1, -p.y, -p.x);
	case 1: return vec3(-1, -p.y, p.x);
	case 2: return vec3(p.x, 1, p.y);
	case 3: return vec3(p.x, -1, -p.y);
	case 4: return vec3(p.x, -p.y, 1);
	default: return vec3(-p.x, -p.y, -1);
	}
}

// Where a unit direction lies on an equirectangular picture: +X in the middle, +Z a
// quarter to the right, +Y at the top.
vec2 iblEquirect(vec3 d) {
	return vec2(atan(d.z, d.x) / (2 * IBL_PI) + 0.5, acos(clamp(d.y, -1.0, 1.0)) / IBL_PI);
}

#endif
