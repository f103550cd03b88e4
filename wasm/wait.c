/*
 * Waiting on an address of a shared memory and waking who waits there (threads proposal: wait and
 * notify).
 * Trust: addresses, values and counts are the guest's. park may return at any time or never, which
 * costs time alone: who was woken is known from the memory's list.
 * Invariant: a node is in the list exactly while its thread waits and nobody has woken it; list and
 * nodes change only under the memory's lock. Between its last look at `woken` under the lock and
 * park a thread waits for nothing else, so the token of who wakes it then is not lost.
 */
#include "base/checked.h"
#include "base/park.h"
#include "wasm/store.h"

static enum wasm_trap wait_check(const struct wasm_memory_instance *m, uint64_t address,
				 uint32_t size)
{
	if (address % size != 0)
		return TRAP_UNALIGNED_ATOMIC;
	return range_inside(address, size, wasm_memory_size(m)) ? TRAP_NONE : TRAP_MEMORY_BOUNDS;
}

static bool wait_value_is(const struct wasm_memory_instance *m, uint64_t address, bool wide,
			  uint64_t expected)
{
	const void *p = m->base + address;

	if (wide)
		return __atomic_load_n((const uint64_t *)p, __ATOMIC_SEQ_CST) == expected;
	return __atomic_load_n((const uint32_t *)p, __ATOMIC_SEQ_CST) == (uint32_t)expected;
}

static void wait_add(struct wasm_memory_instance *m, struct wasm_waiter *w)
{
	struct wasm_waiter **link = &m->waiters;

	while (*link)
		link = &(*link)->next;
	*link = w;
}

static void wait_remove(struct wasm_memory_instance *m, const struct wasm_waiter *w)
{
	struct wasm_waiter **link = &m->waiters;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
}

static enum wasm_trap wait_stop(const struct wasm_store *s)
{
	const struct wasm_control *control = s->config.control;

	if (!control)
		return TRAP_NONE;
	return (enum wasm_trap)__atomic_load_n(&control->stop, __ATOMIC_ACQUIRE);
}

/* The lock is held, but not while the thread sleeps. False: the time is over. */
static bool wait_sleep(struct wasm_memory_instance *m, uint64_t timeout_ns)
{
	mutex_unlock(&m->lock);
	const bool in_time = park(timeout_ns);

	mutex_lock(&m->lock);
	return in_time;
}

/* The lock is held. Until woken, stopped or late. */
static enum wasm_trap wait_in_list(const struct wasm_store *s, struct wasm_memory_instance *m,
				   struct wasm_waiter *w, uint64_t timeout_ns)
{
	enum wasm_trap stop = wait_stop(s);
	bool in_time = true;

	wait_add(m, w);
	while (!stop && !w->woken && in_time) {
		in_time = wait_sleep(m, timeout_ns);
		stop = wait_stop(s);
	}
	if (!w->woken)
		wait_remove(m, w);
	return stop;
}

enum wasm_trap wasm_memory_wait(struct wasm_store *s, struct wasm_memory_instance *m,
				uint64_t address, bool wide, uint64_t expected, int64_t timeout_ns,
				uint32_t *result)
{
	struct wasm_waiter w = {.address = address, .thread = park_self()};
	enum wasm_trap trap = wait_check(m, address, wide ? 8 : 4);

	if (trap)
		return trap;
	if (!m->type.shared)
		return TRAP_EXPECTED_SHARED;
	mutex_lock(&m->lock);
	if (wait_value_is(m, address, wide, expected)) {
		trap = wait_in_list(s, m, &w, timeout_ns < 0 ? PARK_FOREVER : (uint64_t)timeout_ns);
		*result = w.woken ? 0 : 2;
	} else {
		*result = 1;
	}
	mutex_unlock(&m->lock);
	return trap;
}

static uint64_t wait_bit(const struct wasm_waiter *w)
{
	must(w->thread < PARK_THREADS_MAX);
	return (uint64_t)1 << w->thread;
}

static void wait_unpark(uint64_t threads)
{
	for (; threads != 0; threads &= threads - 1)
		unpark((uint32_t)__builtin_ctzll(threads));
}

/* Takes up to `count` of those who wait at the address off the list. The lock is held. */
static uint32_t wait_wake(struct wasm_memory_instance *m, uint64_t address, uint32_t count,
			  uint64_t *threads)
{
	struct wasm_waiter **link = &m->waiters;
	uint32_t woken = 0;

	while (*link && woken < count) {
		struct wasm_waiter *w = *link;

		if (w->address != address) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		w->woken = true;
		*threads |= wait_bit(w);
		woken++;
	}
	return woken;
}

enum wasm_trap wasm_memory_notify(struct wasm_memory_instance *m, uint64_t address, uint32_t count,
				  uint32_t *woken)
{
	const enum wasm_trap trap = wait_check(m, address, 4);
	uint64_t threads = 0;

	if (trap)
		return trap;
	*woken = 0;
	if (!m->type.shared)
		return TRAP_NONE;
	mutex_lock(&m->lock);
	*woken = wait_wake(m, address, count, &threads);
	mutex_unlock(&m->lock);
	wait_unpark(threads); /* whose nodes may be gone by now */
	return TRAP_NONE;
}

void wasm_memory_wake_all(struct wasm_memory_instance *m)
{
	uint64_t threads = 0;

	mutex_lock(&m->lock);
	for (const struct wasm_waiter *w = m->waiters; w; w = w->next)
		threads |= wait_bit(w);
	mutex_unlock(&m->lock);
	wait_unpark(threads);
}
