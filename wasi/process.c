/*
 * preview1: arguments, environment, randomness and the end of the program.
 * Trust: arguments and environment are covered by the launch digest; all numbers are the guest's.
 */
#include <string.h>

#include "base/wipe.h"
#include "platform/platform.h"
#include "wasi/funcs.h"

#define EXIT_CALLED ((uint64_t)1 << 32) /* in wasi->exit, above the status */
#define RANDOM_STEP 1024u		/* bytes at once: others want some too */

struct strings {
	const struct wasi_bytes *v;
	size_t count;
};

static struct strings strings_args(const struct wasi *wasi)
{
	return (struct strings){wasi->config->args, wasi->config->arg_count};
}

static struct strings strings_env(const struct wasi *wasi)
{
	return (struct strings){wasi->config->env, wasi->config->env_count};
}

/* Bytes with terminators; wasi_init has checked that 32 bits hold it, and so the count. */
static uint32_t strings_size(struct strings s)
{
	size_t total = 0;

	for (size_t i = 0; i < s.count; i++)
		total += s.v[i].size + 1;
	return (uint32_t)total;
}

static enum wasi_errno strings_sizes_get(struct strings s, const struct wasi_memory *m,
					 const uint64_t *args)
{
	uint8_t *count = wasi_memory_at(m, (uint32_t)args[0], sizeof(uint32_t));
	uint8_t *size = wasi_memory_at(m, (uint32_t)args[1], sizeof(uint32_t));

	if (!count || !size)
		return WASI_FAULT;
	memcpy(count, &(uint32_t){(uint32_t)s.count}, sizeof(uint32_t));
	memcpy(size, &(uint32_t){strings_size(s)}, sizeof(uint32_t));
	return WASI_SUCCESS;
}

/* Writes the array of pointers and the terminated strings. */
static enum wasi_errno strings_get(struct strings s, const struct wasi_memory *m,
				   const uint64_t *args)
{
	uint32_t at = (uint32_t)args[1];
	uint8_t *pointers = wasi_memory_at(m, (uint32_t)args[0], s.count * sizeof(uint32_t));
	uint8_t *bytes = wasi_memory_at(m, at, strings_size(s));

	if (!pointers || !bytes)
		return WASI_FAULT;
	for (size_t i = 0; i < s.count; i++) {
		const size_t size = s.v[i].size;

		memcpy(pointers + i * sizeof(at), &at, sizeof(at));
		if (size != 0)
			memcpy(bytes, s.v[i].p, size);
		bytes[size] = 0;
		bytes += size + 1;
		at += (uint32_t)size + 1;
	}
	return WASI_SUCCESS;
}

uint32_t wasi_args_get(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return strings_get(strings_args(wasi), memory, args);
}

uint32_t wasi_args_sizes_get(struct wasi *wasi, const struct wasi_memory *memory,
			     const uint64_t *args)
{
	return strings_sizes_get(strings_args(wasi), memory, args);
}

uint32_t wasi_environ_get(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return strings_get(strings_env(wasi), memory, args);
}

uint32_t wasi_environ_sizes_get(struct wasi *wasi, const struct wasi_memory *memory,
				const uint64_t *args)
{
	return strings_sizes_get(strings_env(wasi), memory, args);
}

/* At most RANDOM_STEP bytes, by way of memory that the guest's other threads cannot reach. */
static bool random_step(uint8_t *out, size_t size)
{
	uint8_t bytes[RANDOM_STEP];
	const bool ok = platform_random(bytes, size) == E_OK;

	if (ok)
		memcpy(out, bytes, size);
	wipe(bytes, size);
	return ok;
}

uint32_t wasi_random_get(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	const uint32_t size = (uint32_t)args[1];
	uint8_t *out = wasi_memory_at(memory, (uint32_t)args[0], size);

	if (!out)
		return WASI_FAULT;
	for (size_t at = 0; at < size && !wasi_stopped(wasi); at += RANDOM_STEP) {
		if (!random_step(out + at, size - at < RANDOM_STEP ? size - at : RANDOM_STEP)) {
			memset(out, 0, size); /* no byte of a failed source is to be used */
			return WASI_IO;
		}
	}
	return WASI_SUCCESS;
}

uint32_t wasi_proc_exit(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	uint64_t none = 0;

	(void)memory;
	atomic_compare_exchange_strong(&wasi->exit, &none, EXIT_CALLED | (uint32_t)args[0]);
	return WASI_SUCCESS;
}

bool wasi_exited(const struct wasi *wasi, uint32_t *status)
{
	const uint64_t exit = atomic_load(&wasi->exit);

	*status = (uint32_t)exit;
	return exit != 0;
}

/* There are no signals: wasi-libc does not import it, and wasmtime has none either. */
uint32_t wasi_proc_raise(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)wasi;
	(void)memory;
	(void)args;
	return WASI_NOSYS;
}

uint32_t wasi_sched_yield(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)wasi;
	(void)memory;
	(void)args;
	(void)hostcall_yield(); /* a hint; whether the host heeds it changes nothing */
	return WASI_SUCCESS;
}
