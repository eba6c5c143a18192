// Picking: the position alone.
#version 450

layout(location = 0) in vec3 position;

layout(push_constant) uniform Push {
	mat4 clip; // model to the clip space of the few pixels that are asked for
	uint object;
};

void main() {
	gl_Position = clip * vec4(position, 1);
}
