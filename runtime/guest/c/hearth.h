/* hearth.h - the SDK for guests of Hearth written in C.
 *
 * A guest is a set of handlers. The runtime calls one with each signal; between
 * two signals the process is nothing but memory, which can be journaled,
 * snapshotted and restored. So nothing here waits: what takes time is a request
 * whose answer calls a function.
 *
 *	#include "hearth.h"
 *
 *	HEARTH_METADATA("greeter", "Says hello.")
 *
 *	void hearth_on_message(hearth_message *m) {
 *		uint8_t buf[256];
 *		hearth_text t = hearth_text_in(buf, sizeof buf);
 *		hearth_put(&t, "hello, ");
 *		hearth_put_bytes(&t, m->data, m->len);
 *		hearth_reply(m, t.data, t.len);
 *	}
 *
 * Without a C library (two kilobytes), or with wasi-libc (printf goes to the log):
 *
 *	clang --target=wasm32-unknown-unknown -O2 -nostdlib -Wl,--no-entry,--strip-all -o greeter.wasm greeter.c hearth.c
 *	clang --target=wasm32-wasi -mexec-model=reactor -O2 -Wl,--strip-all -o greeter.wasm greeter.c hearth.c
 *
 * Ownership. A capability is an entry of the process's table, and counted. Those
 * of a message are released when its handler returns, except the ones that it
 * takes with hearth_take. Whatever else returns a capability or a lump hands it
 * to the caller, who releases it with hearth_release or hearth_lump_free. Sending
 * takes nothing. m->data is a buffer that the next message overwrites.
 *
 * The first part of this file is the host's functions as ABI.md names them, with
 * types; it can be used without hearth.c by a guest that exports _hearth_receive
 * itself. The second part needs hearth.c.
 */
#ifndef HEARTH_H
#define HEARTH_H

#include <stdbool.h>
#include <stdint.h>

/* A handle in the table of this process. */
typedef struct { uint32_t handle; } hearth_cap;
/* Where signals arrive. Mailbox 0 is the process's own. */
typedef struct { uint32_t handle; } hearth_mailbox;
/* Immutable bytes, loaded. */
typedef struct { uint32_t handle; } hearth_lump;
/* The digest that names a lump, and its whole content identifier. */
typedef struct { uint8_t bytes[32]; } hearth_lump_id;
typedef struct { uint8_t bytes[36]; } hearth_cid;

#define HEARTH_NONE 0xFFFFFFFFu
#define HEARTH_NOBODY ((hearth_cap){HEARTH_NONE})
/* What every process is given first, by convention. */
#define HEARTH_REGISTRY ((hearth_cap){0})
#define HEARTH_SELF ((hearth_mailbox){0})

enum hearth_permission {
	HEARTH_CAN_SEND = 1,
	HEARTH_CAN_MONITOR = 2,
	HEARTH_CAN_KILL = 4,
	HEARTH_CAN_LINK = 8,
	HEARTH_CAN_ALL = 15,
};

enum hearth_kind { HEARTH_MESSAGE = 0, HEARTH_DOWN = 1, HEARTH_RESUME = 2 };

enum hearth_level { HEARTH_TRACE, HEARTH_DEBUG, HEARTH_INFO, HEARTH_WARN, HEARTH_ERROR };

#define HEARTH_SPAWNER "hearth.wasm.WasmProcessSpawner"
#define HEARTH_SLEEP "hearth.Sleep"
#define HEARTH_TIMER_FACTORY "hearth.TimerFactory"
#define HEARTH_STOPWATCH_FACTORY "hearth.StopwatchFactory"
#define HEARTH_UNIX_TIME "hearth.UnixTime"

#define HEARTH_IMPORT(module, name) __attribute__((import_module("hearth::" module), import_name(name)))
#define HEARTH_EXPORT(name) __attribute__((export_name(name), visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The host ----------------------------------------------------------- */

HEARTH_IMPORT("log", "log") void hearth_log_raw(uint32_t level, const char *module, uint32_t module_len, const char *text, uint32_t len);

HEARTH_IMPORT("lump", "this_lump") void hearth_this_lump(hearth_lump_id *id);
/* handle HEARTH_NONE: not there, or not held by a durable process. */
HEARTH_IMPORT("lump", "load_by_id") hearth_lump hearth_lump_load(const hearth_lump_id *id);
HEARTH_IMPORT("lump", "load") hearth_lump hearth_lump_make(const void *data, uint32_t len);
HEARTH_IMPORT("lump", "get_id") void hearth_lump_get_id(hearth_lump l, hearth_lump_id *id);
HEARTH_IMPORT("lump", "get_len") uint32_t hearth_lump_len(hearth_lump l);
HEARTH_IMPORT("lump", "get_data") void hearth_lump_read(hearth_lump l, void *data);
HEARTH_IMPORT("lump", "free") void hearth_lump_free(hearth_lump l);

