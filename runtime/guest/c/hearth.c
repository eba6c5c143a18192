/* hearth.c - what hearth.h declares beyond the host's functions. Works with and
 * without a C library. */
#include "hearth.h"

#ifndef __wasi__
/* The compiler calls these whether there is a library or not. */
void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ n);
void *memset(void *to, int c, __SIZE_TYPE__ n);
int memcmp(const void *a, const void *b, __SIZE_TYPE__ n);

__attribute__((no_builtin)) void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ n) {
	uint8_t *t = to;
	const uint8_t *f = from;
	while (n--)
		*t++ = *f++;
	return to;
}

__attribute__((no_builtin)) void *memset(void *to, int c, __SIZE_TYPE__ n) {
	uint8_t *t = to;
	while (n--)
		*t++ = (uint8_t)c;
	return to;
}

__attribute__((no_builtin)) int memcmp(const void *a, const void *b, __SIZE_TYPE__ n) {
	const uint8_t *x = a, *y = b;
	for (; n--; x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}
#else
#include <string.h>
#endif

static uint32_t length(const char *s) {
	uint32_t n = 0;
	while (s[n])
		n++;
	return n;
}

/* ---- Buffers ------------------------------------------------------------- */

/* Messages are read into one buffer each for data and capabilities. A message
 * that is larger moves the buffer to fresh pages at the end of memory, twice as
 * large as needed, so that all that was left behind is never more than is used. */
#define PAGE 65536u

static uint8_t small_data[1024];
static hearth_cap small_caps[16];
static uint8_t *data_buf = small_data;
static uint32_t data_size = sizeof small_data;
static hearth_cap *caps_buf = small_caps;
static uint32_t caps_size = sizeof small_caps;

static void *fresh(uint32_t need, uint32_t *size) {
	uint32_t pages = need / (PAGE / 2) + 1;
	uint32_t at = (uint32_t)__builtin_wasm_memory_grow(0, pages);
	if (at == HEARTH_NONE) {
		hearth_log(HEARTH_ERROR, "a message does not fit into the memory limit of this process");
		__builtin_trap();
	}
	*size = pages * PAGE;
	return (void *)(at * PAGE);
}

static hearth_message take_message(uint32_t mailbox, uint32_t signal) {
	hearth_message m = {{mailbox}, signal, 0, hearth_signal_data_len(signal), 0, hearth_signal_caps_num(signal)};
	if (m.len > data_size)
		data_buf = fresh(m.len, &data_size);
	if (m.ncaps > caps_size / sizeof(hearth_cap))
		caps_buf = fresh(m.ncaps * (uint32_t)sizeof(hearth_cap), &caps_size);
	m.data = data_buf;
	m.caps = caps_buf;
	hearth_signal_data(signal, m.data);
	hearth_signal_caps(signal, m.caps);
	return m;
}

static void release_message(hearth_message *m) {
	for (uint32_t i = 0; i < m->ncaps; i++)
		if (!hearth_is_nobody(m->caps[i]))
			hearth_release(m->caps[i]);
}

hearth_cap hearth_take(hearth_message *m, uint32_t i) {
	if (i >= m->ncaps)
		return HEARTH_NOBODY;
	hearth_cap c = m->caps[i];
	m->caps[i] = HEARTH_NOBODY;
	return c;
}

void hearth_reply(hearth_message *m, const void *data, uint32_t len) {
	if (m->ncaps > 0 && hearth_can(m->caps[0], HEARTH_CAN_SEND))
		hearth_send(m->caps[0], data, len, 0, 0);
}

/* ---- What is waited for --------------------------------------------------- */

/* An answer or a down is known by the mailbox that it arrives in. */
enum waits_for { FREE, ANSWER, CAPABILITY, CAPABILITY_IF_TRUE, END };

typedef struct {
	uint32_t mailbox;
	uint32_t what;
	union {
		hearth_then *then;
		hearth_found *found;
		hearth_gone *gone;
	};
	void *context;
} waiting;

static waiting waitings[HEARTH_WAITING_MAX];

static waiting *find(uint32_t mailbox) {
	for (uint32_t i = 0; i < HEARTH_WAITING_MAX; i++)
		if (waitings[i].what != FREE && waitings[i].mailbox == mailbox)
			return &waitings[i];
	return 0;
}

static waiting *wait_for(enum waits_for what, void *context) {
	for (uint32_t i = 0; i < HEARTH_WAITING_MAX; i++) {
		waiting *w = &waitings[i];
		if (w->what != FREE)
			continue;
		w->what = what;
		w->mailbox = hearth_mailbox_create().handle;
		w->context = context;
		return w;
	}
	return 0;
}

/* Ends a wait with its message, or with null where the other side ended. */
static void end_wait(waiting w, hearth_message *m) {
	switch (w.what) {
	case ANSWER:
		if (w.then)
			w.then(w.context, m);
		break;
	case CAPABILITY:
		w.found(w.context, m ? hearth_take(m, 0) : HEARTH_NOBODY);
		break;
	case CAPABILITY_IF_TRUE:
		w.found(w.context, m && hearth_is(m, "{\"Get\":true}") ? hearth_take(m, 0) : HEARTH_NOBODY);
		break;
	case END:
		if (!m)
			w.gone(w.context);
		break;
	}
}

HEARTH_EXPORT("_hearth_receive") void hearth_receive(uint32_t mailbox, uint32_t signal);
void hearth_receive(uint32_t mailbox, uint32_t signal) {
	waiting *at = mailbox ? find(mailbox) : 0, w;
	if (at) {
		w = *at;
		at->what = FREE;
	}
	switch (hearth_signal_kind(signal)) {
	case HEARTH_MESSAGE: {
		hearth_message m = take_message(mailbox, signal);
		if (at)
			end_wait(w, &m);
		else
			hearth_on_message(&m);
		release_message(&m);
		break;
	}
	case HEARTH_DOWN:
		hearth_release(hearth_signal_down(signal));
		if (at)
			end_wait(w, 0);
		break;
	case HEARTH_RESUME:
		hearth_on_resume();
		break;
	}
	if (at)
		hearth_mailbox_destroy((hearth_mailbox){mailbox});
}

__attribute__((weak)) void hearth_on_resume(void) {}

static bool request(waiting *w, hearth_cap to, const void *data, uint32_t len, const hearth_cap *caps, uint32_t ncaps) {
	hearth_cap all[1 + HEARTH_REQUEST_CAPS];
	if (!w)
		return false;
	if (ncaps > HEARTH_REQUEST_CAPS)
		__builtin_trap();
	hearth_mailbox b = {w->mailbox};
	all[0] = hearth_mailbox_cap(b, HEARTH_CAN_SEND);
	for (uint32_t i = 0; i < ncaps; i++)
		all[1 + i] = caps[i];
	/* So that a service which ends before it answers is noticed. */
	if (hearth_can(to, HEARTH_CAN_MONITOR))
		hearth_mailbox_monitor(b, to);
	hearth_send(to, data, len, all, 1 + ncaps);
	hearth_release(all[0]);
	return true;
}

bool hearth_request(hearth_cap to, const void *data, uint32_t len, const hearth_cap *caps, uint32_t ncaps, hearth_then *then, void *context) {
	waiting *w = wait_for(ANSWER, context);
	if (w)
		w->then = then;
	return request(w, to, data, len, caps, ncaps);
}

bool hearth_watch(hearth_cap c, hearth_gone *gone, void *context) {
	waiting *w = wait_for(END, context);
	if (!w)
		return false;
	w->gone = gone;
	hearth_mailbox_monitor((hearth_mailbox){w->mailbox}, c);
	return true;
}

/* ---- Services -------------------------------------------------------------- */

/* The longest request that these functions write: a name of 255 bytes in JSON's
 * widest form, or a lump id of 129 with options. */
#define REQUEST_MAX 1700

static hearth_text named(uint8_t *buf, const char *variant, const char *name) {
	hearth_text t = hearth_text_in(buf, REQUEST_MAX);
	hearth_put(&t, "{\"");
	hearth_put(&t, variant);
	hearth_put(&t, "\":{\"name\":");
	hearth_put_json(&t, name);
	hearth_put(&t, "}}");
	return t;
}

bool hearth_lookup(const char *name, hearth_found *found, void *context) {
	uint8_t buf[REQUEST_MAX];
	hearth_text t = named(buf, "Get", name);
	if (t.full)
		return false;
	waiting *w = wait_for(CAPABILITY_IF_TRUE, context);
	if (w)
		w->found = found;
	return request(w, HEARTH_REGISTRY, t.data, t.len, 0, 0);
}

bool hearth_register(const char *name, hearth_cap service, hearth_then *then, void *context) {
	uint8_t buf[REQUEST_MAX];
	hearth_text t = named(buf, "Register", name);
	return !t.full && hearth_request(HEARTH_REGISTRY, t.data, t.len, &service, 1, then, context);
}

bool hearth_spawn(hearth_cap spawner, const hearth_lump_id *module, const char *options, const hearth_cap *caps, uint32_t ncaps, hearth_found *found, void *context) {
	uint8_t buf[REQUEST_MAX];
	hearth_text t = hearth_text_in(buf, REQUEST_MAX);
	hearth_put(&t, "{\"lump\":");
	hearth_put_lump_id(&t, module);
	hearth_put(&t, ",\"entrypoint\":null");
	hearth_put(&t, options);
	hearth_put(&t, "}");
	if (t.full)
		return false;
	waiting *w = wait_for(CAPABILITY, context);
	if (w)
		w->found = found;
	return request(w, spawner, t.data, t.len, caps, ncaps);
}

/* ---- Text ------------------------------------------------------------------ */

void hearth_put_bytes(hearth_text *t, const void *data, uint32_t len) {
	if (len > t->size - t->len) {
		len = t->size - t->len;
		t->full = true;
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

void hearth_put(hearth_text *t, const char *s) { hearth_put_bytes(t, s, length(s)); }

void hearth_put_u64(hearth_text *t, uint64_t n) {
	char digits[20];
	uint32_t i = sizeof digits;
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	hearth_put_bytes(t, digits + i, (uint32_t)sizeof digits - i);
}

void hearth_put_i64(hearth_text *t, int64_t n) {
	if (n < 0)
		hearth_put(t, "-");
	hearth_put_u64(t, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static const char hex_digits[] = "0123456789abcdef";

void hearth_put_hex(hearth_text *t, const void *data, uint32_t len) {
	const uint8_t *p = data;
	for (uint32_t i = 0; i < len; i++) {
		char two[2] = {hex_digits[p[i] >> 4], hex_digits[p[i] & 15]};
		hearth_put_bytes(t, two, 2);
	}
}

void hearth_put_json(hearth_text *t, const char *s) {
	hearth_put(t, "\"");
	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;
		if (c < 0x20) {
			hearth_put(t, "\\u00");
			hearth_put_hex(t, &c, 1);
			continue;
		}
		if (c == '"' || c == '\\')
			hearth_put(t, "\\");
		hearth_put_bytes(t, &c, 1);
	}
	hearth_put(t, "\"");
}

void hearth_put_lump_id(hearth_text *t, const hearth_lump_id *id) {
	for (uint32_t i = 0; i < sizeof id->bytes; i++) {
		hearth_put(t, i ? "," : "[");
		hearth_put_u64(t, id->bytes[i]);
	}
	hearth_put(t, "]");
}

bool hearth_is(const hearth_message *m, const char *word) {
	uint32_t n = length(word);
	return m->len == n && memcmp(m->data, word, n) == 0;
}

const uint8_t *hearth_after(const hearth_message *m, const char *word, uint32_t *len) {
	uint32_t n = length(word);
	if (m->len <= n || memcmp(m->data, word, n) != 0 || m->data[n] != ' ')
		return 0;
	*len = m->len - n - 1;
	return m->data + n + 1;
}

bool hearth_parse_u64(const uint8_t *data, uint32_t len, uint64_t *n) {
	uint64_t v = 0;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t d = (uint8_t)(data[i] - '0');
		if (d > 9 || v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - d)
			return false;
		v = v * 10 + d;
	}
	*n = v;
	return len > 0;
}

bool hearth_parse_i64(const uint8_t *data, uint32_t len, int64_t *n) {
	bool minus = len > 0 && data[0] == '-';
	uint64_t v;
	if (!hearth_parse_u64(data + minus, len - minus, &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	*n = minus ? (int64_t)-v : (int64_t)v;
	return true;
}

static uint8_t nibble(uint8_t c) {
	if ((uint8_t)(c - '0') < 10)
		return c - '0';
	c |= 0x20;
	return (uint8_t)(c - 'a') < 6 ? c - 'a' + 10 : 16;
}

bool hearth_parse_hex(const uint8_t *text, uint32_t len, void *out, uint32_t out_len) {
	if (len != 2 * out_len)
		return false;
	for (uint32_t i = 0; i < out_len; i++) {
		uint8_t hi = nibble(text[2 * i]), lo = nibble(text[2 * i + 1]);
		if (hi > 15 || lo > 15)
			return false;
		((uint8_t *)out)[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}
