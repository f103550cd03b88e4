/*
 * preview1: clocks.
 * Trust: the time is the host's word. What is kept of it inside: monotonic and process time never
 * go back, over all threads; no time is above INT64_MAX.
 */
#include "wasi/funcs.h"

/* The greatest value given out so far, or now when it is greater. */
static uint64_t clock_forward(_Atomic uint64_t *last, uint64_t now)
{
	uint64_t seen = atomic_load(last);

	while (seen < now && !atomic_compare_exchange_weak(last, &seen, now))
		;
	return seen < now ? now : seen;
}

enum wasi_errno wasi_clock_now(struct wasi *wasi, uint32_t id, uint64_t *ns)
{
	uint64_t now;

	if (id >= WASI_CLOCK_END)
		return WASI_INVAL;

	const enum host_errno e = hostcall_clock(id, &now);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	if (id == WASI_CLOCK_MONOTONIC || id == WASI_CLOCK_PROCESS)
		now = clock_forward(&wasi->last[id], now);
	*ns = now;
	return WASI_SUCCESS;
}

uint32_t wasi_clock_time_get(struct wasi *wasi, const struct wasi_memory *memory,
			     const uint64_t *args)
{
	const uint32_t out = (uint32_t)args[2];
	uint64_t ns;

	if (!wasi_memory_at(memory, out, sizeof(ns)))
		return WASI_FAULT;

	const enum wasi_errno e = wasi_clock_now(wasi, (uint32_t)args[0], &ns);

	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, out, &ns, sizeof(ns));
}

uint32_t wasi_clock_res_get(struct wasi *wasi, const struct wasi_memory *memory,
			    const uint64_t *args)
{
	const uint32_t id = (uint32_t)args[0], out = (uint32_t)args[1];
	uint64_t ns;

	(void)wasi;
	if (!wasi_memory_at(memory, out, sizeof(ns)))
		return WASI_FAULT;
	if (id >= WASI_CLOCK_END)
		return WASI_INVAL;

	const enum host_errno e = hostcall_clock_res(id, &ns);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	return wasi_memory_put(memory, out, &ns, sizeof(ns));
}
