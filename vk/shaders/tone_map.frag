// From light to the screen: exposure, bloom, a tone mapper, the sRGB curve and a dither.
#version 450

layout(location = 0) out vec4 color;

layout(set = 0, binding = 0) uniform sampler2D hdr;
layout(set = 0, binding = 1) uniform sampler2D bloom;

layout(push_constant) uniform Push {
	vec2 texel;   // 1 / size of the target
	float exposure; // multiplier
	float bloomShare; // 0 to 1 of the picture is bloom
	uint mapper;
	float dither; // in steps of 1/255
};

const uint NEUTRAL = 0, ACES = 1, REINHARD = 2, NONE = 3;

// Khronos PBR Neutral: keeps base colours as they are, compresses highlights only.
vec3 neutral(vec3 c) {
	const float start = 0.8 - 0.04, desaturation = 0.15;
	float low = min(c.r, min(c.g, c.b));
	c -= low < 0.08 ? low - 6.25 * low * low : 0.04;
	float peak = max(c.r, max(c.g, c.b));
	if (peak < start) return c;
	const float d = 1 - start;
	float compressed = 1 - d * d / (peak + d - start);
	c *= compressed / peak;
	return mix(c, vec3(compressed), 1 - 1 / (desaturation * (peak - compressed) + 1));
}

// ACES reference and output transforms, fitted by Stephen Hill (BakingLab, 2016).
vec3 aces(vec3 c) {
	const mat3 inward = mat3(0.59719, 0.07600, 0.02840, 0.35458, 0.90834, 0.13383, 0.04823, 0.01566, 0.83777);
	const mat3 outward = mat3(1.60475, -0.10208, -0.00327, -0.53108, 1.10813, -0.07276, -0.07367, -0.00605, 1.07602);
	vec3 v = inward * c;
	v = (v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.4329510) + 0.238081);
	return outward * v;
}

// Reinhard et al., "Photographic Tone Reproduction for Digital Images" (2002), equation 3.
vec3 reinhard(vec3 c) {
	return c / (1 + dot(c, vec3(0.2126, 0.7152, 0.0722)));
}

vec3 encode(vec3 c) {
	return mix(1.055 * pow(c, vec3(1 / 2.4)) - 0.055, c * 12.92, lessThanEqual(c, vec3(0.0031308)));
}

// Interleaved gradient noise (Jimenez 2014) in [-0.5, 0.5).
float noise(vec2 p) {
	return fract(52.9829189 * fract(dot(p, vec2(0.06711056, 0.00583715)))) - 0.5;
}

void main() {
	vec2 at = gl_FragCoord.xy * texel;
	vec3 c = texelFetch(hdr, ivec2(gl_FragCoord.xy), 0).rgb;
	c = mix(c, vec3(0), isnan(c));
	if (bloomShare > 0) c = mix(c, textureLod(bloom, at, 0).rgb, bloomShare);
	c = clamp(c * exposure, vec3(0), vec3(65504));
	switch (mapper) {
	case NEUTRAL: c = neutral(c); break;
	case ACES: c = aces(c); break;
	case REINHARD: c = reinhard(c); break;
	}
	c = encode(clamp(c, vec3(0), vec3(1)));
	color = vec4(c + noise(gl_FragCoord.xy) * dither / 255, 1);
}
