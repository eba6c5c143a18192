/* display.h - what guests say to the services that show a space: hearth.Renderer,
 * hearth.canvas.CanvasFactory, hearth.DebugDrawFactory, hearth.Window,
 * hearth.Camera and hearth.terminal.TerminalFactory.
 *
 * Each function appends one request, or one message to what a request made, to a text;
 * t->full says that it did not fit. Compile display.c beside hearth.c.
 *
 *	static uint8_t buf[2048];
 *	hearth_text t = hearth_text_in(buf, sizeof buf);
 *	hearth_mat4 here = hearth_at(0, 1, 0);
 *	hearth_put_model(&t, &(hearth_model){.lump = id, .transform = here, .animation = -1, .tint = {1, 1, 1, 1}});
 *	hearth_request(renderer, t.data, t.len, 0, 0, shown, 0);
 *
 * A request names the lumps whose ids were read in the same handler call, and so grants
 * them to who shows the space. The answer is {"Ok":..} with a capability to what was
 * made, or {"Err":..}; what was made ends when that capability is killed, or with the
 * process that asked.
 *
 * Lengths are metres, angles radians, colours linear; y points up. Matrices are 16
 * numbers by columns, turns are quaternions x, y, z, w.
 */
#ifndef HEARTH_DISPLAY_H
#define HEARTH_DISPLAY_H

#include "hearth.h"

#define HEARTH_RENDERER "hearth.Renderer"
#define HEARTH_CANVASES "hearth.canvas.CanvasFactory"
#define HEARTH_DEBUG_DRAW "hearth.DebugDrawFactory"
#define HEARTH_WINDOW "hearth.Window"
#define HEARTH_CAMERA "hearth.Camera"
#define HEARTH_TERMINALS "hearth.terminal.TerminalFactory"

typedef struct { float x, y, z; } hearth_vec3;
typedef struct { float x, y, z, w; } hearth_vec4;
typedef struct { float m[16]; } hearth_mat4;

#ifdef __cplusplus
extern "C" {
#endif

/* Where something is that is not turned; and that is scaled, then turned, then moved. */
hearth_mat4 hearth_at(float x, float y, float z);
hearth_mat4 hearth_place(hearth_vec3 to, hearth_vec4 turn, hearth_vec3 scale);

/* A model (glTF, OBJ) that is to be shown. */
typedef struct {
	hearth_lump_id lump;
	hearth_mat4 transform;
	int32_t animation; /* which of its animations runs over and over; -1: none */
	hearth_vec4 tint;  /* multiplies its colours */
	const char *name;  /* what an answer to pick calls it; may be null */
} hearth_model;

/* Requests to hearth.Renderer. */
void hearth_put_model(hearth_text *t, const hearth_model *m);
void hearth_put_object(hearth_text *t, const hearth_lump_id *mesh, const hearth_lump_id *material, const hearth_mat4 *transform);
void hearth_put_directional_light(hearth_text *t, hearth_vec3 color, float intensity, hearth_vec3 direction, float distance);
void hearth_put_point_light(hearth_text *t, hearth_vec3 position, hearth_vec3 color, float intensity, float range);
/* Full light within the angle inner from the direction, none beyond outer. */
void hearth_put_spot_light(hearth_text *t, hearth_vec3 position, hearth_vec3 direction, hearth_vec3 color, float intensity, float range, float inner, float outer);
void hearth_put_skybox(hearth_text *t, const hearth_lump_id *texture);
void hearth_put_ambient(hearth_text *t, hearth_vec4 rgba);
/* Answered {"Ok":"Nothing"} or {"Ok":{"Hit":{"object":ID,"name":N,"position":[x,y,z]}}}. */
void hearth_put_pick(hearth_text *t, uint32_t x, uint32_t y);

/* Messages to objects and lights. */
void hearth_put_transform(hearth_text *t, const hearth_mat4 *m);
void hearth_put_tint(hearth_text *t, hearth_vec4 rgba);
void hearth_put_hidden(hearth_text *t, bool on);
void hearth_put_position(hearth_text *t, hearth_vec3 p);
void hearth_put_color(hearth_text *t, hearth_vec3 rgb);
void hearth_put_intensity(hearth_text *t, float n);

/* Canvases: pictures in space. Pixels are rows from the top, 4 bytes each: red, green,
 * blue, alpha. */
typedef struct {
	hearth_vec3 origin; /* the middle */
	hearth_vec4 orientation;
	float half_width, half_height;
} hearth_frame;

void hearth_put_canvas(hearth_text *t, const hearth_frame *at, uint32_t width, uint32_t height, const uint8_t *pixels, bool nearest);
void hearth_put_relocate(hearth_text *t, const hearth_frame *at);
void hearth_put_resize(hearth_text *t, uint32_t width, uint32_t height, const uint8_t *pixels);
void hearth_put_blit(hearth_text *t, uint32_t x, uint32_t y, uint32_t width, uint32_t height, const uint8_t *pixels);

/* Debug lines: hearth.DebugDrawFactory is asked with null, and what it makes is told
 * this. */
typedef struct { hearth_vec3 from, to, color; } hearth_line;
void hearth_put_lines(hearth_text *t, const hearth_line *lines, uint32_t n);

/* Requests to hearth.Window; a grab is None, Confined or Locked. */
void hearth_put_title(hearth_text *t, const char *title);
void hearth_put_grab(hearth_text *t, const char *how);

/* A camera for hearth.Camera, which looks along -z of its orientation; where its
 * pictures go is for the viewer's user to say. vfov is in degrees, every in seconds from
 * picture to picture. The second is a message that moves it; it also takes "Start" and
 * "Stop", with the quotes. */
void hearth_put_camera(hearth_text *t, hearth_vec3 position, hearth_vec4 orientation, float vfov, uint32_t width, uint32_t height, float every);
void hearth_put_camera_move(hearth_text *t, hearth_vec3 position, hearth_vec4 orientation);

/* A terminal that floats in the space. It runs a shell on the computer of the viewer that
 * is asked for it, which asks its user about who is not trusted there. */
typedef struct {
	const char *name;     /* what it showed is kept under it; may be null */
	hearth_vec3 position; /* of its middle, where it faces +z before it is turned */
	hearth_vec4 orientation;
	float em; /* the size of the letters, in metres an em */
	uint32_t columns, rows;
	float padding; /* metres between its edge and the letters */
	float opacity; /* of what is behind the letters */
	bool again;    /* Enter starts another shell when one has ended */
} hearth_terminal;

void hearth_put_terminal(hearth_text *t, const hearth_terminal *x);
/* A screen of the same look without a shell, which shows what it is fed. It needs nobody's
 * permission. */
void hearth_put_screen(hearth_text *t, const hearth_terminal *x);

/* Messages to terminals: typing, where "\r" is Enter; pasting; what a screen shows; and
 * other columns and rows of letters that stay as large as they are. */
void hearth_put_input(hearth_text *t, const char *text);
void hearth_put_paste(hearth_text *t, const char *text);
void hearth_put_feed(hearth_text *t, const void *data, uint32_t len);
void hearth_put_cells(hearth_text *t, uint32_t columns, uint32_t rows);

/* JSON that the rest is made of: a number with six decimals, numbers, base64. */
void hearth_put_f32(hearth_text *t, float x);
void hearth_put_floats(hearth_text *t, const float *xs, uint32_t n);
void hearth_put_base64(hearth_text *t, const void *data, uint32_t len);

#ifdef __cplusplus
}
#endif
#endif
