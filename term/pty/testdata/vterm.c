/* Feeds a file to libvterm in pieces and prints the nanoseconds that it took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vterm.h>

enum { PIECE = 64 << 10 };

static int keep(int columns, const VTermScreenCell *cells, void *lines)
{
	(void)columns;
	(void)cells;
	++*(long *)lines;
	return 1;
}

int main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	if (!f || fseek(f, 0, SEEK_END))
		return 1;
	long size = ftell(f), lines = 0;
	char *bytes = malloc(size);
	rewind(f);
	if (!bytes || fread(bytes, 1, size, f) != (size_t)size)
		return 1;

	VTerm *vt = vterm_new(24, 80);
	vterm_set_utf8(vt, 1);
	VTermScreenCallbacks callbacks = { .sb_pushline = keep };
	VTermScreen *screen = vterm_obtain_screen(vt);
	vterm_screen_set_callbacks(screen, &callbacks, &lines);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_set_damage_merge(screen, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(screen, 1);

	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < size; i += PIECE)
		vterm_input_write(vt, bytes + i, size - i < PIECE ? size - i : PIECE);
	vterm_screen_flush_damage(screen);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lld\n", (b.tv_sec - a.tv_sec) * 1000000000LL + (b.tv_nsec - a.tv_nsec));
	return 0;
}
