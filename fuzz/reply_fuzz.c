/*
 * Replies of a hostile host, through the stubs and preview1: the input is a series of calls of a guest, and what
 * the host says to each host call that comes of them. Whatever that is, only the buffers of a call change, what
 * stands there is in form, and every call ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "hostcall/hostcall.h"
#include "wasi/funcs.h"

#define MEMORY	  0x12000u
#define IOVS	  0u
#define OUT	  64u
#define PATH	  128u
#define PATH2	  192u
#define SUBS	  256u
#define DATA	  4096u
#define ROOM	  0x10000u /* of data; the rest of the memory behind it is nobody's */
#define GUARD	  0x5cu
#define ROOT	  3u
#define FDS	  5u
#define ASKED_MAX 3000

static struct reader g_input;
static uint32_t g_stop, g_asked;
static struct wasi g_wasi;
static struct wasi_memory g_memory;
static uint32_t g_fd[FDS] = {0, 1, ROOT, 4, 5};

uint32_t hostcall_next_seq(void)
{
	static uint32_t seq;

	return ++seq;
}

/* A host that has nothing more to say gives errors, and ends the program. */
enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)in;
	must(++g_asked < 100 * ASKED_MAX);
	if (g_asked > ASKED_MAX || g_input.left == 0)
		g_stop = 1;
	memset(reply, 0, sizeof(*reply));
	reply->seq = request->seq;
	if (g_input.left == 0) {
		reply->error = HOST_IO;
		return E_OK;
	}
	const uint8_t what = reader_u8(&g_input);

	if (what & 1) /* all of it */
		reader_bytes(&g_input, reply, sizeof(*reply));
	else if (what & 2) /* in form, as far as can be known here */
		reply->error = reader_u8(&g_input);
	else
		reply->value = reader_u16(&g_input);
	if (what & 4)
		reply->seq = request->seq;
	if (what & 8)
		reply->out_size = what & 16 ? request->out_max : reader_u16(&g_input);
	if (reply->error != HOST_SUCCESS || reply->out_size == 0)
		return E_OK;
	if (reply->out_size > request->out_max)
		return E_HOST;
	memset(out, what & 32 ? 0 : GUARD, reply->out_size);
	if (request->call == HOST_CALL_POLL && what & 64)
		memcpy(out, in->part[0],
		       in->size[0] < reply->out_size ? in->size[0] : reply->out_size);
	else
		reader_bytes(&g_input, out,
			     reply->out_size < g_input.left ? reply->out_size : g_input.left);
	return E_OK;
}

