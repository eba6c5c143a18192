// The overlay: one instance a rectangle or a glyph, in pixels from the upper left.
#version 450

struct Quad {
	uint position; // x and y, signed 16 bit each
	uint size;     // width and height, 16 bit each
	uint glyph;    // its corner in the atlas in texels, x | y << 16, or SOLID
	uint color;    // RGBA8, sRGB-encoded, straight alpha
};

layout(std430, set = 0, binding = 0) readonly buffer Quads { Quad quads[]; };

layout(push_constant) uniform Push {
	vec2 scale;      // 2 / size of the target
	uvec2 cell;      // size of a glyph in the atlas, texels
};

const uint SOLID = 0xFFFFFFFFu;

layout(location = 0) out vec2 texel;
layout(location = 1) flat out vec4 ink;
layout(location = 2) flat out uint glyph;

void main() {
	Quad q = quads[gl_InstanceIndex];
	vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
	vec2 position = vec2(int(q.position << 16) >> 16, int(q.position) >> 16);
	vec2 size = vec2(q.size & 0xFFFFu, q.size >> 16);
	gl_Position = vec4((position + corner * size) * scale - 1, 0, 1);
	texel = corner * vec2(cell);
	ink = unpackUnorm4x8(q.color);
	glyph = q.glyph;
}
