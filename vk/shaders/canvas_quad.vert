// A canvas: a rectangle in the space, four vertices of a strip, no buffer.
#version 450

layout(push_constant) uniform Push {
	mat4 viewProjection;
	vec4 origin; // xyz the middle, world; w opacity
	vec4 right;  // xyz from the middle to the right edge; w brightness
	vec4 up;     // xyz from the middle to the upper edge
};

layout(location = 0) out vec2 uv;

void main() {
	vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
	uv = corner;
	vec3 p = origin.xyz + right.xyz * (corner.x * 2 - 1) + up.xyz * (1 - corner.y * 2);
	gl_Position = viewProjection * vec4(p, 1);
}
