#version 450
// A triangle that covers the whole target, without any vertex buffer. uv is 0,0 at
// the top left corner. Its depth is that of the far plane: 0, since depth is reversed.
layout(location = 0) out vec2 uv;

void main() {
	uv = vec2((gl_VertexIndex << 1) & 2, gl_VertexIndex & 2);
	gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}
