/*
 * preview1: waiting for clocks and descriptors.
 * Trust: subscriptions are the guest's, copied in once; readiness and time are the host's word. An
 * early answer of the host is not passed on: the clock is asked again.
 * Invariant: at most one event per subscription is written, into room that was checked before.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

#define POLL_MAX 4096 /* subscriptions of one call */
static_assert(POLL_MAX * sizeof(struct host_poll) <= HOSTCALL_DATA_MAX, "a poll is one host call");

#define POLL_NONE UINT32_MAX

/* One subscription on its way. */
struct poll_item {
	struct wasi_subscription sub;
	struct wasi_descriptor *d; /* a reference, for reading and writing */
	uint64_t deadline;	   /* on the clock sub.u.clock.id */
	uint32_t host;		   /* index of its host_poll, or POLL_NONE */
	bool fired;
	struct wasi_event event;
};

struct poll {
	struct wasi *wasi;
	struct poll_item *items;
	size_t count;
	struct host_poll *host;
	size_t host_count;
	bool ready; /* something fired before any waiting */
};

static void poll_fire(struct poll *p, struct poll_item *item, enum wasi_errno e)
{
	item->fired = true;
	item->event.error = (uint16_t)e;
	p->ready = true;
}

/* A clock: its deadline; a sum that does not fit is never reached. */
static void poll_add_clock(struct poll *p, struct poll_item *item)
{
	const struct wasi_subscription_clock *c = &item->sub.u.clock;
	uint64_t now;

	if (c->id > WASI_CLOCK_MONOTONIC || c->flags & ~WASI_CLOCK_ABSTIME) {
		poll_fire(p, item, WASI_INVAL);
		return;
	}
	if (c->flags & WASI_CLOCK_ABSTIME) {
		item->deadline = c->timeout;
		return;
	}
	item->sub.u.clock.id =
		WASI_CLOCK_MONOTONIC; /* a span is the same on both; this one is steady */

	const enum wasi_errno e = wasi_clock_now(p->wasi, WASI_CLOCK_MONOTONIC, &now);

	if (e != WASI_SUCCESS)
		poll_fire(p, item, e);
	else if (!checked_add_u64(&item->deadline, now, c->timeout))
		item->deadline = UINT64_MAX;
}

/* A regular file is always ready: bytes up to its end can be read. */
static void poll_add_file(struct poll *p, struct poll_item *item)
{
	struct wasi_filestat st;
	struct wasi_descriptor *d = item->d;
	enum wasi_errno e = WASI_SUCCESS;

	if (item->sub.type == WASI_EVENT_FD_READ) {
		e = fs_stat(d->node, &st);
		mutex_lock(&d->lock);
		if (e == WASI_SUCCESS && !d->off_at_end && st.size > d->off)
			item->event.bytes = st.size - d->off;
		mutex_unlock(&d->lock);
	}
	poll_fire(p, item, e);
}

static void poll_add_fd(struct poll *p, struct poll_item *item)
{
	const bool read = item->sub.type == WASI_EVENT_FD_READ;
	const uint64_t rights =
		WASI_RIGHT_POLL_FD_READWRITE | (read ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE);
	const enum wasi_errno e = wasi_table_get_file(p->wasi, item->sub.u.fd, rights, &item->d);

	if (e != WASI_SUCCESS) {
		item->d = NULL;
		poll_fire(p, item, e);
		return;
	}
	const struct fs_node *node = item->d->node;

	if (!node->ops->poll_handle) {
		poll_add_file(p, item);
		return;
	}
	item->host = (uint32_t)p->host_count++;
	p->host[item->host] = (struct host_poll){
		.handle = node->ops->poll_handle(node),
		.want = read ? HOST_POLL_READ : HOST_POLL_WRITE,
	};
}

/* Takes one subscription in. INVAL: no such type. */
static enum wasi_errno poll_add(struct poll *p, struct poll_item *item)
{
	item->event.userdata = item->sub.userdata;
	item->event.type = item->sub.type;
	item->host = POLL_NONE;
	switch (item->sub.type) {
	case WASI_EVENT_CLOCK:
		poll_add_clock(p, item);
		return WASI_SUCCESS;
	case WASI_EVENT_FD_READ:
	case WASI_EVENT_FD_WRITE:
		poll_add_fd(p, item);
		return WASI_SUCCESS;
	default:
		return WASI_INVAL;
	}
}

