// A canvas: its picture, straight alpha.
#version 450

layout(location = 0) in vec2 uv;

layout(location = 0) out vec4 color;

layout(set = 0, binding = 0) uniform sampler2D picture;

layout(push_constant) uniform Push {
	mat4 viewProjection;
	vec4 origin, right, up;
};

void main() {
	vec4 c = texture(picture, uv);
	color = vec4(c.rgb * right.w, c.a * origin.w);
	if (color.a <= 0) discard; // nothing there: nothing in the depth either
}
