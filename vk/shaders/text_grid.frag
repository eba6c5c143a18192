// A grid of characters: what a pixel sees of it, by the box that the pixel covers in
// the plane of the grid. Everything is a mean over that box: backgrounds, lines and
// the cursor exactly; glyphs by their distance fields where they are large, by a few
// samples of their coverage where they are small, and by their mean where a pixel
// sees whole cells. So nothing sparkles, at any distance and angle.
//
// Colours are mixed as they are encoded (sRGB), where equal steps look equal: half
// covered lies half way for light on dark as for dark on light, so that neither looks
// bolder, and the mean over a text stays what it is at every size. What shows through
// is blended as light by the target.
#version 450
#extension GL_GOOGLE_include_directive : require

#include "text_grid.glsl"

// A glyph: the page's number + 1 (0: none) and bit 16 for a page of colour; x and y;
// w and h, the higher in the upper half; the mean of the picture, RGBA. Then left, top,
// right and bottom in ems, Y up.
struct Glyph {
	uvec4 tile;
	vec4 box;
};

layout(std430, set = 0, binding = 1) readonly buffer Cells { uint cells[]; }; // glyph, fg, bg, deco
layout(std430, set = 0, binding = 2) readonly buffer Glyphs { Glyph glyphs[]; };
layout(set = 0, binding = 3) uniform sampler2DArray pages; // distances and coverage, or premultiplied sRGB

layout(location = 0) in vec2 place;
layout(location = 1) flat in vec4 extent;
layout(location = 2) flat in vec4 letter;
layout(location = 3) flat in vec4 lines;
layout(location = 4) flat in uvec4 size;
layout(location = 5) flat in uvec4 paint;
layout(location = 6) flat in ivec4 cursor;

layout(location = 0) out vec4 color;

const float side = 1024, range = 6, levels = 4; // of pages, in texels
const float fine = 48;           // texels an em, about, by which detail is chosen
const int most = 12;             // cells a side that are looked at under one pixel
const vec2 reach = vec2(0.4, 0.3); // cells by which a glyph may stick out of its own
const int across = 6;            // samples at most along the longer axis of a pixel

// What a cell's word of its glyph says beside the handle: bits 28 and 29, that it is
// twice as wide (1), and of twice as high the upper (2) or the lower half (3); bit 30,
// that the cell has the right half.
const uint handle = (1u << 28) - 1u, right_half = 1u << 30;

const uint strike = 1u << 3, overline = 1u << 4, wide = 1u << 5, blink = 1u << 6, color_page = 1u << 16;

vec4 premultiplied(vec4 c) { return vec4(c.rgb * c.a, c.a); }

vec4 over(vec4 top, vec4 below) { return top + below * (1 - top.a); }

// The share of a to b that lies between from and to.
float part(float from, float to, float a, float b) { return max(min(b, to) - max(a, from), 0) / max(b - a, 1e-9); }

// The share of a to b where a line of dashes is: n dashes a cell, each duty of its step.
float dashes(float a, float b, float n, float duty) {
	vec2 x = vec2(a, b) * n, whole = floor(x);
	vec2 i = whole * duty + min(x - whole, duty);
	return (i.y - i.x) / max(x.y - x.x, 1e-9);
}

// How much of the box a to b in a cell (0 to 1 each) the underline covers.
float underline(uint style, vec2 a, vec2 b) {
	vec2 cell = extent.zw;
	float thick = lines.z / cell.y, low = (letter.w + lines.x) / cell.y;
	switch (style) {
	case 1:
		low = min(low, 1 - 0.5 * thick);
		return part(low - 0.5 * thick, low + 0.5 * thick, a.y, b.y);
	case 2:
		low = min(low, 1 - 1.5 * thick);
		return part(low - 1.5 * thick, low - 0.5 * thick, a.y, b.y) + part(low + 0.5 * thick, low + 1.5 * thick, a.y, b.y);
	case 3: {
		// A sine with one wave a cell, by the distance to its tangent.
		float high = min(1.2 * thick, 0.12);
		low = min(low, 1 - high - 0.5 * thick);
		float x = 6.2831853 * 0.5 * (a.x + b.x), slope = cos(x) * 6.2831853 * high * cell.y / cell.x;
		float stretch = sqrt(1 + slope * slope);
		float y = low + high * sin(x);
		float near = part(y - 0.5 * thick * stretch, y + 0.5 * thick * stretch, a.y, b.y);
		// Where a pixel sees a good part of the wave, its mean over the band.
		float band = high + 0.5 * thick;
		float far = part(low - band, low + band, a.y, b.y) * min(0.5 * thick * 1.3 / band, 1);
		return mix(near, far, smoothstep(0.3, 0.6, b.x - a.x));
	}
	case 4:
		low = min(low, 1 - 0.5 * thick);
		return part(low - 0.5 * thick, low + 0.5 * thick, a.y, b.y) * dashes(a.x, b.x, max(round(0.5 * cell.x / max(lines.z, 1e-6)), 1), 0.5);
	case 5:
		low = min(low, 1 - 0.5 * thick);
		return part(low - 0.5 * thick, low + 0.5 * thick, a.y, b.y) * dashes(a.x, b.x, 2, 0.6);
	}
	return 0;
}