/* Fires the clocks that are due and finds out how long the nearest of the others is away. */
static void poll_clocks(struct poll *p, uint64_t *timeout)
{
	uint64_t now[2] = {0, 0};
	bool known[2] = {false, false};

	for (size_t i = 0; i < p->count; i++) {
		struct poll_item *item = &p->items[i];
		const uint32_t id = item->sub.u.clock.id;
		enum wasi_errno e = WASI_SUCCESS;

		if (item->sub.type != WASI_EVENT_CLOCK || item->fired)
			continue;
		if (!known[id])
			e = wasi_clock_now(p->wasi, id, &now[id]);
		known[id] = e == WASI_SUCCESS;
		if (e != WASI_SUCCESS || now[id] >= item->deadline)
			poll_fire(p, item, e);
		else if (item->deadline - now[id] < *timeout)
			*timeout = item->deadline - now[id];
	}
}

/* Fires the descriptors that the host calls ready. */
static void poll_host_ready(struct poll *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct poll_item *item = &p->items[i];

		if (item->host == POLL_NONE)
			continue;
		const struct host_poll *h = &p->host[item->host];

		if (h->ready == 0 && h->error == HOST_SUCCESS)
			continue;
		item->event.bytes = h->bytes;
		item->event.flags = h->ready & HOST_POLL_HANGUP ? WASI_EVENT_HANGUP : 0;
		poll_fire(p, item, (enum wasi_errno)h->error);
	}
}

/* Waits until something fires. With a deadline this ends by the host's clock; without one, or with
 * a host that stops its clock, it need not: liveness is the host's. */
static enum wasi_errno poll_wait(struct poll *p)
{
	while (!wasi_stopped(p->wasi)) {
		uint64_t timeout = HOST_POLL_FOREVER;

		poll_clocks(p, &timeout);
		if (p->ready && p->host_count == 0)
			return WASI_SUCCESS;
		if (!p->ready)
			fs_host_flush_all(&p->wasi->host);

		const enum host_errno e =
			hostcall_poll(p->host, p->host_count, p->ready ? 0 : timeout);

		if (e != HOST_SUCCESS)
			return p->ready ? WASI_SUCCESS : (enum wasi_errno)e;
		poll_host_ready(p);
		if (p->ready)
			return WASI_SUCCESS;
	}
	return WASI_INTR;
}

/* Writes the events that fired; returns how many. */
static uint32_t poll_emit(const struct poll *p, uint8_t *out)
{
	uint32_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (!p->items[i].fired)
			continue;
		memcpy(out + n * sizeof(struct wasi_event), &p->items[i].event,
		       sizeof(struct wasi_event));
		n++;
	}
	return n;
}

static void poll_fini(struct poll *p)
{
	for (size_t i = 0; p->items && i < p->count; i++) {
		if (p->items[i].d)
			wasi_descriptor_put(p->items[i].d);
	}
	heap_free(p->items);
	heap_free(p->host);
}

/* Copies all subscriptions in, then takes them in one by one. */
static enum wasi_errno poll_init(struct poll *p, const uint8_t *subs, size_t size,
				 wasi_subscription_load load)
{
	enum wasi_errno e = WASI_SUCCESS;

	p->items = heap_alloc_array(p->count, sizeof(p->items[0]));
	p->host = heap_alloc_array(p->count, sizeof(p->host[0]));
	if (!p->items || !p->host)
		return WASI_NOMEM;
	for (size_t i = 0; i < p->count; i++)
		load(&p->items[i].sub, subs + i * size);
	for (size_t i = 0; i < p->count && e == WASI_SUCCESS; i++)
		e = poll_add(p, &p->items[i]);
	return e;
}

enum wasi_errno wasi_poll(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args,
			  size_t size, wasi_subscription_load load)
{
	const uint32_t count = (uint32_t)args[2], used_at = (uint32_t)args[3];

	if (count == 0 || count > POLL_MAX)
		return WASI_INVAL;

	const uint8_t *subs = wasi_memory_at(memory, (uint32_t)args[0], count * size);
	uint8_t *out = wasi_memory_at(memory, (uint32_t)args[1], count * sizeof(struct wasi_event));

	if (!subs || !out || !wasi_memory_at(memory, used_at, sizeof(uint32_t)))
		return WASI_FAULT;

	struct poll p = {.wasi = wasi, .count = count};
	enum wasi_errno e = poll_init(&p, subs, size, load);

	if (e == WASI_SUCCESS)
		e = poll_wait(&p);

	const uint32_t used = e == WASI_SUCCESS ? poll_emit(&p, out) : 0;

	poll_fini(&p);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, used_at, &used, sizeof(used));
}

static void poll_load(struct wasi_subscription *sub, const uint8_t *record)
{
	wasi_copy_in(sub, record, sizeof(*sub));
}

uint32_t wasi_poll_oneoff(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return wasi_poll(wasi, memory, args, sizeof(struct wasi_subscription), poll_load);
}
