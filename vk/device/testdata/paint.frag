// The colour of a uniform buffer.
#version 450
layout(set = 0, binding = 0) uniform Paint { vec4 colour; };
layout(location = 0) out vec4 result;
void main() { result = colour; }
