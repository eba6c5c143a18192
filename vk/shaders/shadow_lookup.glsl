// Shadows of one sun in cascades: maps one behind the other, each covering more of
// the depth before the camera with the same number of texels.
layout(set = 0, binding = 8) uniform sampler2DArrayShadow shadowMap;

// How many texels a shadow's edge is soft to each side: 0, 1 or 2.
layout(constant_id = 2) const int SHADOW_SOFT = 1;

float shadowAt(int cascade, vec3 position, vec3 normal, float slope) {
	// What is lit must not be in its own shadow: a texel covers a piece of a sloped
	// surface, so the lookup moves off it along the normal.
	float texel = frame.cascadeTexel[cascade];
	vec3 p = position + normal * texel * (0.5 + 1.5 * float(SHADOW_SOFT + 1) * slope);
	vec3 c = (frame.cascades[cascade] * vec4(p, 1.0)).xyz;
	if (c.z >= 1.0) return 1.0;
	float step = 1.0 / frame.shadowSize;
	if (SHADOW_SOFT == 0) return texture(shadowMap, vec4(c.xy, cascade, c.z));
	// Each lookup averages 2x2 texels already: taps between them cover the rest.
	float sum = 0.0;
	const int n = SHADOW_SOFT + 1;
	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
			sum += texture(shadowMap, vec4(c.xy + (vec2(x, y) - 0.5 * float(n - 1)) * step, cascade, c.z));
	return sum / float(n * n);
}

// How much of the sun arrives: 1 all. depth is metres before the camera.
float sunlight(vec3 position, vec3 normal, vec3 toSun, float depth) {
	int last = int(frame.cascadeCount) - 1;
	if (last < 0 || depth >= frame.cascadeEnd[last]) return 1.0;
	int cascade = 0;
	while (cascade < last && depth >= frame.cascadeEnd[cascade]) cascade++;
	float nl = clamp(dot(normal, toSun), 0.0, 1.0);
	float slope = sqrt(1.0 - nl * nl);
	float light = shadowAt(cascade, position, normal, slope);
	// The last tenth of a cascade blends into the next, and of the last one into light.
	float begin = cascade == 0 ? 0.0 : frame.cascadeEnd[cascade - 1];
	float end = frame.cascadeEnd[cascade];
	float fade = clamp((depth - mix(begin, end, 0.9)) / (0.1 * (end - begin)), 0.0, 1.0);
	if (fade > 0.0) {
		float next = cascade < last ? shadowAt(cascade + 1, position, normal, slope) : 1.0;
		light = mix(light, next, fade);
	}
	return light;
}
