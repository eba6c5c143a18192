// The overlay: solid rectangles, and glyphs by their coverage. Text by distance fields
// comes here when glyphs are not of one size.
#version 450

layout(location = 0) in vec2 texel;
layout(location = 1) flat in vec4 ink;
layout(location = 2) flat in uint glyph;

layout(location = 0) out vec4 color;

layout(set = 0, binding = 1) uniform sampler2D atlas;

layout(push_constant) uniform Push {
	vec2 scale;
	uvec2 cell;
};

const uint SOLID = 0xFFFFFFFFu;

void main() {
	float coverage = 1;
	if (glyph != SOLID) coverage = texelFetch(atlas, ivec2(min(uvec2(texel), cell - 1)) + ivec2(glyph & 0xFFFFu, glyph >> 16), 0).r;
	color = vec4(ink.rgb, ink.a * coverage);
}