// How much of the box a to b in a cell the cursor covers, at a cell of it.
float cursorShare(float column, vec2 a, vec2 b) {
	vec2 cell = extent.zw;
	float columns = float(cursor.w);
	a.x += column;
	b.x += column;
	switch (cursor.z) {
	case 1:
		return 1;
	case 2: {
		vec2 frame = vec2(max(lines.z, 0.08 * cell.x)) / cell;
		return 1 - part(frame.x, columns - frame.x, a.x, b.x) * part(frame.y, 1 - frame.y, a.y, b.y);
	}
	case 3:
		return part(1 - max(lines.z / cell.y, 0.08), 1, a.y, b.y);
	case 4:
		return part(0, max(lines.z / cell.x, 0.12), a.x, b.x);
	}
	return 0;
}

bool inCursor(ivec2 c) { return cursor.z != 0 && c.y == cursor.y && c.x >= cursor.x && c.x < cursor.x + cursor.w; }

// Where the words of a cell begin.
uint cellAt(ivec2 c) { return 4 * (size.z + uint(c.y) * size.x + uint(c.x)); }

// Whether a cell shows a glyph now.
bool shows(uint glyph, uint deco) { return glyph != 0 && glyph < glyphCount && ((deco & blink) == 0 || time < 0.5); }

// The colour of a cell's glyph.
vec4 ink(uint k, ivec2 c) { return unpackUnorm4x8(cursor.z == 1 && inCursor(c) ? paint.w : cells[k + 1]); }

// The mean of what the glyph of a cell paints in it.
vec4 meanInk(uint k, ivec2 c) {
	uint glyph = cells[k] & handle, deco = cells[k + 3];
	if (glyph == 0 && c.x > 0) { // the second half of a wide one, perhaps
		c.x--;
		k = cellAt(c);
		deco = cells[k + 3];
		glyph = (deco & wide) != 0 ? cells[k] & handle : 0;
	}
	if (!shows(glyph, deco)) return vec4(0);
	float columns = (deco & wide) != 0 ? 2 : 1;
	Glyph g = glyphs[glyph];
	if ((g.tile.x & 0xffffu) == 0) return vec4(0);
	vec4 mean = unpackUnorm4x8(g.tile.w);
	float area = (g.box.z - g.box.x) * (g.box.y - g.box.w) * letter.z * letter.z / (extent.z * extent.w * columns);
	if ((g.tile.x & color_page) == 0) {
		vec4 p = ink(k, c);
		return premultiplied(vec4(p.rgb, min(p.a * mean.a * area, 1)));
	}
	return mean * min(area, 1 / max(mean.a, 1e-6));
}

