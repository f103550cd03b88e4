/*
 * The functions of the older module wasi_unstable (snapshot 0) whose records or numbers differ from
 * preview1's; all others are the same.
 * Trust: as the functions of preview1; records of the guest are copied in once.
 */
#include "wasi/funcs.h"

static struct wasi_old_filestat old_filestat(const struct wasi_filestat *st)
{
	return (struct wasi_old_filestat){
		.dev = st->dev,
		.ino = st->ino,
		.type = st->type,
		.nlink = st->nlink < UINT32_MAX ? (uint32_t)st->nlink : UINT32_MAX,
		.size = st->size,
		.atim = st->atim,
		.mtim = st->mtim,
		.ctim = st->ctim,
	};
}

uint32_t wasi_unstable_fd_filestat_get(struct wasi *wasi, const struct wasi_memory *memory,
				       const uint64_t *args)
{
	struct wasi_filestat st;
	const enum wasi_errno e = wasi_fd_stat(wasi, (uint32_t)args[0], &st);

	if (e != WASI_SUCCESS)
		return e;

	const struct wasi_old_filestat old = old_filestat(&st);

	return wasi_memory_put(memory, (uint32_t)args[1], &old, sizeof(old));
}

uint32_t wasi_unstable_path_filestat_get(struct wasi *wasi, const struct wasi_memory *memory,
					 const uint64_t *args)
{
	struct wasi_filestat st;
	const enum wasi_errno e = wasi_path_stat(wasi, memory, args, &st);

	if (e != WASI_SUCCESS)
		return e;

	const struct wasi_old_filestat old = old_filestat(&st);

	return wasi_memory_put(memory, (uint32_t)args[4], &old, sizeof(old));
}

uint32_t wasi_unstable_fd_seek(struct wasi *wasi, const struct wasi_memory *memory,
			       const uint64_t *args)
{
	static const uint32_t whence[] = {
		[WASI_OLD_WHENCE_CUR] = WASI_WHENCE_CUR,
		[WASI_OLD_WHENCE_END] = WASI_WHENCE_END,
		[WASI_OLD_WHENCE_SET] = WASI_WHENCE_SET,
	};
	const uint32_t old = (uint32_t)args[2];

	return wasi_fd_move_to(wasi, memory, (uint32_t)args[0], (int64_t)args[1],
			       old < COUNT_OF(whence) ? whence[old] : old, (uint32_t)args[3]);
}

static void old_subscription_load(struct wasi_subscription *sub, const uint8_t *record)
{
	struct wasi_old_subscription old;

	wasi_copy_in(&old, record, sizeof(old));
	*sub = (struct wasi_subscription){.userdata = old.userdata, .type = old.type};
	if (old.type == WASI_EVENT_CLOCK)
		sub->u.clock = old.u.clock.clock;
	else
		sub->u.fd = old.u.fd;
}

uint32_t wasi_unstable_poll_oneoff(struct wasi *wasi, const struct wasi_memory *memory,
				   const uint64_t *args)
{
	return wasi_poll(wasi, memory, args, sizeof(struct wasi_old_subscription),
			 old_subscription_load);
}
