/* example.c - a guest that greets whoever sends it a name, watches who asks for
 * it, and answers "later" after a second: a request to a service that is looked
 * up first. */
#include "hearth.h"

HEARTH_METADATA("greeter", "Says hello.")

static uint32_t watched;

static void gone(void *context) {
	hearth_release((hearth_cap){(uint32_t)(uintptr_t)context});
	watched--;
}

static void slept(void *context, hearth_message *answer) {
	hearth_cap to = {(uint32_t)(uintptr_t)context};
	if (answer)
		hearth_send(to, "hello, patient one", 18, 0, 0);
	else
		hearth_send(to, "sleep has ended", 15, 0, 0);
	hearth_release(to);
}

static void found_sleep(void *context, hearth_cap sleep) {
	hearth_cap to = {(uint32_t)(uintptr_t)context};
	if (hearth_is_nobody(sleep)) {
		hearth_send(to, "nothing to sleep on here", 24, 0, 0);
		hearth_release(to);
		return;
	}
	if (!hearth_request(sleep, "1", 1, 0, 0, slept, context))
		hearth_release(to);
	hearth_release(sleep);
}

void hearth_on_message(hearth_message *m) {
	uint8_t buf[256];
	hearth_text t = hearth_text_in(buf, sizeof buf);
	if (m->ncaps > 0 && hearth_is(m, "later") && hearth_can(m->caps[0], HEARTH_CAN_SEND)) {
		hearth_cap to = hearth_take(m, 0);
		if (!hearth_lookup(HEARTH_SLEEP, found_sleep, (void *)(uintptr_t)to.handle))
			hearth_release(to);
		return;
	}
	if (m->ncaps > 0 && hearth_is(m, "watch me") && hearth_can(m->caps[0], HEARTH_CAN_MONITOR)) {
		hearth_cap c = hearth_take(m, 0);
		if (hearth_watch(c, gone, (void *)(uintptr_t)c.handle))
			watched++;
		else
			hearth_release(c);
		return;
	}
	hearth_put(&t, "hello, ");
	hearth_put_bytes(&t, m->data, m->len);
	hearth_reply(m, t.data, t.len);
}
