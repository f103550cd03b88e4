/*
 * preview1: arguments, environment, randomness, the end of the program, and the sockets that are
 * not there yet.
 * Trust: arguments and environment are covered by the launch digest; all numbers are the guest's.
 */
#include <string.h>

#include "platform/platform.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

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

uint32_t wasi_random_get(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	const uint32_t size = (uint32_t)args[1];
	uint8_t *out = wasi_memory_at(memory, (uint32_t)args[0], size);

	(void)wasi;
	if (!out)
		return WASI_FAULT;
	if (size == 0)
		return WASI_SUCCESS;
	if (platform_random(out, size) != E_OK) {
		memset(out, 0, size); /* bytes of a failed source are not to be used */
		return WASI_IO;
	}
	return WASI_SUCCESS;
}

uint32_t wasi_proc_exit(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	wasi->exit_status = (uint32_t)args[0];
	wasi->exited = true;
	return WASI_SUCCESS;
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

/* No descriptor is a socket so far. */
static enum wasi_errno sock_none(struct wasi *wasi, uint32_t fd)
{
	struct wasi_descriptor *d;
	const enum wasi_errno e = wasi_table_get(wasi, fd, 0, &d);

	if (e != WASI_SUCCESS)
		return e;
	wasi_descriptor_put(d);
	return WASI_NOTSOCK;
}

uint32_t wasi_sock_accept(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return sock_none(wasi, (uint32_t)args[0]);
}

uint32_t wasi_sock_recv(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return sock_none(wasi, (uint32_t)args[0]);
}

uint32_t wasi_sock_send(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return sock_none(wasi, (uint32_t)args[0]);
}

uint32_t wasi_sock_shutdown(struct wasi *wasi, const struct wasi_memory *memory,
			    const uint64_t *args)
{
	(void)memory;
	return sock_none(wasi, (uint32_t)args[0]);
}
