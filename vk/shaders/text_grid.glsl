// What both stages know of a grid of characters. Lengths are in metres.

struct Grid {
	vec4 origin; // xyz the middle, world; w metres an em
	vec4 right;  // xyz from the middle to the right edge; w its length
	vec4 up;     // xyz from the middle to the upper edge; w its length
	vec4 cell;   // xy width and height of a cell; zw padding
	vec4 lines;  // from the baseline down: x underline, y strike; z thickness; w width of the border
	vec4 shape;  // x baseline from the top of a cell down; y opacity of the background
	uvec4 size;  // columns, rows, number of the first cell
	uvec4 color; // background, border, cursor, text in the cursor: bytes R, G, B, A
	ivec4 cursor; // column, row, shape (0 none), columns
};

layout(push_constant) uniform Push {
	mat4 viewProjection;
	float brightness; // multiplies colours
	float time;       // seconds, at most one, for what blinks
	uint glyphCount;
};