HEARTH_IMPORT("table", "inc_ref") void hearth_retain(hearth_cap c);
HEARTH_IMPORT("table", "dec_ref") void hearth_release(hearth_cap c);
HEARTH_IMPORT("table", "get_permissions") uint32_t hearth_permissions(hearth_cap c);
HEARTH_IMPORT("table", "demote") hearth_cap hearth_demote(hearth_cap c, uint32_t permissions);
HEARTH_IMPORT("table", "send") void hearth_send(hearth_cap c, const void *data, uint32_t len, const hearth_cap *caps, uint32_t ncaps);
HEARTH_IMPORT("table", "kill") void hearth_kill(hearth_cap c);

HEARTH_IMPORT("mailbox", "create") hearth_mailbox hearth_mailbox_create(void);
HEARTH_IMPORT("mailbox", "destroy") void hearth_mailbox_destroy(hearth_mailbox b);
HEARTH_IMPORT("mailbox", "make_capability") hearth_cap hearth_mailbox_cap(hearth_mailbox b, uint32_t permissions);
HEARTH_IMPORT("mailbox", "monitor") void hearth_mailbox_monitor(hearth_mailbox b, hearth_cap c);
HEARTH_IMPORT("mailbox", "recv") uint32_t hearth_recv(hearth_mailbox b);
HEARTH_IMPORT("mailbox", "try_recv") uint32_t hearth_try_recv(hearth_mailbox b);
HEARTH_IMPORT("mailbox", "poll") uint64_t hearth_poll(const hearth_mailbox *bs, uint32_t n);
HEARTH_IMPORT("mailbox", "destroy_signal") void hearth_signal_destroy(uint32_t signal);
HEARTH_IMPORT("mailbox", "get_signal_kind") uint32_t hearth_signal_kind(uint32_t signal);
HEARTH_IMPORT("mailbox", "get_down_capability") hearth_cap hearth_signal_down(uint32_t signal);
HEARTH_IMPORT("mailbox", "get_message_data_len") uint32_t hearth_signal_data_len(uint32_t signal);
HEARTH_IMPORT("mailbox", "get_message_data") void hearth_signal_data(uint32_t signal, void *data);
HEARTH_IMPORT("mailbox", "get_message_caps_num") uint32_t hearth_signal_caps_num(uint32_t signal);
HEARTH_IMPORT("mailbox", "get_message_caps") void hearth_signal_caps(uint32_t signal, hearth_cap *caps);

HEARTH_IMPORT("metadata", "set_name") void hearth_set_name(const char *text, uint32_t len);
HEARTH_IMPORT("metadata", "set_description") void hearth_set_description(const char *text, uint32_t len);
HEARTH_IMPORT("metadata", "add_author") void hearth_add_author(const char *text, uint32_t len);
HEARTH_IMPORT("metadata", "set_repository") void hearth_set_repository(const char *text, uint32_t len);
HEARTH_IMPORT("metadata", "set_homepage") void hearth_set_homepage(const char *text, uint32_t len);
HEARTH_IMPORT("metadata", "set_license") void hearth_set_license(const char *text, uint32_t len);

HEARTH_IMPORT("process", "id") uint64_t hearth_pid(void);
HEARTH_IMPORT("process", "exit") void hearth_exit(int32_t code);
HEARTH_IMPORT("process", "link") void hearth_link(hearth_cap c);
HEARTH_IMPORT("process", "unlink") void hearth_unlink(hearth_cap c);

HEARTH_IMPORT("content", "load_cid") hearth_lump hearth_lump_load_cid(const hearth_cid *cid);
HEARTH_IMPORT("content", "get_cid") void hearth_lump_get_cid(hearth_lump l, hearth_cid *cid);
HEARTH_IMPORT("content", "forget") void hearth_lump_forget(hearth_lump l);
/* Lets the peer behind a capability load the lump, and tells it to fetch it now. */
HEARTH_IMPORT("content", "transfer") void hearth_lump_transfer(hearth_cap to, hearth_lump l);
HEARTH_IMPORT("content", "message_lumps_num") uint32_t hearth_signal_lumps_num(uint32_t signal);
/* handle HEARTH_NONE for a lump that is not there. */
HEARTH_IMPORT("content", "message_lumps") void hearth_signal_lumps(uint32_t signal, hearth_lump *lumps);
HEARTH_IMPORT("content", "send") void hearth_send_lumps(hearth_cap c, const void *data, uint32_t len, const hearth_cap *caps, uint32_t ncaps, const hearth_lump *lumps, uint32_t nlumps);

/* Nanoseconds since 1970: in a durable process, the time of the event. */
HEARTH_IMPORT("time", "now") int64_t hearth_now(void);

/* Logs a string literal. */
#define hearth_log(level, text) hearth_log_raw((level), "", 0, (text), sizeof(text) - 1)

