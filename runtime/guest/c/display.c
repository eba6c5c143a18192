/* display.c - what display.h declares. */
#include "display.h"

hearth_mat4 hearth_at(float x, float y, float z) {
	return hearth_place((hearth_vec3){x, y, z}, (hearth_vec4){0, 0, 0, 1}, (hearth_vec3){1, 1, 1});
}

hearth_mat4 hearth_place(hearth_vec3 to, hearth_vec4 q, hearth_vec3 s) {
	return (hearth_mat4){{
		(1 - 2 * (q.y * q.y + q.z * q.z)) * s.x, 2 * (q.x * q.y + q.z * q.w) * s.x, 2 * (q.x * q.z - q.y * q.w) * s.x, 0,
		2 * (q.x * q.y - q.z * q.w) * s.y, (1 - 2 * (q.x * q.x + q.z * q.z)) * s.y, 2 * (q.y * q.z + q.x * q.w) * s.y, 0,
		2 * (q.x * q.z + q.y * q.w) * s.z, 2 * (q.y * q.z - q.x * q.w) * s.z, (1 - 2 * (q.x * q.x + q.y * q.y)) * s.z, 0,
		to.x, to.y, to.z, 1,
	}};
}

/* ---- JSON ------------------------------------------------------------------ */

void hearth_put_f32(hearth_text *t, float f) {
	double x = f;
	if (x != x)
		x = 0;
	if (x < 0) {
		x = -x;
		if (x >= 5e-7)
			hearth_put(t, "-");
	}
	if (x > 1e9)
		x = 1e9;
	uint64_t n = (uint64_t)(x * 1e6 + 0.5);
	hearth_put_u64(t, n / 1000000);
	uint32_t fraction = (uint32_t)(n % 1000000);
	if (!fraction)
		return;
	hearth_put(t, ".");
	for (uint32_t unit = 100000; fraction; fraction %= unit, unit /= 10) {
		char digit = (char)('0' + fraction / unit);
		hearth_put_bytes(t, &digit, 1);
	}
}

void hearth_put_floats(hearth_text *t, const float *xs, uint32_t n) {
	hearth_put(t, "[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			hearth_put(t, ",");
		hearth_put_f32(t, xs[i]);
	}
	hearth_put(t, "]");
}

void hearth_put_base64(hearth_text *t, const void *data, uint32_t len) {
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = data;
	hearth_put(t, "\"");
	for (uint32_t i = 0; i < len; i += 3) {
		uint32_t left = len - i;
		uint32_t n = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
		char four[4] = {alphabet[n >> 18], alphabet[n >> 12 & 63], left > 1 ? alphabet[n >> 6 & 63] : '=', left > 2 ? alphabet[n & 63] : '='};
		hearth_put_bytes(t, four, 4);
	}
	hearth_put(t, "\"");
}

static void vec3(hearth_text *t, const char *before, hearth_vec3 v) {
	hearth_put(t, before);
	hearth_put_floats(t, (float[]){v.x, v.y, v.z}, 3);
}

static void vec4(hearth_text *t, const char *before, hearth_vec4 v) {
	hearth_put(t, before);
	hearth_put_floats(t, (float[]){v.x, v.y, v.z, v.w}, 4);
}

static void f32(hearth_text *t, const char *before, float x) {
	hearth_put(t, before);
	hearth_put_f32(t, x);
}

static void u32(hearth_text *t, const char *before, uint32_t n) {
	hearth_put(t, before);
	hearth_put_u64(t, n);
}

static void lump(hearth_text *t, const char *before, const hearth_lump_id *id) {
	hearth_put(t, before);
	hearth_put_lump_id(t, id);
}

static void mat4(hearth_text *t, const char *before, const hearth_mat4 *m) {
	hearth_put(t, before);
	hearth_put_floats(t, m->m, 16);
}

/* ---- The renderer ------------------------------------------------------------ */

void hearth_put_model(hearth_text *t, const hearth_model *m) {
	lump(t, "{\"AddModel\":{\"model\":", &m->lump);
	mat4(t, ",\"transform\":", &m->transform);
	if (m->animation >= 0) {
		u32(t, ",\"animation\":{\"index\":", (uint32_t)m->animation);
		hearth_put(t, ",\"speed\":1,\"loop\":true}");
	}
	vec4(t, ",\"tint\":", m->tint);
	if (m->name) {
		hearth_put(t, ",\"name\":");
		hearth_put_json(t, m->name);
	}
	hearth_put(t, "}}");
}

