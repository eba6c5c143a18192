// Debug lines: a position and a linear colour a vertex.
#version 450

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 color;

layout(location = 0) out vec3 lineColor;

layout(push_constant) uniform Push {
	mat4 viewProjection;
	float bias;       // share of the depth by which lines come nearer
	float brightness; // multiplier
};

void main() {
	gl_Position = viewProjection * vec4(position, 1);
	gl_Position.z += gl_Position.z * bias; // reverse depth: more is nearer
	lineColor = color * brightness;
}