#define CALL(name, ...)                                                                            \
	(g_asked = g_stop = 0, wasi_##name(&g_wasi, &g_memory, (const uint64_t[9]){__VA_ARGS__}))

static uint32_t out_u32(void)
{
	uint32_t v;

	memcpy(&v, g_memory.base + OUT, sizeof(v));
	return v;
}

static uint32_t any_fd(void)
{
	return g_fd[reader_u8(&g_input) % FDS];
}

static uint32_t path(uint32_t at)
{
	static const char *const paths[] = {"a", "d/a", "l/../b", "."};
	const char *p = paths[reader_u8(&g_input) % COUNT_OF(paths)];

	memcpy(g_memory.base + at, p, strlen(p));
	return (uint32_t)strlen(p);
}

static void vector(uint32_t size)
{
	const struct wasi_iovec v = {DATA, size};

	memcpy(g_memory.base + IOVS, &v, sizeof(v));
}

static void try_open(void)
{
	const uint64_t rights = WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE;
	const uint32_t slot = 3 + reader_u8(&g_input) % 2;

	(void)CALL(fd_close, g_fd[slot]);
	g_fd[slot] = 99;
	if (CALL(path_open, ROOT, 1, PATH, path(PATH), reader_u8(&g_input) % 16, rights, rights,
		 reader_u8(&g_input) % 32, OUT) == WASI_SUCCESS)
		g_fd[slot] = out_u32();
}

static void try_read(void)
{
	const uint32_t size = reader_u16(&g_input);

	vector(size);
	if (CALL(fd_read, any_fd(), IOVS, 1, OUT) == WASI_SUCCESS)
		must(out_u32() <= size);
	if (CALL(fd_pread, any_fd(), IOVS, 1, reader_u16(&g_input), OUT) == WASI_SUCCESS)
		must(out_u32() <= size);
}

static void try_write(void)
{
	const uint32_t size = reader_u16(&g_input);

	vector(size);
	if (CALL(fd_write, any_fd(), IOVS, 1, OUT) == WASI_SUCCESS)
		must(out_u32() <= size);
}

static void try_stat(void)
{
	struct wasi_filestat st;

	if (CALL(fd_filestat_get, any_fd(), DATA) != WASI_SUCCESS &&
	    CALL(path_filestat_get, ROOT, 1, PATH, path(PATH), DATA) != WASI_SUCCESS)
		return;
	memcpy(&st, g_memory.base + DATA, sizeof(st));
	must(st.type <= WASI_TYPE_LINK && st.atim <= INT64_MAX && st.mtim <= INT64_MAX);
}

static void try_list(void)
{
	struct wasi_dirent d;
	const uint32_t size = reader_u16(&g_input);

	if (CALL(fd_readdir, ROOT, DATA, size, reader_u8(&g_input) % 4, OUT) != WASI_SUCCESS)
		return;
	const uint32_t used = out_u32();

	must(used <= size);
	for (uint32_t off = 0; used - off >= sizeof(d);) {
		memcpy(&d, g_memory.base + DATA + off, sizeof(d));
		off += (uint32_t)sizeof(d);
		must(d.name_size >= 1 && d.name_size <= HOST_NAME_SIZE_MAX &&
		     d.type <= WASI_TYPE_LINK);
		if (d.name_size > used - off)
			return;
		must(!memchr(g_memory.base + DATA + off, '/', d.name_size));
		off += d.name_size;
	}
}

static void try_names(void)
{
	(void)CALL(path_rename, ROOT, PATH, path(PATH), ROOT, PATH2, path(PATH2));
	if (CALL(path_readlink, ROOT, PATH, path(PATH), DATA, 100, OUT) == WASI_SUCCESS)
		must(out_u32() <= 100 && !memchr(g_memory.base + DATA, 0, out_u32()));
	(void)CALL(path_unlink_file, ROOT, PATH, path(PATH));
	(void)CALL(fd_seek, any_fd(), 5, reader_u8(&g_input) % 3, OUT);
}

static void try_poll(void)
{
	struct wasi_subscription s[3] = {{.userdata = 7, .type = WASI_EVENT_CLOCK},
					 {.userdata = 8, .type = WASI_EVENT_FD_READ},
					 {.userdata = 9, .type = WASI_EVENT_FD_WRITE}};
	struct wasi_event event;

	s[0].u.clock = (struct wasi_subscription_clock){.id = WASI_CLOCK_MONOTONIC, .timeout = 9};
	s[1].u.fd = any_fd();
	s[2].u.fd = any_fd();
	memcpy(g_memory.base + SUBS, s, sizeof(s));
	if (CALL(poll_oneoff, SUBS, DATA, 3, OUT) != WASI_SUCCESS)
		return;
	must(out_u32() >= 1 && out_u32() <= 3);
	for (uint32_t i = 0; i < out_u32(); i++) {
		memcpy(&event, g_memory.base + DATA + i * sizeof(event), sizeof(event));
		must(event.userdata >= 7 && event.userdata <= 9 && event.bytes <= INT64_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(void) = {try_open, try_read,  try_write, try_stat,
					      try_list, try_names, try_poll};
	static const struct wasi_mount mount = {.path = {(const uint8_t *)"/", 1},
						.kind = WASI_MOUNT_HOST,
						.handle = HOST_HANDLE_MOUNTS};
	static const struct wasi_config config = {
		.mounts = &mount, .mount_count = 1, .stop = &g_stop};

	reader_init(&g_input, data, size);
	g_memory = (struct wasi_memory){malloc(MEMORY), MEMORY};
	if (!g_memory.base)
		return 0;
	memset(g_memory.base, GUARD, MEMORY);
	g_fd[3] = g_fd[4] = 99;
	must(wasi_init(&g_wasi, &config) == E_OK);
	while (g_input.left != 0)
		tries[reader_u8(&g_input) % COUNT_OF(tries)]();
	g_asked = 0;
	wasi_fini(&g_wasi);
	for (uint32_t i = DATA + ROOM; i < MEMORY; i++)
		must(g_memory.base[i] == GUARD);
	free(g_memory.base);
	return 0;
}