void hearth_put_object(hearth_text *t, const hearth_lump_id *mesh, const hearth_lump_id *material, const hearth_mat4 *transform) {
	lump(t, "{\"AddObject\":{\"mesh\":", mesh);
	lump(t, ",\"skeleton\":null,\"material\":", material);
	mat4(t, ",\"transform\":", transform);
	hearth_put(t, "}}");
}

void hearth_put_directional_light(hearth_text *t, hearth_vec3 color, float intensity, hearth_vec3 direction, float distance) {
	vec3(t, "{\"AddDirectionalLight\":{\"initial_state\":{\"color\":", color);
	f32(t, ",\"intensity\":", intensity);
	vec3(t, ",\"direction\":", direction);
	f32(t, ",\"distance\":", distance);
	hearth_put(t, "}}}");
}

void hearth_put_point_light(hearth_text *t, hearth_vec3 position, hearth_vec3 color, float intensity, float range) {
	vec3(t, "{\"AddPointLight\":{\"position\":", position);
	vec3(t, ",\"color\":", color);
	f32(t, ",\"intensity\":", intensity);
	f32(t, ",\"range\":", range);
	hearth_put(t, "}}");
}

void hearth_put_spot_light(hearth_text *t, hearth_vec3 position, hearth_vec3 direction, hearth_vec3 color, float intensity, float range, float inner, float outer) {
	vec3(t, "{\"AddSpotLight\":{\"position\":", position);
	vec3(t, ",\"direction\":", direction);
	vec3(t, ",\"color\":", color);
	f32(t, ",\"intensity\":", intensity);
	f32(t, ",\"range\":", range);
	f32(t, ",\"inner\":", inner);
	f32(t, ",\"outer\":", outer);
	hearth_put(t, "}}");
}

void hearth_put_skybox(hearth_text *t, const hearth_lump_id *texture) {
	lump(t, "{\"SetSkybox\":{\"texture\":", texture);
	hearth_put(t, "}}");
}

void hearth_put_ambient(hearth_text *t, hearth_vec4 rgba) {
	vec4(t, "{\"SetAmbientLighting\":{\"ambient\":", rgba);
	hearth_put(t, "}}");
}

void hearth_put_pick(hearth_text *t, uint32_t x, uint32_t y) {
	u32(t, "{\"Pick\":{\"x\":", x);
	u32(t, ",\"y\":", y);
	hearth_put(t, "}}");
}

/* ---- Messages ---------------------------------------------------------------- */

void hearth_put_transform(hearth_text *t, const hearth_mat4 *m) {
	mat4(t, "{\"Transform\":", m);
	hearth_put(t, "}");
}

void hearth_put_tint(hearth_text *t, hearth_vec4 rgba) {
	vec4(t, "{\"Tint\":", rgba);
	hearth_put(t, "}");
}

void hearth_put_hidden(hearth_text *t, bool on) { hearth_put(t, on ? "{\"Hidden\":true}" : "{\"Hidden\":false}"); }

void hearth_put_position(hearth_text *t, hearth_vec3 p) {
	vec3(t, "{\"Position\":", p);
	hearth_put(t, "}");
}

void hearth_put_color(hearth_text *t, hearth_vec3 rgb) {
	vec3(t, "{\"Color\":", rgb);
	hearth_put(t, "}");
}

void hearth_put_intensity(hearth_text *t, float n) {
	f32(t, "{\"Intensity\":", n);
	hearth_put(t, "}");
}

/* ---- Canvases and lines -------------------------------------------------------- */

static void frame(hearth_text *t, const char *before, const hearth_frame *at) {
	hearth_put(t, before);
	vec3(t, "{\"origin\":", at->origin);
	vec4(t, ",\"orientation\":", at->orientation);
	hearth_put(t, ",\"half_size\":");
	hearth_put_floats(t, (float[]){at->half_width, at->half_height}, 2);
	hearth_put(t, "}");
}

static void picture(hearth_text *t, const char *before, uint32_t width, uint32_t height, const uint8_t *pixels) {
	hearth_put(t, before);
	u32(t, "{\"width\":", width);
	u32(t, ",\"height\":", height);
	hearth_put(t, ",\"data\":");
	hearth_put_base64(t, pixels, 4 * width * height);
	hearth_put(t, "}");
}

void hearth_put_canvas(hearth_text *t, const hearth_frame *at, uint32_t width, uint32_t height, const uint8_t *pixels, bool nearest) {
	frame(t, "{\"CreateCanvas\":{\"position\":", at);
	picture(t, ",\"pixels\":", width, height, pixels);
	hearth_put(t, nearest ? ",\"sampling\":\"Nearest\"}}" : ",\"sampling\":\"Linear\"}}");
}

