/*
 * The guest. After each call: the errno is one of preview1, nothing of the guest's memory changed but the
 * buffers of the call, what stands there is in form, no byte of a dropped reply is there; and what is
 * trusted (files in memory, the monotonic clock) is exactly right.
 */
#include "test/hostile/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostcall/hostcall.h"
#include "test/hostile/host.h"
#include "wasi/funcs.h"

#define MEMORY	  0x40000u
#define IOVS	  0u
#define OUT	  64u
#define OUT_SIZE  64u
#define PATH1	  256u
#define PATH2	  512u
#define SUBS	  1024u
#define DATA	  4096u
#define ROOM	  150000u
#define HOST_DIR  3u
#define TMP_DIR	  4u
#define LISTENER  5u
#define FDS	  8
#define TMP_FILES 3
#define TMP_SIZE  20000u
/* A call that needs so many host calls is told to end; one that then does not, hangs. */
#define CALLS_PATIENCE 3000
#define CALLS_HANG     50000

static struct wasi g_wasi;
static struct wasi_memory g_memory;
static uint8_t *g_before;
static uint32_t g_stop;
static uint32_t g_fd[FDS], g_socket;
static uint32_t g_tmp_fd[TMP_FILES];
static uint8_t g_tmp[TMP_FILES][TMP_SIZE]; /* what must be in them */
static uint64_t g_monotonic;

static uint32_t pick(uint32_t n)
{
	return liar_pick(&g_host.liar, n);
}

static void put(uint32_t at, const void *p, size_t size)
{
	memcpy(g_memory.base + at, p, size);
}