// What the box a to b in a cell shows without its glyph, and with the glyph's mean if
// it is asked for.
vec4 cellColor(ivec2 c, vec2 a, vec2 b, vec4 paper, bool asked, out vec4 with) {
	uint k = cellAt(c), deco = cells[k + 3];
	vec4 back = unpackUnorm4x8(cells[k + 2]);
	vec4 p = back.a > 0 ? premultiplied(back) : paper;
	bool cursed = inCursor(c);
	float share = 0;
	if (cursed) share = cursorShare(float(c.x - cursor.x), a, b);
	if (cursed && cursor.z == 1) p = over(premultiplied(unpackUnorm4x8(paint.z)), p);
	if ((deco & 31u) != 0) {
		float thick = lines.z / extent.w;
		float u = underline(deco & 7u, a, b);
		vec4 fg = ink(k, c);
		p = over(vec4(unpackUnorm4x8(deco >> 8).rgb, 1) * u, p);
		float s = 0;
		if ((deco & strike) != 0) {
			float y = (letter.w + lines.y) / extent.w;
			s = part(y - 0.5 * thick, y + 0.5 * thick, a.y, b.y);
		}
		if ((deco & overline) != 0) s = max(s, part(0, thick, a.y, b.y));
		p = over(premultiplied(vec4(fg.rgb, fg.a * s)), p);
	}
	if (cursed && cursor.z > 1) {
		vec4 mark = unpackUnorm4x8(paint.z);
		p = over(premultiplied(vec4(mark.rgb, mark.a * share)), p);
	}
	with = p;
	if (asked) with = over(meanInk(k, c), p);
	return p;
}

// How much a pixel at a texel sees within the outline. dx and dy are a pixel's steps
// in texels; low and high the texels of the tile.
float outline(vec2 at, ivec2 low, ivec2 high, int layer, vec2 dx, vec2 dy) {
	vec2 f = at - 0.5;
	ivec2 i = ivec2(floor(f));
	f -= vec2(i);
	ivec2 p = clamp(i, low, high), q = clamp(i + 1, low, high);
	vec3 t00 = texelFetch(pages, ivec3(p, layer), 0).rgb, t10 = texelFetch(pages, ivec3(q.x, p.y, layer), 0).rgb;
	vec3 t01 = texelFetch(pages, ivec3(p.x, q.y, layer), 0).rgb, t11 = texelFetch(pages, ivec3(q, layer), 0).rgb;
	vec3 top = mix(t00, t10, f.x), bottom = mix(t01, t11, f.x), v = mix(top, bottom, f.y);
	vec3 gx = mix(t10 - t00, t11 - t01, f.y), gy = bottom - top;
	float m = max(min(v.r, v.g), min(max(v.r, v.g), v.b));
	// The edge lies across the slope of the channel that is the median: what counts is
	// how wide a pixel is along it.
	vec2 n = m == v.r ? vec2(gx.r, gy.r) : m == v.g ? vec2(gx.g, gy.g) : vec2(gx.b, gy.b);
	float l = length(n);
	n = l > 1e-5 ? n / l : vec2(0.70710678);
	float width = max(length(vec2(dot(n, dx), dot(n, dy))), 1e-6);
	return clamp((m - 0.5) * range / width + 0.5, 0, 1);
}

// What a pixel looks at, which main finds first.
vec2 mx, my;      // metres a pixel
vec2 metres;      // half the box of the pixel
vec2 at;          // the pixel, in cells
vec2 half_box;    // as metres, in cells
float major;      // the longer axis of the pixel, in texels of a glyph of the usual size
float sampled;    // texels a sample of coverage
ivec2 first_cell, last_cell, next_cell; // whose glyphs may be here, and the next to look at

// A glyph that the pixel sees.
struct Hit {
	bool here;
	Glyph glyph;
	vec4 ink;
	vec2 uv;    // in its picture
	vec2 scale; // texels a metre
};

