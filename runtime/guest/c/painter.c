/* A guest that sends whoever asks the requests and messages of display.h, one each, and
 * "done" behind them: to see what they look like. */
#include "display.h"

HEARTH_METADATA("painter", "Says what guests say to what shows a space.")

static uint8_t buf[2048];

/* Writes a text and sends it to whoever asked. */
#define SAY(put) \
	do { \
		hearth_text t = hearth_text_in(buf, sizeof buf); \
		put; \
		hearth_reply(m, t.data, t.len); \
	} while (0)

void hearth_on_message(hearth_message *m) {
	hearth_lump lump = hearth_lump_make("a lump", 6);
	hearth_lump_id id;
	hearth_lump_get_id(lump, &id);
	hearth_lump_free(lump);
	hearth_mat4 here = hearth_at(1, 2, 3);
	hearth_mat4 there = hearth_place((hearth_vec3){1, 2, 3}, (hearth_vec4){0, 0.6f, 0, 0.8f}, (hearth_vec3){2, 1, 0.5f});
	hearth_model model = {id, here, 0, {0.5f, 0.25f, 1, 1}, "it"};
	hearth_frame frame = {{0, 1, -2}, {0, 0, 0, 1}, 1.5f, 0.75f};
	hearth_line lines[] = {{{0, 0, 0}, {1, 0, 0}, {1, 0, 0}}, {{0, 0, 0}, {0, 0, 1}, {0, 0, 1}}};
	hearth_terminal terminal = {"it", {0, 1.5f, -2}, {0, 0.6f, 0, 0.8f}, 0.05f, 80, 24, 0.1f, 0.9f, true};
	uint8_t pixels[8];
	for (uint8_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(30 * i + 10);

	SAY(hearth_put_model(&t, &model));
	SAY(hearth_put_object(&t, &id, &id, &here));
	SAY(hearth_put_directional_light(&t, (hearth_vec3){1, 0.9f, 0.8f}, 3, (hearth_vec3){-1, -2, -0.5f}, 40));
	SAY(hearth_put_point_light(&t, (hearth_vec3){1, 2, 3}, (hearth_vec3){1, 0.5f, 0.25f}, 8, 12.5f));
	SAY(hearth_put_spot_light(&t, (hearth_vec3){1, 2, 3}, (hearth_vec3){0, -1, 0}, (hearth_vec3){1, 1, 1}, 20, 10, 0.3f, 0.6f));
	SAY(hearth_put_skybox(&t, &id));
	SAY(hearth_put_ambient(&t, (hearth_vec4){0.1f, 0.2f, 0.3f, 1}));
	SAY(hearth_put_pick(&t, 3, 4));
	SAY(hearth_put_transform(&t, &there));
	SAY(hearth_put_tint(&t, (hearth_vec4){1, 0, 0.123456789f, 1}));
	SAY(hearth_put_hidden(&t, true));
	SAY(hearth_put_position(&t, (hearth_vec3){-1, -0.5f, 1000}));
	SAY(hearth_put_color(&t, (hearth_vec3){0.25f, 0.5f, 1}));
	SAY(hearth_put_intensity(&t, 2.5f));
	SAY(hearth_put_canvas(&t, &frame, 2, 1, pixels, true));
	SAY(hearth_put_relocate(&t, &frame));
	SAY(hearth_put_resize(&t, 2, 1, pixels));
	SAY(hearth_put_blit(&t, 5, 6, 2, 1, pixels));
	SAY(hearth_put_lines(&t, lines, 2));
	SAY(hearth_put_title(&t, "a \"title\""));
	SAY(hearth_put_grab(&t, "Locked"));
	SAY(hearth_put_camera(&t, (hearth_vec3){0, 2, 5}, (hearth_vec4){0, 0, 0, 1}, 50, 320, 180, 0.5f));
	SAY(hearth_put_camera_move(&t, (hearth_vec3){1, 2, 5}, (hearth_vec4){0, 0.6f, 0, 0.8f}));
	SAY(hearth_put_terminal(&t, &terminal));
	SAY(hearth_put_screen(&t, &terminal));
	SAY(hearth_put_feed(&t, "\x1b[1m\xc8", 6));
	SAY(hearth_put_input(&t, "ls\r"));
	SAY(hearth_put_paste(&t, "a \"paste\""));
	SAY(hearth_put_cells(&t, 100, 30));
	hearth_reply(m, "done", 4);
}
