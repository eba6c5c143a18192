// A grid of characters: a rectangle in the space, four vertices of a strip, an
// instance a grid.
#version 450
#extension GL_GOOGLE_include_directive : require

#include "text_grid.glsl"

layout(std430, set = 0, binding = 0) readonly buffer Grids { Grid grids[]; };

layout(location = 0) out vec2 place; // metres from the upper left corner, right and down
layout(location = 1) flat out vec4 extent; // xy of the grid, zw of a cell
layout(location = 2) flat out vec4 letter; // xy padding, z em, w baseline
layout(location = 3) flat out vec4 lines;
layout(location = 4) flat out uvec4 size; // w: bits of the opacity
layout(location = 5) flat out uvec4 paint;
layout(location = 6) flat out ivec4 cursor;

void main() {
	Grid g = grids[gl_InstanceIndex];
	vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
	extent = vec4(2 * g.right.w, 2 * g.up.w, g.cell.xy);
	letter = vec4(g.cell.zw, g.origin.w, g.shape.x);
	lines = g.lines;
	size = uvec4(g.size.xyz, floatBitsToUint(g.shape.y));
	paint = g.color;
	cursor = g.cursor;
	place = corner * extent.xy;
	gl_Position = viewProjection * vec4(g.origin.xyz + g.right.xyz * (corner.x * 2 - 1) + g.up.xyz * (1 - corner.y * 2), 1);
}