// Finds the next cell whose glyph is here, if there is one. Loops here end with their
// condition, since a device that computes several pixels at once runs what is between a
// break and the end for none of them, too.
Hit find() {
	Hit h;
	h.here = false;
	h.uv = vec2(0);
	h.scale = vec2(1);
	h.ink = vec4(0);
	h.glyph.tile = uvec4(0);
	h.glyph.box = vec4(0);
	do {
		if (next_cell.y <= last_cell.y) {
			ivec2 c = next_cell;
			next_cell.x++;
			if (next_cell.x > last_cell.x) next_cell = ivec2(first_cell.x, c.y + 1);
			uint k = cellAt(c), word = cells[k], glyph = word & handle, deco = cells[k + 3];
			vec2 q = at - vec2(c);
			float columns = (deco & wide) != 0 ? 2 : 1;
			if (shows(glyph, deco) && q.x <= half_box.x + reach.x + columns) {
				Glyph g = glyphs[glyph];
				vec2 cell = extent.zw, pen = q * cell, grown = vec2(1);
				bool cut = false;
				uint part = word >> 28 & 3u;
				if (part != 0) {
					// Each half shows what is on its side of the pixel's middle, so two are as one.
					bool right = (word & right_half) != 0;
					cut = (right ? q.x < 0 : q.x >= columns) || (part == 2u && q.y >= 1) || (part == 3u && q.y < 0);
					pen += vec2(right ? columns : 0, part == 3u ? 1 : 0) * cell;
					grown = vec2(2, part > 1u ? 2 : 1);
					pen /= grown;
				}
				vec2 texels = vec2(g.tile.z & 0xffffu, g.tile.z >> 16), span = vec2(g.box.z - g.box.x, g.box.y - g.box.w);
				h.scale = texels / (span * letter.z * grown);
				h.uv = (vec2(pen.x, pen.y - letter.w) / letter.z - vec2(g.box.x, -g.box.y)) / span;
				// Where samples are taken all over the pixel, some may lie in the glyph.
				vec2 spread = major > 2.5 || (g.tile.x & color_page) != 0 ? (metres * h.scale + 0.5 * clamp(sampled, 1, 8)) / texels : vec2(1e-5);
				h.here = !cut && (g.tile.x & 0xffffu) != 0 && all(greaterThanEqual(h.uv, -spread)) && all(lessThan(h.uv, 1 + spread));
				h.ink = ink(k, c);
				h.glyph = g;
			}
		}
	} while (!h.here && next_cell.y <= last_cell.y);
	return h;
}

// The picture of a glyph at a texel, from one of its levels, and nothing of what is
// beside it: a texel at the edge counts by how much of the filter it has. So what two
// neighbours show of a line that joins adds up to 1.
vec4 pick(vec2 p, vec2 first, vec2 texels, int layer, float level) {
	float width = exp2(level);
	vec2 edge = min(vec2(0.5 * width), 0.5 * texels);
	vec2 counts = clamp(0.5 + (p - first) / width, 0, 1) * clamp(0.5 + (first + texels - p) / width, 0, 1);
	return counts.x * counts.y * textureLod(pages, vec3(clamp(p, first + edge, first + texels - edge) / side, layer), level);
}

// What the pixel sees of a glyph, premultiplied.
vec4 sampleGlyph(Hit h) {
	uvec4 tile = h.glyph.tile;
	vec2 first = vec2(tile.y & 0xffffu, tile.y >> 16), texels = vec2(tile.z & 0xffffu, tile.z >> 16);
	vec2 dx = mx * h.scale, dy = my * h.scale, t = first + h.uv * texels;
	int layer = int(tile.x & 0xffffu) - 1;
	bool colored = (tile.x & color_page) != 0;
	float lx = length(dx), ly = length(dy);
	vec2 long_axis = lx > ly ? dx : dy;
	float wide_pixel = max(lx, ly), narrow = abs(dx.x * dy.y - dx.y * dy.x) / max(wide_pixel, 1e-9);
	vec2 short_axis = vec2(-long_axis.y, long_axis.x) * (narrow / max(wide_pixel, 1e-9));

	float blur = colored ? 1 : smoothstep(2.5, 4, wide_pixel); // from distances to coverage
	vec4 found = vec4(0);
	if (blur > 0) {
		// Two samples across and some along the pixel, each from the level where it is
		// about a texel.
		// Not quite twice as many as the pixel is long, so that those of a square one are 2
		// wherever numbers are rounded.
		int along = clamp(int(ceil(2 * wide_pixel / max(narrow, 1) - 0.1)), 2, across), j = 0;
		float lod = clamp(log2(max(max(0.5 * narrow, wide_pixel / float(along)), 1)), 0, levels - 1);
		float level = floor(min(lod, levels - 2)), between = lod - level;
		do {
			vec2 o = vec2((float(j >> 1) + 0.5) / float(along) - 0.5, float(j & 1) * 0.5 - 0.25);
			vec2 p = t + long_axis * o.x + short_axis * o.y;
			found += mix(pick(p, first, texels, layer, level), pick(p, first, texels, layer, level + 1), between);
			j++;
		} while (j < 2 * along);
		found /= float(2 * along);
	}
	if (colored) return found;
	float cover = found.a;
	if (blur < 1) {
		// A hair more, so that no pixel lies between two pictures that join.
		bool within = all(greaterThanEqual(h.uv, vec2(-1e-5))) && all(lessThan(h.uv, vec2(1 + 1e-5)));
		float sharp = within ? outline(t, ivec2(first), ivec2(first + texels) - 1, layer, dx, dy) : 0;
		cover = mix(sharp, cover, blur);
	}
	return premultiplied(vec4(h.ink.rgb, h.ink.a * cover));
}