void hearth_put_relocate(hearth_text *t, const hearth_frame *at) {
	frame(t, "{\"Relocate\":", at);
	hearth_put(t, "}");
}

void hearth_put_resize(hearth_text *t, uint32_t width, uint32_t height, const uint8_t *pixels) {
	picture(t, "{\"Resize\":", width, height, pixels);
	hearth_put(t, "}");
}

void hearth_put_blit(hearth_text *t, uint32_t x, uint32_t y, uint32_t width, uint32_t height, const uint8_t *pixels) {
	u32(t, "{\"Blit\":{\"x\":", x);
	u32(t, ",\"y\":", y);
	picture(t, ",\"pixels\":", width, height, pixels);
	hearth_put(t, "}}");
}

void hearth_put_lines(hearth_text *t, const hearth_line *lines, uint32_t n) {
	hearth_put(t, "{\"Contents\":{\"vertices\":[");
	for (uint32_t i = 0; i < 2 * n; i++) {
		const hearth_line *l = &lines[i / 2];
		vec3(t, i ? ",{\"position\":" : "{\"position\":", i % 2 ? l->to : l->from);
		vec3(t, ",\"color\":", l->color);
		hearth_put(t, "}");
	}
	hearth_put(t, "],\"indices\":[");
	for (uint32_t i = 0; i < 2 * n; i++)
		u32(t, i ? "," : "", i);
	hearth_put(t, "]}}");
}

/* ---- The window and cameras ------------------------------------------------------ */

static void word(hearth_text *t, const char *before, const char *s) {
	hearth_put(t, before);
	hearth_put_json(t, s);
	hearth_put(t, "}");
}

void hearth_put_title(hearth_text *t, const char *title) { word(t, "{\"SetTitle\":", title); }
void hearth_put_grab(hearth_text *t, const char *how) { word(t, "{\"SetCursorGrab\":", how); }

void hearth_put_camera(hearth_text *t, hearth_vec3 position, hearth_vec4 orientation, float vfov, uint32_t width, uint32_t height, float every) {
	vec3(t, "{\"CreateCamera\":{\"position\":", position);
	vec4(t, ",\"orientation\":", orientation);
	f32(t, ",\"vfov\":", vfov);
	u32(t, ",\"width\":", width);
	u32(t, ",\"height\":", height);
	f32(t, ",\"every\":", every);
	hearth_put(t, "}}");
}

void hearth_put_camera_move(hearth_text *t, hearth_vec3 position, hearth_vec4 orientation) {
	vec3(t, "{\"Relocate\":{\"position\":", position);
	vec4(t, ",\"orientation\":", orientation);
	hearth_put(t, "}}");
}

/* ---- Terminals ------------------------------------------------------------------- */

static void terminal_members(hearth_text *t, const char *before, const hearth_terminal *x) {
	hearth_put(t, before);
	vec3(t, ":{\"position\":", x->position);
	vec4(t, ",\"orientation\":", x->orientation);
	f32(t, ",\"units_per_em\":", x->em);
	hearth_put(t, ",\"padding\":");
	hearth_put_floats(t, (float[]){x->padding, x->padding}, 2);
	f32(t, ",\"opacity\":", x->opacity);
	u32(t, ",\"columns\":", x->columns);
	u32(t, ",\"rows\":", x->rows);
	if (x->name) {
		hearth_put(t, ",\"name\":");
		hearth_put_json(t, x->name);
	}
}

void hearth_put_terminal(hearth_text *t, const hearth_terminal *x) {
	terminal_members(t, "{\"CreateTerminal\"", x);
	hearth_put(t, x->again ? ",\"again\":true}}" : ",\"again\":false}}");
}

void hearth_put_screen(hearth_text *t, const hearth_terminal *x) {
	terminal_members(t, "{\"CreateScreen\"", x);
	hearth_put(t, "}}");
}

void hearth_put_input(hearth_text *t, const char *text) { word(t, "{\"Input\":", text); }
void hearth_put_paste(hearth_text *t, const char *text) { word(t, "{\"Paste\":", text); }

void hearth_put_feed(hearth_text *t, const void *data, uint32_t len) {
	hearth_put(t, "{\"Feed\":");
	hearth_put_base64(t, data, len);
	hearth_put(t, "}");
}

void hearth_put_cells(hearth_text *t, uint32_t columns, uint32_t rows) {
	u32(t, "{\"Resize\":{\"columns\":", columns);
	u32(t, ",\"rows\":", rows);
	hearth_put(t, "}}");
}