/* Describes the module. Stands once, outside of functions. */
#define HEARTH_METADATA(name, description) \
	HEARTH_EXPORT("_hearth_metadata") void hearth_metadata_of_module(void); \
	void hearth_metadata_of_module(void) { \
		hearth_set_name(name, sizeof(name) - 1); \
		hearth_set_description(description, sizeof(description) - 1); \
		hearth_set_license("AGPL-3.0", 8); \
	}

/* Asks for hearth_on_resume after every restart of the server. */
#define HEARTH_WANTS_RESUME \
	HEARTH_EXPORT("_hearth_resume") void hearth_resume_of_module(void); \
	void hearth_resume_of_module(void) {}

static inline bool hearth_is_nobody(hearth_cap c) { return c.handle == HEARTH_NONE; }
/* Whether c allows all of these. Ask it of capabilities that strangers sent: using
 * one beyond its permissions ends this process. */
static inline bool hearth_can(hearth_cap c, uint32_t permissions) {
	return !hearth_is_nobody(c) && (hearth_permissions(c) & permissions) == permissions;
}

/* ---- Handlers, requests, watches (hearth.c) ----------------------------- */

/* A message. It and its buffers are valid until its handler returns. */
typedef struct {
	hearth_mailbox mailbox;
	uint32_t signal;
	uint8_t *data;
	uint32_t len;
	hearth_cap *caps; /* of a request, the first is the reply address */
	uint32_t ncaps;
} hearth_message;

/* The guest defines this. It gets every message but the answers to requests. */
void hearth_on_message(hearth_message *m);
/* The guest may define this, and says HEARTH_WANTS_RESUME then. */
void hearth_on_resume(void);

/* Answers a request; does nothing where no answer is expected or can be sent. */
void hearth_reply(hearth_message *m, const void *data, uint32_t len);
/* Hands a capability of the message to the caller, who releases it; HEARTH_NOBODY
 * where there is none. */
hearth_cap hearth_take(hearth_message *m, uint32_t i);

/* How many answers and downs can be waited for at a time. Each costs 16 bytes of
 * every snapshot that touches them. */
#ifndef HEARTH_WAITING_MAX
#define HEARTH_WAITING_MAX 128
#endif

/* Called with the answer to a request, or with null if the service ended first. */
typedef void hearth_then(void *context, hearth_message *answer);
/* Called with a capability that is handed over, or HEARTH_NOBODY. */
typedef void hearth_found(void *context, hearth_cap c);
/* Called when a watched process has ended. */
typedef void hearth_gone(void *context);

/* Each returns false, and does nothing, where HEARTH_WAITING_MAX are waited for. */
bool hearth_request(hearth_cap to, const void *data, uint32_t len, const hearth_cap *caps, uint32_t ncaps, hearth_then *then, void *context);
bool hearth_lookup(const char *name, hearth_found *found, void *context);
bool hearth_register(const char *name, hearth_cap service, hearth_then *then, void *context);
/* options is "" or members of the request, as ",\"durable\":true"; the child is as
 * durable as the asker where it does not say. The child's
 * table is filled with caps from handle 0: give it the registry first. */
bool hearth_spawn(hearth_cap spawner, const hearth_lump_id *module, const char *options, const hearth_cap *caps, uint32_t ncaps, hearth_found *found, void *context);
/* Needs HEARTH_CAN_MONITOR. */
bool hearth_watch(hearth_cap c, hearth_gone *gone, void *context);

/* The most capabilities that a request of these functions may carry. */
#define HEARTH_REQUEST_CAPS 15

/* ---- Text (hearth.c) ---------------------------------------------------- */

/* Text that is written into a buffer. What does not fit is left out, and full
 * says so. */
typedef struct {
	uint8_t *data;
	uint32_t len, size;
	bool full;
} hearth_text;

static inline hearth_text hearth_text_in(void *buf, uint32_t size) { return (hearth_text){(uint8_t *)buf, 0, size, false}; }
void hearth_put_bytes(hearth_text *t, const void *data, uint32_t len);
void hearth_put(hearth_text *t, const char *s);
void hearth_put_u64(hearth_text *t, uint64_t n);
void hearth_put_i64(hearth_text *t, int64_t n);
void hearth_put_hex(hearth_text *t, const void *data, uint32_t len);
void hearth_put_json(hearth_text *t, const char *s);           /* as a JSON string */
void hearth_put_lump_id(hearth_text *t, const hearth_lump_id *); /* as JSON */

/* Reading the body of a message. */
bool hearth_is(const hearth_message *m, const char *word);
/* The rest of the body behind "word ", or null. */
const uint8_t *hearth_after(const hearth_message *m, const char *word, uint32_t *len);
bool hearth_parse_i64(const uint8_t *data, uint32_t len, int64_t *n);
bool hearth_parse_u64(const uint8_t *data, uint32_t len, uint64_t *n);
bool hearth_parse_hex(const uint8_t *text, uint32_t len, void *out, uint32_t out_len);

#ifdef __cplusplus
}
#endif
#endif