void main() {
	mx = dFdx(place);
	my = dFdy(place);
	vec2 cell = extent.zw, pad = letter.xy;
	metres = 0.5 * (abs(mx) + abs(my));
	at = (place - pad) / cell;
	half_box = max(metres / cell, 1e-6);
	vec2 room = clamp((extent.xy - 2 * pad) / cell, vec2(0), vec2(size.xy));

	float longer = max(length(mx), length(my)), area = abs(mx.x * my.y - mx.y * my.x);
	float texels = fine / letter.z;
	float minor = area / max(longer, 1e-12) * texels;
	major = longer * texels;
	sampled = max(0.5 * minor, major / across);
	// By the cells too, however large their letters are, so that few are looked at.
	float far = smoothstep(4, 8, max(sampled, 2 * max(half_box.x, half_box.y)));

	vec4 paper = unpackUnorm4x8(paint.x);
	paper.a *= uintBitsToFloat(size.w);
	paper = premultiplied(paper);
	vec4 sum = paper, afar = paper; // without glyphs, and with their means
	vec2 lo = max(at - half_box, vec2(0)), hi = min(at + half_box, room);
	if (hi.x > lo.x && hi.y > lo.y) {
		ivec2 c0 = ivec2(lo), c = c0, last = ivec2(size.xy) - 1;
		ivec2 c1 = max(min(ivec2(ceil(hi)) - 1, last), c0);
		ivec2 stride = (c1 - c0) / most + 1;
		vec4 taken = vec4(0), inked = vec4(0), with;
		float weight = 0;
		do {
			vec2 a = max(lo - vec2(c), vec2(0)), b = min(hi - vec2(c), vec2(1));
			vec2 d = max(b - a, vec2(1e-7));
			weight += d.x * d.y;
			taken += d.x * d.y * cellColor(c, a, b, paper, far > 0, with);
			inked += d.x * d.y * with;
			c.x += stride.x;
			if (c.x > c1.x) c = ivec2(c0.x, c.y + stride.y);
		} while (c.y <= c1.y);
		vec2 inside = (hi - lo) / (2 * half_box);
		sum = mix(paper, taken / weight, inside.x * inside.y);
		afar = mix(paper, inked / weight, inside.x * inside.y);
	}

	if (far < 1) {
		first_cell = max(ivec2(floor(at - half_box - reach)) - ivec2(1, 0), ivec2(0));
		last_cell = min(ivec2(floor(at + half_box + reach)), ivec2(ceil(room)) - 1);
		next_cell = first_cell;
		if (last_cell.x < first_cell.x) next_cell.y = last_cell.y + 1;
		vec4 seen = vec4(0);
		Hit h = find();
		do {
			if (h.here) {
				seen += sampleGlyph(h);
				h = find();
			}
		} while (h.here);
		// Parts of neighbours that join lie side by side in the pixel, so they add up.
		sum = over(seen / max(seen.a, 1), sum);
	}
	sum = mix(sum, afar, far);

	if (lines.w > 0) {
		vec2 a = place - metres, b = place + metres;
		float inner = part(lines.w, extent.x - lines.w, a.x, b.x) * part(lines.w, extent.y - lines.w, a.y, b.y);
		vec4 frame = unpackUnorm4x8(paint.y);
		sum = over(premultiplied(vec4(frame.rgb, frame.a * (1 - inner))), sum);
	}
	if (sum.a <= 0) discard; // nothing there: nothing in the depth either
	vec3 c = clamp(sum.rgb / sum.a, 0, 1);
	vec3 light = mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), greaterThan(c, vec3(0.04045)));
	color = vec4(light * brightness, min(sum.a, 1));
}
