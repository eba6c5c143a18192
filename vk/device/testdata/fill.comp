// Writes a constant, plus what is pushed, into each word of a buffer.
#version 450
layout(local_size_x = 64) in;
layout(constant_id = 3) const uint value = 1;
layout(set = 0, binding = 0) writeonly buffer Out { uint words[]; };
layout(push_constant) uniform Push { uint count, add; };
void main() {
	if (gl_GlobalInvocationID.x < count) words[gl_GlobalInvocationID.x] = value + add;
}
