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

// Scale and bias of F0 in the specular integral: Karis' fit of the GGX lookup table
// ("Physically Based Shading on Mobile", 2014).
vec2 iblBRDF(float roughness, float nDotV) {
	const vec4 c0 = vec4(-1, -0.0275, -0.572, 0.022);
	const vec4 c1 = vec4(1, 0.0425, 1.04, -0.04);
	vec4 r = roughness * c0 + c1;
	float a = min(r.x * r.x, exp2(-9.28 * nDotV)) * r.x + r.y;
	return vec2(-1.04, 1.04) * a + r.zw;
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
