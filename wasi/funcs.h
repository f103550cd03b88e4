/*
 * The handlers of wasi/funcs.def: wasi_args_get and so on, wasi_unstable_NAME for the functions that
 * differ in the older module. See wasi_handler in wasi/wasi.h.
 */
#ifndef WASI_FUNCS_H
#define WASI_FUNCS_H

#include "wasi/wasi.h"

#define WASI_FUNC(name, params, returns)                                                           \
	uint32_t wasi_##name(struct wasi *wasi, const struct wasi_memory *memory,                  \
			     const uint64_t *args);
#define WASI_FUNC_ADDED WASI_FUNC
#define WASI_FUNC_CHANGED(name, params, returns)                                                   \
	WASI_FUNC(name, params, returns)                                                           \
	WASI_FUNC(unstable_##name, params, returns)
#include "wasi/funcs.def"
#undef WASI_FUNC_CHANGED
#undef WASI_FUNC_ADDED
#undef WASI_FUNC

/* Is the program being ended (wasi_config.stop)? Asked wherever a call could go on for long. */
static inline bool wasi_stopped(const struct wasi *wasi)
{
	const uint32_t *stop = wasi->config->stop;

	return stop && __atomic_load_n(stop, __ATOMIC_ACQUIRE) != 0;
}

/* ns of a clock (wasi/clock.c); monotonic and process time never go back. INVAL: unknown id. */
enum wasi_errno wasi_clock_now(struct wasi *wasi, uint32_t id, uint64_t *ns);

/* Times as fd_ and path_filestat_set_times take them. INVAL: unknown flags, a time to be set both
 * to a value and to now, or a value above INT64_MAX. */
enum wasi_errno wasi_times_decode(struct fs_times *times, uint64_t atim, uint64_t mtim,
				  uint32_t flags);

/* What both modules share of the functions that differ: the arguments as preview1 has them, the
 * result in *st or, of a seek, in the guest's memory. */
enum wasi_errno wasi_fd_stat(struct wasi *wasi, uint32_t fd, struct wasi_filestat *st);
enum wasi_errno wasi_path_stat(struct wasi *wasi, const struct wasi_memory *memory,
			       const uint64_t *args, struct wasi_filestat *st);
enum wasi_errno wasi_fd_move_to(struct wasi *wasi, const struct wasi_memory *memory, uint32_t fd,
				int64_t delta, uint32_t whence, uint32_t out);

/* poll_oneoff with subscriptions of `size` bytes each; `load` makes them ours, one at a time. */
typedef void (*wasi_subscription_load)(struct wasi_subscription *sub, const uint8_t *record);
enum wasi_errno wasi_poll(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args,
			  size_t size, wasi_subscription_load load);

#endif
