// Picking: the object's number.
#version 450

layout(location = 0) out uint number;

layout(push_constant) uniform Push {
	mat4 clip;
	uint object;
};

void main() {
	number = object;
}
