// What all programs that draw the scene share: set 0. The Go side is vk/draw.
//
// An object is a slot of the scene. An item is one mesh of an object's model; a
// batch is a mesh with a material, drawn once for all its items that are seen:
// cull_items.comp counts them into the batch's command and lists them, from
// firstInstance on, in `visible`, where gl_InstanceIndex finds them again.
//
//	Object  80 bytes   Item 16 bytes   Batch 32 bytes   Matrix 48 bytes
#ifndef FRAME_DATA_GLSL
#define FRAME_DATA_GLSL

const uint NONE = 0xFFFFFFFFu;

const uint OBJECT_HIDDEN = 1u, OBJECT_NO_SHADOW = 2u, OBJECT_NO_PICK = 4u;
const uint BATCH_NO_SHADOW = 1u, BATCH_BLEND = 2u;

const int MAX_SUNS = 4, MAX_CASCADES = 4;

// A matrix of 3 rows and 4 columns: affine, by rows.
struct Matrix { vec4 x, y, z; };

struct Object {
	Matrix world; // from the model to the world
	vec4 tint;
	uint flags, reserved0, reserved1, reserved2;
};

struct Item {
	uint object, batch;
	uint local; // index in `locals`: from the mesh to the model
	uint reserved;
};

struct Batch {
	vec4 sphere;        // centre and radius, in the space of the mesh
	uint command;       // its place among the commands, NONE: drawn otherwise
	uint firstInstance; // its place in a view's part of `visible`
	uint material;      // bindless: index in `materials`
	uint flags;
};

struct Sun {
	vec4 direction; // the way that light goes, unit
	vec4 color;     // rgb times lux
};

layout(set = 0, binding = 0, std140) uniform FrameBlock {
	mat4 viewProjection;
	mat4 view;
	mat4 fromClip;               // to the camera's surroundings: world directions, the camera at 0
	mat4 cascades[MAX_CASCADES]; // from the world to a cascade: xy 0..1, z 0 is near
	vec4 cascadeEnd;             // depth before the camera where each ends
	vec4 cascadeTexel;           // metres a texel is wide
	vec4 camera;                 // position; w: near plane
	vec4 ambient;                // rgb, light from everywhere
	vec4 background;             // rgb; w: factor of the sky
	vec4 size;                   // width, height, 1/width, 1/height
	Sun suns[MAX_SUNS];
	uint sunCount, shadowSun;    // shadowSun: which one throws shadows, or NONE
	uint lightCount, cascadeCount;
	float environmentLevels;     // 0: there is none
	float shadowSize;            // texels a side
	uint reserved0, reserved1;
} frame;

layout(set = 0, binding = 1, std430) readonly buffer Objects { Object objects[]; };
layout(set = 0, binding = 2, std430) readonly buffer Locals { Matrix locals[]; };
layout(set = 0, binding = 3, std430) readonly buffer Items { Item items[]; };
layout(set = 0, binding = 4, std430) readonly buffer Batches { Batch batches[]; };
#ifndef FRAME_VISIBLE
#define FRAME_VISIBLE readonly
#endif
layout(set = 0, binding = 5, std430) FRAME_VISIBLE buffer Visible { uint visible[]; };

vec3 transformPoint(Matrix m, vec3 p) {
	vec4 h = vec4(p, 1.0);
	return vec3(dot(m.x, h), dot(m.y, h), dot(m.z, h));
}

// a after b.
Matrix multiply(Matrix a, Matrix b) {
	const vec4 last = vec4(0, 0, 0, 1);
	return Matrix(
		a.x.x * b.x + a.x.y * b.y + a.x.z * b.z + a.x.w * last,
		a.y.x * b.x + a.y.y * b.y + a.y.z * b.z + a.y.w * last,
		a.z.x * b.x + a.z.y * b.y + a.z.z * b.z + a.z.w * last);
}

mat3 linear(Matrix m) { return transpose(mat3(m.x.xyz, m.y.xyz, m.z.xyz)); }

#endif
