// A vertex of an instance: a place, moved by the instance.
#version 450
layout(location = 0) in vec2 place;
layout(location = 1) in vec2 move;
void main() { gl_Position = vec4(place + move, 0.5, 1.0); }