static uint32_t out_u32(uint32_t at)
{
	uint32_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

static uint64_t out_u64(uint32_t at)
{
	uint64_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

/* Only the result and `room` bytes of data may be other than before. */
static void check_memory(uint32_t room)
{
	const uint8_t *now = g_memory.base;

	if (memcmp(now, g_before, OUT) != 0 ||
	    memcmp(now + OUT + OUT_SIZE, g_before + OUT + OUT_SIZE, DATA - OUT - OUT_SIZE) != 0 ||
	    memcmp(now + DATA + room, g_before + DATA + room, MEMORY - DATA - room) != 0)
		hostile_violation("memory of the guest changed beside the buffers of a call");
}

static void check_no_forbidden_bytes(void)
{
	uint8_t pattern[16];

	memset(pattern, HOST_PATTERN, sizeof(pattern));
	if (g_host.forbidden_bytes && memmem(g_memory.base, MEMORY, pattern, sizeof(pattern)))
		hostile_violation("the guest sees bytes of a reply that was dropped");
	g_host.forbidden_bytes = false;
}

/* How long a call may go on, counted in host calls; 0: no call runs. */
static uint64_t g_limit;

static void begin(void)
{
	memcpy(g_before, g_memory.base, MEMORY);
	g_stop = 0;
	g_limit = g_host.calls + CALLS_PATIENCE;
}

static void be_patient(void)
{
	if (g_limit == 0)
		return;
	if (g_host.calls > g_limit)
		g_stop = 1;
	if (g_host.calls > g_limit + CALLS_HANG) {
		hostile_violation("a call does not end");
		exit(1);
	}
}

/* Calls; `room`: the bytes of data that it may fill. */
static uint32_t call(wasi_handler f, uint32_t room, const uint64_t *args)
{
	begin();
	const uint32_t e = f(&g_wasi, &g_memory, args);

	g_limit = 0;
	hostile_host_settle();
	if (e > WASI_NOTCAPABLE)
		hostile_violation("an errno that preview1 does not have");
	check_memory(room);
	check_no_forbidden_bytes();
	return e;
}

#define CALL(name, room, ...) call(wasi_##name, room, (const uint64_t[9]){__VA_ARGS__})

static uint32_t path(uint32_t at)
{
	static const char *const paths[] = {"a",   "b", "d", "d/a",  "d/b",	    "d/e/a", "l",
					    "l/a", "e", ".", "d/..", "d/e/../../a", "self"};
	const char *p = paths[pick(COUNT_OF(paths))];

	put(at, p, strlen(p));
	return (uint32_t)strlen(p);
}

static uint32_t any_fd(void)
{
	return pick(8) == 0 ? pick(TMP_DIR + 1) : g_fd[pick(FDS)];
}

static uint32_t any_size(void)
{
	static const uint32_t sizes[] = {0, 1, 7, 100, 4096, 5000, 70000, 140000};

	return sizes[pick(COUNT_OF(sizes))];
}

/* Two buffers in one vector. */
static void vector(uint32_t size)
{
	const uint32_t first = size == 0 ? 0 : pick(size + 1);
	const struct wasi_iovec v[2] = {{DATA, first}, {DATA + first, size - first}};

	put(IOVS, v, sizeof(v));
}

static void check_at_most(uint32_t e, uint64_t limit, const char *what)
{
	if (e == WASI_SUCCESS && out_u32(OUT) > limit)
		hostile_violation(what);
}

static void check_opened(uint32_t fd)
{
	struct wasi_fdstat st;

	if (fd < 3 || fd >= WASI_FDS_MAX)
		hostile_violation("path_open gave a descriptor that was taken");
	if (CALL(fd_fdstat_get, sizeof(st), fd, DATA) != WASI_SUCCESS)
		hostile_violation("a descriptor is not open behind path_open");
	memcpy(&st, g_memory.base + DATA, sizeof(st));
	if (st.type == WASI_TYPE_LINK || st.type > WASI_TYPE_LINK)
		hostile_violation("path_open gave a symlink");
}

static void do_open(void)
{
	static const uint32_t oflags[] = {0,
					  WASI_OPEN_CREATE,
					  WASI_OPEN_CREATE,
					  WASI_OPEN_CREATE | WASI_OPEN_EXCL,
					  WASI_OPEN_TRUNC,
					  WASI_OPEN_DIRECTORY};
	static const uint32_t fdflags[] = {0, 0, 0, WASI_FD_APPEND, WASI_FD_DSYNC};
	const uint32_t slot = pick(FDS), n = path(PATH1);
	const uint64_t rights =
		pick(2) == 0 ? WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE : WASI_RIGHT_FD_READ;

	if (g_fd[slot] != 0)
		CALL(fd_close, 0, g_fd[slot]);
	g_fd[slot] = 0;
	if (CALL(path_open, 0, HOST_DIR, pick(2), PATH1, n, oflags[pick(6)], rights, rights,
		 fdflags[pick(5)], OUT) != WASI_SUCCESS)
		return;
	g_fd[slot] = out_u32(OUT);
	check_opened(g_fd[slot]);
}

static void do_read(void)
{
	const uint32_t size = any_size();
	uint32_t e;

	vector(size);
	if (pick(2) == 0)
		e = CALL(fd_read, size, pick(6) == 0 ? 0 : any_fd(), IOVS, 2, OUT);
	else
		e = CALL(fd_pread, size, any_fd(), IOVS, 2, pick(200000), OUT);
	check_at_most(e, size, "more was read than asked for");
}

static void do_write(void)
{
	const uint32_t size = any_size();
	uint32_t e;

	memset(g_memory.base + DATA, (int)pick(199), size);
	vector(size);
	if (pick(2) == 0)
		e = CALL(fd_write, 0, pick(6) == 0 ? 1 : any_fd(), IOVS, 2, OUT);
	else
		e = CALL(fd_pwrite, 0, any_fd(), IOVS, 2, pick(200000), OUT);
	check_at_most(e, size, "more was written than there is");
}

static void check_filestat(uint32_t e)
{
	struct wasi_filestat st;

	if (e != WASI_SUCCESS)
		return;
	memcpy(&st, g_memory.base + DATA, sizeof(st));
	if (st.type > WASI_TYPE_LINK || st.size > INT64_MAX || st.atim > INT64_MAX ||
	    st.mtim > INT64_MAX || st.ctim > INT64_MAX)
		hostile_violation("a filestat that is not in form");
}

static void do_stat(void)
{
	const uint32_t size = sizeof(struct wasi_filestat);
	struct wasi_old_filestat old;

	if (pick(4) == 0) {
		if (CALL(unstable_fd_filestat_get, sizeof(old), any_fd(), DATA) != WASI_SUCCESS)
			return;
		memcpy(&old, g_memory.base + DATA, sizeof(old));
		if (old.type > WASI_TYPE_LINK || old.size > INT64_MAX || old.mtim > INT64_MAX)
			hostile_violation("an old filestat that is not in form");
		return;
	}
	if (pick(2) == 0)
		check_filestat(CALL(fd_filestat_get, size, any_fd(), DATA));
	else
		check_filestat(
			CALL(path_filestat_get, size, HOST_DIR, pick(2), PATH1, path(PATH1), DATA));
}

static void check_dirents(uint32_t used, uint32_t room, uint64_t cookie)
{
	struct wasi_dirent d;

	for (uint32_t off = 0; used - off >= sizeof(d);) {
		memcpy(&d, g_memory.base + DATA + off, sizeof(d));
		off += (uint32_t)sizeof(d);
		if (d.next != ++cookie || d.type > WASI_TYPE_LINK || d.name_size == 0 ||
		    d.name_size > HOST_NAME_SIZE_MAX) {
			hostile_violation("a directory entry that is not in form");
			return;
		}
		const uint32_t name = d.name_size < used - off ? d.name_size : used - off;

		if (name != d.name_size && used != room)
			hostile_violation("a directory entry is cut although there is room");
		if (memchr(g_memory.base + DATA + off, '/', name) ||
		    memchr(g_memory.base + DATA + off, 0, name))
			hostile_violation("a name with '/' or NUL reaches the guest");
		off += name;
	}
}

static void do_list(void)
{
	const uint32_t size = any_size(), cookie = pick(3) == 0 ? pick(8) : 0;
	const uint32_t e =
		CALL(fd_readdir, size, pick(3) == 0 ? any_fd() : HOST_DIR, DATA, size, cookie, OUT);

	check_at_most(e, size, "more entries than room");
	if (e == WASI_SUCCESS)
		check_dirents(out_u32(OUT), size, cookie);
}

static void do_names(void)
{
	const uint32_t n = path(PATH1), m = path(PATH2);
	uint32_t e;

	switch (pick(9)) {
	case 0:
	case 1:
		CALL(path_create_directory, 0, HOST_DIR, PATH1, n);
		break;
	case 2:
		CALL(path_unlink_file, 0, HOST_DIR, PATH1, n);
		break;
	case 3:
		CALL(path_remove_directory, 0, HOST_DIR, PATH1, n);
		break;
	case 4:
		CALL(path_rename, 0, HOST_DIR, PATH1, n, HOST_DIR, PATH2, m);
		break;
	case 5:
		CALL(path_link, 0, HOST_DIR, 0, PATH1, n, HOST_DIR, PATH2, m);
		break;
	case 6:
		CALL(path_symlink, 0, PATH1, n, HOST_DIR, PATH2, m);
		break;
	case 7:
		CALL(path_filestat_set_times, 0, HOST_DIR, 0, PATH1, n, 5, 6, WASI_TIME_ATIM);
		break;
	default:
		e = CALL(path_readlink, 100, HOST_DIR, PATH2, m, DATA, 100, OUT);
		check_at_most(e, 100, "a link's target is longer than its buffer");
		if (e == WASI_SUCCESS && memchr(g_memory.base + DATA, 0, out_u32(OUT)))
			hostile_violation("NUL in a link's target reaches the guest");
	}
}

static void do_file(void)
{
	switch (pick(8)) {
	case 0:
		CALL(fd_filestat_set_size, 0, any_fd(), pick(3) * 50000);
		break;
	case 1:
		CALL(fd_sync, 0, any_fd());
		break;
	case 2:
		CALL(fd_datasync, 0, any_fd());
		break;
	case 3:
		CALL(fd_fdstat_set_flags, 0, any_fd(), pick(2) * WASI_FD_APPEND);
		break;
	case 4:
		CALL(fd_filestat_set_times, 0, any_fd(), 5, 6, WASI_TIME_ATIM | WASI_TIME_MTIM);
		break;
	case 5:
		CALL(fd_allocate, 0, any_fd(), pick(1000), 1 + pick(1000));
		break;
	default:
		if (CALL(fd_seek, 0, any_fd(), pick(2000), pick(3), OUT) == WASI_SUCCESS &&
		    out_u64(OUT) > INT64_MAX)
			hostile_violation("a position beyond what a file can have");
	}
}

static void do_clock(void)
{
	const uint32_t id = pick(4);

	if (pick(4) == 0) {
		CALL(clock_res_get, 0, id, OUT);
		return;
	}
	if (CALL(clock_time_get, 0, id, 1, OUT) != WASI_SUCCESS)
		return;
	const uint64_t now = out_u64(OUT);

	if (now > INT64_MAX)
		hostile_violation("a time that preview1 does not have");
	if (id != WASI_CLOCK_MONOTONIC)
		return;
	if (now < g_monotonic)
		hostile_violation("the monotonic clock went back");
	g_monotonic = now;
}

static void do_poll(void)
{
	const uint32_t count = 1 + pick(4);
	struct wasi_event event;

	for (uint32_t i = 0; i < count; i++) {
		struct wasi_subscription s = {.userdata = 77 + i, .type = (uint8_t)pick(3)};

		s.u.fd = pick(2) == 0 ? pick(3) : any_fd();
		if (s.type == WASI_EVENT_CLOCK)
			s.u.clock =
				(struct wasi_subscription_clock){.id = pick(2), .timeout = 1000};
		put(SUBS + i * (uint32_t)sizeof(s), &s, sizeof(s));
	}
	if (CALL(poll_oneoff, count * sizeof(event), SUBS, DATA, count, OUT) != WASI_SUCCESS)
		return;
	check_at_most(WASI_SUCCESS, count, "more events than subscriptions");
	if (out_u32(OUT) == 0)
		hostile_violation("poll_oneoff ends without an event");
	for (uint32_t i = 0; i < out_u32(OUT) && i < count; i++) {
		memcpy(&event, g_memory.base + DATA + i * sizeof(event), sizeof(event));
		if (event.userdata < 77 || event.userdata >= 77 + count || event.type > 2 ||
		    event.error > WASI_NOTCAPABLE || event.bytes > INT64_MAX ||
		    event.flags & ~WASI_EVENT_HANGUP)
			hostile_violation("an event that is not in form");
	}
}

static void do_socket(void)
{
	const uint32_t size = any_size();
	uint32_t e;

	vector(size);
	switch (pick(4)) {
	case 0:
		if (g_socket != 0)
			CALL(fd_close, 0, g_socket);
		g_socket = 0;
		if (CALL(sock_accept, 0, LISTENER, WASI_FD_NONBLOCK, OUT) == WASI_SUCCESS)
			g_socket = out_u32(OUT);
		break;
	case 1:
		CALL(sock_shutdown, 0, g_socket, 1 + pick(3));
		break;
	case 2:
		e = CALL(sock_send, 0, g_socket, IOVS, 2, 0, OUT);
		check_at_most(e, size, "more was sent than there is");
		break;
	default:
		e = CALL(sock_recv, size, g_socket, IOVS, 2, pick(4), OUT, OUT + 8);
		check_at_most(e, size, "more was received than asked for");
	}
}

/* Bytes are kept back; then the host says one class of lies alone, while the guest asks about the file. */
static void do_append(void)
{
	struct wasi_filestat st;
	const uint32_t rate = g_host.rate;

	g_host.rate = 0;
	g_host.next = HOST_HONEST;
	put(PATH1, "log", 3);
	vector(100);
	const uint32_t e = CALL(path_open, 0, HOST_DIR, 0, PATH1, 3, WASI_OPEN_CREATE,
				WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE, 0, WASI_FD_APPEND, OUT);
	const uint32_t fd = out_u32(OUT);

	if (e == WASI_SUCCESS)
		CALL(fd_write, 0, fd, IOVS, 2, OUT);
	g_host.rate = rate;
	if (e != WASI_SUCCESS) /* earlier lies cost the host all its handles */
		return;
	g_host.stubborn = true;
	g_host.next = LIE_IN_FORM;
	check_filestat(CALL(fd_filestat_get, sizeof(st), fd, DATA));
	if (CALL(fd_tell, 0, fd, OUT) == WASI_SUCCESS && out_u64(OUT) > INT64_MAX)
		hostile_violation("a position beyond what a file can have");
	CALL(fd_close, 0, fd);
}

/* A file in memory: the host has no part in it, whatever it says elsewhere. */
static void do_tmp(void)
{
	const uint32_t file = pick(TMP_FILES), off = pick(TMP_SIZE),
		       size = pick(TMP_SIZE - off + 1);
	uint8_t *content = g_tmp[file] + off;

	vector(size);
	if (pick(2) == 0) {
		memset(content, (int)pick(199), size);
		memcpy(g_memory.base + DATA, content, size);
		if (CALL(fd_pwrite, 0, g_tmp_fd[file], IOVS, 2, off, OUT) != WASI_SUCCESS ||
		    out_u32(OUT) != size)
			hostile_violation("a write to a file in memory failed");
		return;
	}
	memset(g_memory.base + DATA, 0xee, size);
	if (CALL(fd_pread, size, g_tmp_fd[file], IOVS, 2, off, OUT) != WASI_SUCCESS ||
	    out_u32(OUT) != size || memcmp(g_memory.base + DATA, content, size) != 0)
		hostile_violation("a file in memory does not hold what was written");
}

static void do_something(void)
{
	static void (*const things[])(void) = {
		do_open,  do_open, do_read,   do_read,	do_write,  do_write,
		do_stat,  do_list, do_list,   do_names, do_names,  do_file,
		do_clock, do_poll, do_socket, do_tmp,	do_append,
	};

	memset(g_memory.base + DATA, 0, ROOM);
	memset(g_memory.base + OUT, 0xff, OUT_SIZE);
	/* Now and then the host says one and the same for as long as a call lasts. */
	g_host.stubborn = pick(16) == 0;
	if (g_host.stubborn)
		g_host.next = (enum lie_class)pick(LIE_CLASS_END);
	things[pick(COUNT_OF(things))]();
	g_host.stubborn = false;
	g_host.next = HOST_HONEST;
}

/* A symlink that leads to itself, if nothing else has the name; following it ends. */
static void make_loop(void)
{
	const uint32_t rate = g_host.rate;

	g_host.rate = 0;
	put(PATH1, "self", 4);
	CALL(path_symlink, 0, PATH1, 4, HOST_DIR, PATH1, 4);
	CALL(path_filestat_get, sizeof(struct wasi_filestat), HOST_DIR, WASI_LOOKUP_FOLLOW, PATH1,
	     4, DATA);
	g_host.rate = rate;
}

static void open_tmp_files(void)
{
	for (uint32_t i = 0; i < TMP_FILES; i++) {
		const char name[] = {'t', (char)('0' + i)};

		put(PATH1, name, sizeof(name));
		if (CALL(path_open, 0, TMP_DIR, 0, PATH1, sizeof(name), WASI_OPEN_CREATE,
			 WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE, 0, 0, OUT) != WASI_SUCCESS)
			hostile_violation("a file in memory cannot be opened");
		g_tmp_fd[i] = out_u32(OUT);
		CALL(fd_filestat_set_size, 0, g_tmp_fd[i], TMP_SIZE);
		memset(g_tmp[i], 0, TMP_SIZE);
	}
}

void guest_run(uint32_t ops)
{
	static struct wasi_mount mounts[2];
	static struct wasi_config config;
	static const uint32_t rates[] = {3, 10, 40};

	mounts[0] = (struct wasi_mount){.path = {(const uint8_t *)"/", 1},
					.kind = WASI_MOUNT_HOST,
					.handle = HOST_HANDLE_MOUNTS};
	mounts[1] = (struct wasi_mount){
		.path = {(const uint8_t *)"/tmp", 4}, .kind = WASI_MOUNT_TMP, .size = 1 << 20};
	config = (struct wasi_config){.mounts = mounts,
				      .mount_count = 2,
				      .listener_count = 1,
				      .listener_handle = HOSTILE_LISTENER,
				      .stop = &g_stop};
	g_memory = (struct wasi_memory){calloc(1, MEMORY), MEMORY};
	g_before = malloc(MEMORY);
	memset(g_fd, 0, sizeof(g_fd));
	g_socket = 0;
	g_monotonic = 0;
	if (!g_memory.base || !g_before || wasi_init(&g_wasi, &config) != E_OK)
		abort();
	open_tmp_files();
	g_host.asked = be_patient;
	for (uint32_t i = 0; i < ops; i++) {
		if (i % 250 ==
		    0) { /* seldom enough for files to be open, often enough for each call */
			g_host.rate = rates[i / 250 % COUNT_OF(rates)];
			make_loop();
		}
		do_something();
	}
	begin();
	wasi_fini(&g_wasi);
	g_limit = 0;
	g_host.rate = 0;
	hostile_host_settle();
	free(g_memory.base);
	free(g_before);
}
