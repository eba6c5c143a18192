// The metallic-roughness reflectance of glTF 2.0, appendix B: Lambert below, GGX
// with the height-correlated Smith term (Heitz 2014) and Schlick's Fresnel above.
#ifndef PBR_GLSL
#define PBR_GLSL

const float PI = 3.14159265358979;

struct Surface {
	vec3 position, normal, toEye; // the latter two unit
	vec3 diffuse;                 // reflectance below the surface
	vec3 f0;                      // reflectance of the surface seen straight on
	float alpha;                  // roughness squared
	float roughness, occlusion;
	float nv;
};

float pow5(float x) { float x2 = x * x; return x2 * x2 * x; }

// What a surface sends to the eye of light from a direction, per unit of radiance,
// the cosine included.
vec3 reflectance(Surface s, vec3 toLight) {
	float nl = dot(s.normal, toLight);
	if (nl <= 0.0) return vec3(0);
	vec3 h = normalize(s.toEye + toLight);
	float nh = clamp(dot(s.normal, h), 0.0, 1.0), vh = clamp(dot(s.toEye, h), 0.0, 1.0);
	float a2 = s.alpha * s.alpha;
	float d = nh * nh * (a2 - 1.0) + 1.0;
	float distribution = a2 / (PI * d * d);
	float visibility = 0.5 / (nl * sqrt(s.nv * s.nv * (1.0 - a2) + a2) + s.nv * sqrt(nl * nl * (1.0 - a2) + a2));
	vec3 fresnel = s.f0 + (1.0 - s.f0) * pow5(1.0 - vh);
	return ((1.0 - fresnel) * s.diffuse * (1.0 / PI) + distribution * visibility * fresnel) * nl;
}

// The split sum's second factor, fitted by Karis ("Physically based shading on
// mobile", after Lazarov): x times f0 plus y.
vec2 environmentReflectance(float roughness, float nv) {
	const vec4 c0 = vec4(-1, -0.0275, -0.572, 0.022), c1 = vec4(1, 0.0425, 1.04, -0.04);
	vec4 r = roughness * c0 + c1;
	float a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
	return vec2(-1.04, 1.04) * a + r.zw;
}

#endif
