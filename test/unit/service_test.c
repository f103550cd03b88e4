/*
 * The host-call service on real files: each call does what it says, and what the machine's owner
 * did not give is refused, whatever the request says. Requests that the stubs would never make are
 * written into a slot by hand.
 */
#include "host/service/impl.h"
#include "host/service/service.h"
#include "hostcall/hostcall.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/lib/direct_transport.h"
#include "test/lib/native.h"

/* The program's view: handle 3 is a writable mount, 4 a read-only one, 5 has no host side. */
#define RW     3u
#define RO     4u
#define ABSENT 5u
#define FIRST  6u

static struct host_service g_service;
static char g_root[64]; /* holds rw/, ro/, and secret, which no mount contains */
static int g_root_fd;
static int g_stdin[2], g_stdout[2]; /* pipes of the program's streams */

static struct name name_of(const char *text)
{
	return (struct name){text, strlen(text)};
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void file_write(const char *path, const char *text)
{
	int fd = openat(g_root_fd, path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

#define THREADS 3
#define PASSED	((enum host_errno)1000) /* PARK's value instead of an error */

static uint32_t g_started;
static int g_listener = -1; /* handle 6 where it is there */

static enum host_errno note_start(void *context, uint32_t thread)
{
	*(uint32_t *)context = thread;
	return thread == 1 ? HOST_AGAIN : HOST_SUCCESS;
}

static void set_up_with(struct service_limits limits, struct device *device)
{
	bool memory = access("/dev/shm", W_OK) == 0; /* quick, and spares the disk */

	strcpy(g_root, memory ? "/dev/shm/retwine-XXXXXX" : "/tmp/retwine-XXXXXX");
	CHECK(mkdtemp(g_root) != NULL);
	g_root_fd = open(g_root, O_PATH | O_DIRECTORY);
	CHECK(mkdirat(g_root_fd, "rw", 0755) == 0 && mkdirat(g_root_fd, "ro", 0755) == 0);
	file_write("secret", "secret");
	file_write("ro/kept", "kept");
	CHECK(pipe(g_stdin) == 0 && pipe(g_stdout) == 0);
	struct service_mount mounts[3] = {
		{.dir_fd = openat(g_root_fd, "rw", O_RDONLY | O_DIRECTORY)},
		{.dir_fd = openat(g_root_fd, "ro", O_RDONLY | O_DIRECTORY), .read_only = true},
		{.dir_fd = -1},
	};
	struct service_config config = {
		.stream_fd = {g_stdin[0], g_stdout[1], -1},
		.mounts = mounts,
		.mount_count = 3,
		.listeners = &g_listener,
		.listener_count = g_listener >= 0,
		.limits = limits,
		.device = device,
		.thread_count = THREADS,
		.start_thread = note_start,
		.start_context = &g_started,
	};

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	close(mounts[0].dir_fd);
	close(mounts[1].dir_fd);
	direct_transport_use(&g_service);
}

static void set_up(void)
{
	set_up_with((struct service_limits){0}, NULL);
}

static void tear_down(void)
{
	service_fini(&g_service);
	close(g_stdin[0]);
	close(g_stdin[1]);
	close(g_stdout[0]);
	close(g_stdout[1]);
	close(g_root_fd);
	nftw(g_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A request by hand: the errno of the reply, which is checked to be in form. */
static ALIGNED(8) uint8_t g_slot[SHARED_SLOT_SIZE];

static enum host_errno ask_on(uint32_t thread, const struct call_request *request, const void *in,
			      uint64_t *value)
{
	struct call_reply reply;

	memset(g_slot, 0xcc, SHARED_SLOT_DATA_OFF);
	memcpy(g_slot, request, sizeof *request);
	if (in)
		memcpy(g_slot + SHARED_SLOT_DATA_OFF, in, request->in_size);
	service_call(&g_service, thread, g_slot);
	memcpy(&reply, g_slot + SLOT_REPLY_OFF, sizeof reply);
	CHECK_EQ(reply.seq, request->seq);
	if (request->call != HOST_CALL_NONE && request->call < HOST_CALL_END)
		CHECK_EQ(hostcall_check_reply(request, &reply), E_OK);
	*value = reply.value;
	return (enum host_errno)reply.error;
}

static enum host_errno ask(const struct call_request *request, const void *in)
{
	uint64_t value;

	return ask_on(0, request, in, &value);
}

static enum host_errno ask_name(uint32_t call, uint64_t dir, uint64_t arg1, const char *name,
				size_t size)
{
	struct call_request request = {
		.call = call, .seq = 1, .arg = {dir, arg1}, .in_size = (uint32_t)size};

	if (call == HOST_CALL_STAT_AT)
		request.out_max = sizeof(struct host_stat);
	if (call == HOST_CALL_READLINK)
		request.out_max = 100;
	return ask(&request, name);
}

static uint32_t open_ok(uint32_t dir, const char *name, uint32_t flags)
{
	uint32_t handle = UINT32_MAX;

	CHECK_EQ(hostcall_open(dir, name_of(name), flags, &handle), HOST_SUCCESS);
	return handle;
}

static enum host_errno open_error(uint32_t dir, const char *name, uint32_t flags)
{
	uint32_t handle = UINT32_MAX;
	enum host_errno error = hostcall_open(dir, name_of(name), flags, &handle);

	if (error == HOST_SUCCESS)
		CHECK_EQ(hostcall_close(handle), HOST_SUCCESS);
	return error;
}

#define NEW_FILE (HOST_OPEN_READ | HOST_OPEN_WRITE | HOST_OPEN_CREATE)

/* Requests that are not in form. */

TEST(unknown_calls_are_refused)
{
	set_up();
	static const uint32_t calls[] = {0, HOST_CALL_END, HOST_CALL_END + 1, 1u << 31, UINT32_MAX};

	for (size_t i = 0; i < COUNT_OF(calls); i++)
		CHECK_EQ(ask(&(struct call_request){.call = calls[i], .seq = 7}, NULL), HOST_NOSYS);
	struct service_stats stats;

	service_stats_get(&g_service, &stats);
	CHECK_EQ(stats.refused, COUNT_OF(calls));
	CHECK_EQ(stats.calls[HOST_CALL_NONE], COUNT_OF(calls));
	tear_down();
}

TEST(requests_out_of_shape_are_refused_for_every_call)
{
	set_up();
	for (uint32_t call = 1; call < HOST_CALL_END; call++) {
		struct call_request extra_arg = {.call = call, .arg = {[5] = 1}};
		struct call_request huge_in = {.call = call, .in_size = SHARED_SLOT_DATA_SIZE + 24};
		struct call_request huge_out = {.call = call,
						.out_max = SHARED_SLOT_DATA_SIZE + 24};
		struct service_stats stats;

		CHECK(service_call_name(call) != NULL);
		if (call == HOST_CALL_STAT_AT || call == HOST_CALL_STAT)
			extra_arg.out_max = sizeof(struct host_stat);
		if (call == HOST_CALL_STAT_AT)
			huge_in.out_max = sizeof(struct host_stat);
		if (call == HOST_CALL_POLL)
			huge_in.out_max = huge_in.in_size;
		CHECK_EQ(ask(&extra_arg, NULL), HOST_INVAL);
		CHECK_EQ(ask(&huge_in, NULL), HOST_INVAL);
		CHECK_EQ(ask(&huge_out, NULL), HOST_INVAL);
		service_stats_get(&g_service, &stats);
		CHECK_EQ(stats.refused, 3 * call);
	}
	static const uint32_t without_input[] = {HOST_CALL_YIELD, HOST_CALL_CLOCK, HOST_CALL_SYNC};

	for (size_t i = 0; i < COUNT_OF(without_input); i++) {
		struct call_request request = {.call = without_input[i], .in_size = 1};

		CHECK_EQ(ask(&request, "x"), HOST_INVAL);
	}
	CHECK(service_call_name(0) == NULL && service_call_name(HOST_CALL_END) == NULL);
	tear_down();
}

/* "set_times_at" of SET_TIMES_AT. */
TEST(call_names_are_those_of_the_table)
{
	static const char *const names[HOST_CALL_END] = {
#define HOST_CALL(name, number, value_rule, data_rule) [number] = #name,
#include "boundary/calls.def"
#undef HOST_CALL
	};

	for (uint32_t call = 1; call < HOST_CALL_END; call++)
		CHECK(service_call_name(call) && !strcasecmp(names[call], service_call_name(call)));
}

/* ---- sockets ---- */

#define LISTENER 6u

/* The listener's address is the kernel's choice. */
static struct sockaddr_in set_up_listener(struct service_limits limits)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof at;

	g_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(g_listener >= 0 && bind(g_listener, (struct sockaddr *)&at, size) == 0);
	CHECK(listen(g_listener, 5) == 0);
	CHECK(getsockname(g_listener, (struct sockaddr *)&at, &size) == 0);
	set_up_with(limits, NULL);
	close(g_listener);
	g_listener = -1;
	return at;
}

static int connect_to(const struct sockaddr_in *at)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0);
	return fd;
}

TEST(connections_come_are_read_written_and_shut)
{
	struct sockaddr_in at = set_up_listener((struct service_limits){.disk_bytes = 3});
	const int peer = connect_to(&at);
	char buf[16];
	uint32_t handle = 0;
	size_t done = 0;

	CHECK_EQ(hostcall_accept(LISTENER, 0, &handle), HOST_SUCCESS);
	CHECK(handle > LISTENER);
	CHECK(write(peer, "hello", 5) == 5);
	CHECK_EQ(hostcall_recv(handle, HOST_RECV_PEEK, buf, 3, &done), HOST_SUCCESS);
	CHECK(done == 3 && !memcmp(buf, "hel", 3));
	CHECK_EQ(hostcall_recv(handle, HOST_RECV_PEEK | HOST_RECV_WAITALL, buf, 5, &done),
		 HOST_SUCCESS);
	CHECK(done == 5 && !memcmp(buf, "hello", 5));
	CHECK_EQ(hostcall_recv(handle, 0, buf, 2, &done), HOST_SUCCESS);
	CHECK(done == 2);
	CHECK_EQ(hostcall_read(handle, buf, sizeof buf, &done), HOST_SUCCESS);
	CHECK(done == 3 && !memcmp(buf, "llo", 3));
	CHECK_EQ(hostcall_write(handle, "answer", 6, &done), HOST_SUCCESS); /* no disk */
	CHECK(done == 6 && read(peer, buf, 6) == 6 && !memcmp(buf, "answer", 6));
	CHECK_EQ(hostcall_shutdown(handle, HOST_SHUTDOWN_WRITE), HOST_SUCCESS);
	CHECK(read(peer, buf, 6) == 0);
	CHECK_EQ(hostcall_write(handle, "x", 1, &done), HOST_PIPE);
	close(peer);
	CHECK_EQ(hostcall_recv(handle, 0, buf, 2, &done), HOST_SUCCESS);
	CHECK_EQ(done, 0);
	CHECK_EQ(hostcall_recv(handle, HOST_RECV_WAITALL, buf, 2, &done), HOST_SUCCESS);
	CHECK_EQ(done, 0);
	CHECK_EQ(hostcall_close(handle), HOST_SUCCESS);
	tear_down();
}

TEST(accepting_heeds_mode_limits_and_interrupts)
{
	struct sockaddr_in at = set_up_listener((struct service_limits){.handles = 6});
	uint32_t handle = 0, other = 0;
	char c;
	size_t done;

	CHECK_EQ(hostcall_set_flags(LISTENER, HOST_OPEN_NONBLOCK), HOST_SUCCESS);
	CHECK_EQ(hostcall_accept(LISTENER, 0, &handle), HOST_AGAIN);
	const int peer = connect_to(&at), second = connect_to(&at);

	CHECK_EQ(hostcall_accept(LISTENER, HOST_OPEN_NONBLOCK, &handle), HOST_SUCCESS);
	CHECK_EQ(hostcall_recv(handle, 0, &c, 1, &done), HOST_AGAIN);
	CHECK_EQ(hostcall_accept(LISTENER, 0, &other), HOST_MFILE);
	CHECK_EQ(hostcall_close(handle), HOST_SUCCESS);
	CHECK_EQ(hostcall_accept(LISTENER, 0, &other), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_flags(LISTENER, 0), HOST_SUCCESS);
	service_interrupt(&g_service);
	CHECK_EQ(hostcall_recv(other, 0, &c, 1, &done), HOST_INTR);
	CHECK_EQ(hostcall_close(other), HOST_SUCCESS);
	CHECK_EQ(hostcall_accept(LISTENER, 0, &other), HOST_INTR);
	close(peer);
	close(second);
	tear_down();
}

TEST(sockets_are_those_that_were_given)
{
	set_up_listener((struct service_limits){0});
	const uint32_t file = open_ok(RW, "f", NEW_FILE);
	uint32_t handle;
	char buf[4];
	size_t done;

	CHECK_EQ(hostcall_accept(file, 0, &handle), HOST_NOTSUP);
	CHECK_EQ(hostcall_accept(RW, 0, &handle), HOST_NOTSUP);
	CHECK_EQ(hostcall_accept(0, 0, &handle), HOST_NOTSUP);
	CHECK_EQ(hostcall_accept(LISTENER + 100, 0, &handle), HOST_BADF);
	CHECK_EQ(hostcall_accept(LISTENER, HOST_OPEN_APPEND, &handle), HOST_INVAL);
	CHECK_EQ(hostcall_recv(file, 0, buf, 4, &done), HOST_NOTSUP);
	CHECK_EQ(hostcall_recv(0, 0, buf, 4, &done), HOST_NOTSUP);
	CHECK_EQ(hostcall_recv(LISTENER, 0, buf, 4, &done), HOST_NOTSUP);
	CHECK_EQ(hostcall_recv(LISTENER, 4, buf, 4, &done), HOST_INVAL);
	CHECK_EQ(hostcall_read(LISTENER, buf, 4, &done), HOST_BADF);
	CHECK_EQ(hostcall_write(LISTENER, buf, 4, &done), HOST_BADF);
	CHECK_EQ(hostcall_shutdown(LISTENER, HOST_SHUTDOWN_READ), HOST_NOTSUP);
	CHECK_EQ(hostcall_shutdown(file, HOST_SHUTDOWN_READ), HOST_NOTSUP);
	CHECK_EQ(hostcall_shutdown(file, 0), HOST_INVAL);
	CHECK_EQ(hostcall_shutdown(file, 4), HOST_INVAL);
	CHECK_EQ(open_error(LISTENER, "f", HOST_OPEN_READ), HOST_NOTDIR);
	tear_down();
}

TEST(output_sizes_must_fit_the_call)
{
	set_up();
	struct call_request stat = {.call = HOST_CALL_STAT, .arg = {RW}, .out_max = 63};
	struct call_request poll = {.call = HOST_CALL_POLL, .in_size = 25, .out_max = 25};
	struct call_request less = {.call = HOST_CALL_POLL, .in_size = 24, .out_max = 0};
	struct call_request readdir = {.call = HOST_CALL_READDIR, .arg = {RW}, .out_max = 279};
	uint8_t in[32] = {0};

	CHECK_EQ(ask(&stat, NULL), HOST_INVAL);
	stat.out_max = 65;
	CHECK_EQ(ask(&stat, NULL), HOST_INVAL);
	CHECK_EQ(ask(&poll, in), HOST_INVAL);
	CHECK_EQ(ask(&less, in), HOST_INVAL);
	CHECK_EQ(ask(&readdir, NULL), HOST_INVAL);
	tear_down();
}

TEST(handles_that_are_not_open_are_refused)
{
	set_up();
	static const uint64_t handles[] = {
		2,	   ABSENT, FIRST, HOST_HANDLES_MAX - 1, HOST_HANDLES_MAX, (1ull << 32) + RW,
		UINT64_MAX};
	static const uint32_t calls[] = {HOST_CALL_CLOSE, HOST_CALL_READ, HOST_CALL_SYNC,
					 HOST_CALL_SET_FLAGS};

	for (size_t i = 0; i < COUNT_OF(handles); i++) {
		for (size_t c = 0; c < COUNT_OF(calls); c++) {
			struct call_request request = {.call = calls[c], .arg = {handles[i]}};

			CHECK_EQ(ask(&request, NULL), HOST_BADF);
		}
		CHECK_EQ(ask_name(HOST_CALL_OPEN, handles[i], 0, "a", 1), HOST_BADF);
		struct call_request rename = {
			.call = HOST_CALL_RENAME, .arg = {RW, handles[i], 1}, .in_size = 2};

		CHECK_EQ(ask(&rename, "ab"), HOST_BADF);
	}
	tear_down();
}

TEST(names_that_are_not_one_component_are_refused)
{
	set_up();
	static const struct {
		const char *text;
		size_t size;
	} bad[] = {{"", 0},	  {".", 1},	    {"..", 2},		 {"/", 1},
		   {"a/b", 3},	  {"../secret", 9}, {"/etc/passwd", 11}, {"a\0", 2},
		   {"kept\0x", 6}};
	static const uint32_t calls[] = {HOST_CALL_OPEN, HOST_CALL_STAT_AT, HOST_CALL_MKDIR,
					 HOST_CALL_UNLINK, HOST_CALL_READLINK};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		uint64_t n = bad[i].size;
		struct call_request times = {
			.call = HOST_CALL_SET_TIMES_AT, .arg = {RW}, .in_size = (uint32_t)n};
		char both[32] = {0};

		for (size_t c = 0; c < COUNT_OF(calls); c++)
			CHECK_EQ(ask_name(calls[c], RW, 0, bad[i].text, n), HOST_INVAL);
		CHECK_EQ(ask(&times, bad[i].text), HOST_INVAL);
		for (uint32_t call = HOST_CALL_RENAME; call <= HOST_CALL_LINK; call++) {
			struct call_request second = {
				.call = call, .arg = {RW, RW, 1}, .in_size = (uint32_t)n + 1};
			struct call_request first = second;

			first.arg[2] = n;
			memcpy(both, "x", 1);
			memcpy(both + 1, bad[i].text, n);
			CHECK_EQ(ask(&second, both), HOST_INVAL);
			memcpy(both, bad[i].text, n);
			memcpy(both + n, "x", 1);
			CHECK_EQ(ask(&first, both), HOST_INVAL);
		}
		struct call_request link = {
			.call = HOST_CALL_SYMLINK, .arg = {RW, 1}, .in_size = (uint32_t)n + 1};

		memcpy(both, "t", 1);
		memcpy(both + 1, bad[i].text, n);
		CHECK_EQ(ask(&link, both), HOST_INVAL);
	}
	tear_down();
}

TEST(lengths_of_names_are_held_against_the_input)
{
	set_up();
	static char text[HOST_LINK_MAX + 2];
	struct call_request link = {.call = HOST_CALL_SYMLINK, .arg = {RW}, .in_size = 3};
	static const uint64_t sizes[] = {0, 3, 4, 1ull << 32, UINT64_MAX};

	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct call_request rename = {
			.call = HOST_CALL_RENAME, .arg = {RW, RW, sizes[i]}, .in_size = 3};

		CHECK_EQ(ask(&rename, text), HOST_INVAL);
		link.arg[1] = sizes[i];
		CHECK_EQ(ask(&link, text), HOST_INVAL);
	}
	CHECK_EQ(ask_name(HOST_CALL_MKDIR, RW, 0, text, HOST_NAME_SIZE_MAX), HOST_SUCCESS);
	CHECK_EQ(ask_name(HOST_CALL_MKDIR, RW, 0, text, HOST_NAME_SIZE_MAX + 1), HOST_NAMETOOLONG);
	link.arg[1] = HOST_LINK_MAX + 1;
	link.in_size = HOST_LINK_MAX + 2;
	CHECK_EQ(ask(&link, text), HOST_NAMETOOLONG);
	link.arg[1] = 2;
	link.in_size = 3;
	CHECK_EQ(ask(&link, "a\0b"), HOST_INVAL);
	tear_down();
}

TEST(unknown_flags_and_numbers_are_refused)
{
	set_up();
	uint64_t past = (uint64_t)INT64_MAX + 1;
	uint32_t h = open_ok(RW, "f", NEW_FILE);
	uint64_t ns;
	size_t done;
	uint8_t byte = 0;

	for (unsigned bit = 10; bit < 64; bit++)
		CHECK_EQ(ask_name(HOST_CALL_OPEN, RW, 1ull << bit, "f", 1), HOST_INVAL);
	CHECK_EQ(open_error(RW, "f", HOST_OPEN_EXCL), HOST_INVAL);
	CHECK_EQ(open_error(RW, "f", HOST_OPEN_READ | HOST_OPEN_TRUNC), HOST_INVAL);
	CHECK_EQ(open_error(RW, "f", HOST_OPEN_DIR | HOST_OPEN_WRITE), HOST_INVAL);
	CHECK_EQ(open_error(RW, "f", HOST_OPEN_DIR | HOST_OPEN_CREATE), HOST_INVAL);
	CHECK_EQ(hostcall_unlink(RW, name_of("f"), 2), HOST_INVAL);
	CHECK_EQ(hostcall_set_times(h, 0, 0, 16), HOST_INVAL);
	CHECK_EQ(hostcall_set_times(h, 0, 0, HOST_TIME_ATIM | HOST_TIME_ATIM_NOW), HOST_INVAL);
	CHECK_EQ(hostcall_set_times(h, 0, 0, HOST_TIME_MTIM | HOST_TIME_MTIM_NOW), HOST_INVAL);
	CHECK_EQ(hostcall_set_times(h, past, 0, HOST_TIME_ATIM), HOST_INVAL);
	CHECK_EQ(hostcall_set_times_at(RW, name_of("f"), 0, past, HOST_TIME_MTIM), HOST_INVAL);
	CHECK_EQ(hostcall_set_flags(h, HOST_OPEN_CREATE), HOST_INVAL);
	CHECK_EQ(hostcall_set_flags(h, HOST_OPEN_SYNC), HOST_INVAL);
	CHECK_EQ(hostcall_set_size(h, past), HOST_INVAL);
	CHECK_EQ(hostcall_pread(h, &byte, 1, past, &done), HOST_INVAL);
	CHECK_EQ(hostcall_pwrite(h, &byte, 1, past, &done), HOST_INVAL);
	CHECK_EQ(hostcall_allocate(h, 0, 0), HOST_INVAL);
	CHECK_EQ(hostcall_allocate(h, INT64_MAX, 1), HOST_INVAL);
	CHECK_EQ(hostcall_allocate(h, UINT64_MAX, 2), HOST_INVAL);
	CHECK_EQ(hostcall_clock(4, &ns), HOST_INVAL);
	CHECK_EQ(hostcall_clock_res(UINT32_MAX, &ns), HOST_INVAL);
	CHECK_EQ(ask(&(struct call_request){.call = HOST_CALL_SYNC, .arg = {h, 2}}, NULL),
		 HOST_INVAL);
	struct call_request readdir = {
		.call = HOST_CALL_READDIR, .arg = {RW, past}, .out_max = 4096};

	CHECK_EQ(ask(&readdir, NULL), HOST_INVAL);
	tear_down();
}

/* What a mount does not give. */

TEST(read_only_mounts_refuse_every_change)
{
	set_up();
	uint32_t h = open_ok(RO, "kept", HOST_OPEN_READ);
	uint32_t moved = open_ok(RW, "mine", NEW_FILE);
	struct name kept = name_of("kept"), mine = name_of("mine"), new = name_of("new");
	size_t done;
	char text[8];

	CHECK_EQ(hostcall_pread(h, text, sizeof text, 0, &done), HOST_SUCCESS);
	CHECK(done == 4 && !memcmp(text, "kept", 4));
	CHECK_EQ(open_error(RO, "kept", HOST_OPEN_WRITE), HOST_ROFS);
	CHECK_EQ(open_error(RO, "kept", HOST_OPEN_WRITE | HOST_OPEN_TRUNC), HOST_ROFS);
	CHECK_EQ(open_error(RO, "new", HOST_OPEN_READ | HOST_OPEN_CREATE), HOST_ROFS);
	CHECK_EQ(hostcall_write(h, "x", 1, &done), HOST_ROFS);
	CHECK_EQ(hostcall_pwrite(h, "x", 1, 0, &done), HOST_ROFS);
	CHECK_EQ(hostcall_set_size(h, 0), HOST_ROFS);
	CHECK_EQ(hostcall_set_times(h, 0, 0, HOST_TIME_ATIM_NOW), HOST_ROFS);
	CHECK_EQ(hostcall_set_times(RO, 0, 0, HOST_TIME_ATIM_NOW), HOST_ROFS);
	CHECK_EQ(hostcall_set_times_at(RO, kept, 0, 0, HOST_TIME_MTIM_NOW), HOST_ROFS);
	CHECK_EQ(hostcall_allocate(h, 0, 4096), HOST_ROFS);
	CHECK_EQ(hostcall_mkdir(RO, new), HOST_ROFS);
	CHECK_EQ(hostcall_unlink(RO, kept, HOST_UNLINK_FILE), HOST_ROFS);
	CHECK_EQ(hostcall_symlink(kept, RO, new), HOST_ROFS);
	CHECK_EQ(hostcall_rename(RO, kept, RW, new), HOST_ROFS);
	CHECK_EQ(hostcall_rename(RW, mine, RO, new), HOST_ROFS);
	CHECK_EQ(hostcall_link(RO, kept, RW, new), HOST_ROFS);
	CHECK_EQ(hostcall_link(RW, mine, RO, new), HOST_ROFS);
	struct stat st;

	CHECK(fstatat(g_root_fd, "ro/kept", &st, 0) == 0 && st.st_size == 4 && st.st_nlink == 1);
	CHECK(fstatat(g_root_fd, "rw/mine", &st, 0) == 0);
	CHECK_EQ(hostcall_close(moved), HOST_SUCCESS);
	tear_down();
}

/* A directory below a read-only mount is read-only, too. */
TEST(read_only_holds_below_the_mount)
{
	set_up();
	CHECK(mkdirat(g_root_fd, "ro/d", 0755) == 0);
	file_write("ro/d/f", "f");
	uint32_t d = open_ok(RO, "d", HOST_OPEN_DIR | HOST_OPEN_READ);

	CHECK_EQ(open_error(d, "f", HOST_OPEN_WRITE), HOST_ROFS);
	CHECK_EQ(hostcall_unlink(d, name_of("f"), HOST_UNLINK_FILE), HOST_ROFS);
	CHECK_EQ(open_error(d, "f", HOST_OPEN_READ), HOST_SUCCESS);
	tear_down();
}

TEST(symlinks_are_never_followed)
{
	set_up();
	CHECK(symlinkat("../secret", g_root_fd, "rw/out") == 0);
	CHECK(symlinkat("..", g_root_fd, "rw/up") == 0);
	CHECK(symlinkat("/", g_root_fd, "rw/root") == 0);
	CHECK(symlinkat("nowhere", g_root_fd, "rw/dangling") == 0);
	struct host_stat st;
	struct stat secret;

	CHECK_EQ(open_error(RW, "out", HOST_OPEN_READ), HOST_LOOP);
	CHECK_EQ(open_error(RW, "out", HOST_OPEN_WRITE | HOST_OPEN_TRUNC), HOST_LOOP);
	CHECK_EQ(open_error(RW, "up", HOST_OPEN_READ), HOST_LOOP);
	CHECK_EQ(open_error(RW, "up", HOST_OPEN_READ | HOST_OPEN_DIR), HOST_LOOP);
	CHECK_EQ(open_error(RW, "root", HOST_OPEN_DIR), HOST_LOOP);
	CHECK_EQ(open_error(RW, "dangling", NEW_FILE), HOST_LOOP);
	CHECK_EQ(open_error(RW, "dangling", NEW_FILE | HOST_OPEN_EXCL), HOST_EXIST);
	CHECK(fstatat(g_root_fd, "rw/nowhere", &secret, 0) == -1);
	CHECK_EQ(hostcall_stat_at(RW, name_of("out"), &st), HOST_SUCCESS);
	CHECK_EQ(st.type, HOST_TYPE_LINK);
	CHECK_EQ(hostcall_set_times_at(RW, name_of("out"), 5, 5, HOST_TIME_ATIM | HOST_TIME_MTIM),
		 HOST_SUCCESS);
	CHECK(fstatat(g_root_fd, "secret", &secret, 0) == 0 && secret.st_mtim.tv_sec != 0);
	CHECK_EQ(hostcall_link(RW, name_of("out"), RW, name_of("again")), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat_at(RW, name_of("again"), &st), HOST_SUCCESS);
	CHECK_EQ(st.type, HOST_TYPE_LINK);
	CHECK_EQ(hostcall_unlink(RW, name_of("out"), HOST_UNLINK_FILE), HOST_SUCCESS);
	CHECK(fstatat(g_root_fd, "secret", &secret, 0) == 0);
	tear_down();
}

TEST(opening_a_pipe_does_not_wait)
{
	set_up();
	CHECK(mkfifoat(g_root_fd, "rw/pipe", 0644) == 0);
	struct host_stat st;
	uint32_t h = open_ok(RW, "pipe", HOST_OPEN_READ | HOST_OPEN_NONBLOCK);
	char text[8];
	size_t done = 9;

	CHECK_EQ(hostcall_stat(h, &st), HOST_SUCCESS);
	CHECK_EQ(st.type, HOST_TYPE_FIFO);
	CHECK_EQ(hostcall_read(h, text, sizeof text, &done), HOST_AGAIN);
	int writer = openat(g_root_fd, "rw/pipe", O_WRONLY);

	CHECK(write(writer, "hello", 5) == 5);
	CHECK_EQ(hostcall_read(h, text, sizeof text, &done), HOST_SUCCESS);
	CHECK_EQ(done, 5);
	CHECK_EQ(hostcall_read(h, text, sizeof text, &done), HOST_AGAIN);
	close(writer);
	CHECK_EQ(hostcall_read(h, text, sizeof text, &done), HOST_SUCCESS);
	CHECK_EQ(done, 0);
	CHECK_EQ(hostcall_close(h), HOST_SUCCESS);
	CHECK_EQ(open_error(RW, "pipe", HOST_OPEN_WRITE), HOST_NXIO);
	tear_down();
}

/* Files. */

TEST(files_are_written_and_read_back)
{
	set_up();
	uint32_t h = open_ok(RW, "f", NEW_FILE | HOST_OPEN_EXCL);
	static uint8_t out[HOSTCALL_DATA_MAX], in[HOSTCALL_DATA_MAX];
	size_t done = 0;

	CHECK_EQ(h, FIRST);
	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 31 + i / 251);
	CHECK_EQ(hostcall_pwrite(h, out, sizeof out, 1000, &done), HOST_SUCCESS);
	CHECK_EQ(done, sizeof out);
	CHECK_EQ(hostcall_pread(h, in, sizeof in, 1000, &done), HOST_SUCCESS);
	CHECK_EQ(done, sizeof in);
	CHECK(!memcmp(in, out, sizeof in));
	CHECK_EQ(hostcall_pread(h, in, sizeof in, sizeof out + 990, &done), HOST_SUCCESS);
	CHECK_EQ(done, 10);
	CHECK_EQ(hostcall_pread(h, in, sizeof in, INT64_MAX - HOSTCALL_DATA_MAX, &done),
		 HOST_SUCCESS);
	CHECK_EQ(done, 0);
	CHECK_EQ(hostcall_write(h, "start", 5, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_read(h, in, 5, &done), HOST_SUCCESS); /* one position for both */
	CHECK(done == 5 && in[0] == 0);
	CHECK_EQ(hostcall_sync(h, true), HOST_SUCCESS);
	CHECK_EQ(hostcall_sync(h, false), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(h), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(h), HOST_BADF);
	CHECK_EQ(open_error(RW, "f", NEW_FILE | HOST_OPEN_EXCL), HOST_EXIST);
	tear_down();
}

TEST(sizes_times_and_types_are_told)
{
	set_up();
	uint32_t h = open_ok(RW, "f", NEW_FILE);
	struct host_stat st, at;
	uint64_t atime = 1234567890123456789u, mtime = 987654321000000001u;

	CHECK_EQ(hostcall_set_size(h, 5000), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_times(h, atime, mtime, HOST_TIME_ATIM | HOST_TIME_MTIM),
		 HOST_SUCCESS);
	CHECK_EQ(hostcall_stat(h, &st), HOST_SUCCESS);
	CHECK_EQ(st.size, 5000);
	CHECK_EQ(st.atime, atime);
	CHECK_EQ(st.mtime, mtime);
	CHECK_EQ(st.type, HOST_TYPE_FILE);
	CHECK_EQ(st.nlink, 1);
	CHECK_EQ(hostcall_set_times_at(RW, name_of("f"), 0, 7, HOST_TIME_MTIM), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat_at(RW, name_of("f"), &at), HOST_SUCCESS);
	CHECK_EQ(at.atime, atime); /* not asked for: as it was */
	CHECK_EQ(at.mtime, 7);
	CHECK_EQ(at.ino, st.ino);
	CHECK_EQ(hostcall_set_times(h, 0, 0, HOST_TIME_MTIM_NOW), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat(h, &at), HOST_SUCCESS);
	CHECK(at.mtime > atime);
	CHECK_EQ(hostcall_stat(RW, &st), HOST_SUCCESS);
	CHECK_EQ(st.type, HOST_TYPE_DIR);
	CHECK_EQ(hostcall_stat_at(RW, name_of("none"), &st), HOST_NOENT);
	tear_down();
}

TEST(times_before_1970_are_told_as_zero)
{
	set_up();
	file_write("rw/old", "");
	struct timespec old[2] = {{-5, 0}, {-5, 0}};
	struct host_stat st;

	CHECK(utimensat(g_root_fd, "rw/old", old, 0) == 0);
	CHECK_EQ(hostcall_stat_at(RW, name_of("old"), &st), HOST_SUCCESS);
	CHECK_EQ(st.mtime, 0);
	tear_down();
}

TEST(append_is_switched_on_and_off)
{
	set_up();
	uint32_t h = open_ok(RW, "f", NEW_FILE | HOST_OPEN_APPEND | HOST_OPEN_DSYNC);
	struct host_stat st;
	size_t done;

	CHECK_EQ(hostcall_write(h, "one", 3, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(h, "two", 3, 0, &done), HOST_SUCCESS); /* appends, as Linux does */
	CHECK_EQ(hostcall_stat(h, &st), HOST_SUCCESS);
	CHECK_EQ(st.size, 6);
	CHECK_EQ(hostcall_set_flags(h, 0), HOST_INVAL); /* DSYNC stays */
	CHECK_EQ(hostcall_set_flags(h, HOST_OPEN_DSYNC), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(h, "two", 3, 0, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat(h, &st), HOST_SUCCESS);
	CHECK_EQ(st.size, 6);
	tear_down();
}

TEST(allocation_makes_the_file_larger)
{
	set_up();
	uint32_t h = open_ok(RW, "f", NEW_FILE);
	struct host_stat st;
	enum host_errno error = hostcall_allocate(h, 4096, 4096);

	CHECK(error == HOST_SUCCESS || error == HOST_NOTSUP); /* by file system */
	CHECK_EQ(hostcall_stat(h, &st), HOST_SUCCESS);
	CHECK_EQ(st.size, error == HOST_SUCCESS ? 8192 : 0);
	tear_down();
}

/* Names. */

TEST(entries_are_made_moved_and_removed)
{
	set_up();
	struct name a = name_of("a"), b = name_of("b"), d = name_of("d"), l = name_of("l");
	char target[64];
	size_t done;
	struct host_stat st;

	CHECK_EQ(hostcall_mkdir(RW, d), HOST_SUCCESS);
	CHECK_EQ(hostcall_mkdir(RW, d), HOST_EXIST);
	uint32_t dir = open_ok(RW, "d", HOST_OPEN_DIR | HOST_OPEN_READ);

	CHECK_EQ(hostcall_close(open_ok(RW, "a", NEW_FILE)), HOST_SUCCESS);
	CHECK_EQ(hostcall_rename(RW, a, dir, b), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat_at(RW, a, &st), HOST_NOENT);
	CHECK_EQ(hostcall_link(dir, b, RW, a), HOST_SUCCESS);
	CHECK_EQ(hostcall_stat_at(RW, a, &st), HOST_SUCCESS);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(hostcall_symlink(name_of("../any/where"), RW, l), HOST_SUCCESS);
	CHECK_EQ(hostcall_readlink(RW, l, target, sizeof target, &done), HOST_SUCCESS);
	CHECK(done == 12 && !memcmp(target, "../any/where", 12));
	CHECK_EQ(hostcall_readlink(RW, l, target, 3, &done), HOST_SUCCESS);
	CHECK_EQ(done, 3);
	CHECK_EQ(hostcall_readlink(RW, a, target, sizeof target, &done), HOST_INVAL);
	CHECK_EQ(hostcall_unlink(RW, d, HOST_UNLINK_DIR), HOST_NOTEMPTY);
	CHECK_EQ(hostcall_unlink(RW, d, HOST_UNLINK_FILE), HOST_ISDIR);
	CHECK_EQ(hostcall_unlink(RW, a, HOST_UNLINK_DIR), HOST_NOTDIR);
	CHECK_EQ(hostcall_unlink(dir, b, HOST_UNLINK_FILE), HOST_SUCCESS);
	CHECK_EQ(hostcall_unlink(RW, d, HOST_UNLINK_DIR), HOST_SUCCESS);
	CHECK_EQ(open_error(RW, "a", HOST_OPEN_DIR), HOST_NOTDIR);
	CHECK_EQ(open_error(RW, "none", HOST_OPEN_READ), HOST_NOENT);
	tear_down();
}

/* Reads the whole of RW in pieces of `size` bytes; marks each name "e<number>" in seen. */
static size_t list(uint32_t dir, size_t size, uint8_t *seen, size_t seen_count, size_t *calls)
{
	static ALIGNED(8) uint8_t buf[65536];
	uint64_t cookie = 0;
	size_t count = 0, done = 0;

	for (*calls = 0; *calls < 1000000; ++*calls) {
		CHECK_EQ(hostcall_readdir(dir, cookie, buf, size, &done), HOST_SUCCESS);
		if (done == 0)
			break;
		for (size_t off = 0; off < done;) {
			struct host_dirent *d = (void *)(buf + off);
			char name[256] = {0};

			memcpy(name, buf + off + sizeof *d, d->name_size);
			cookie = d->next;
			count++;
			unsigned long number = name[0] == 'e' ? strtoul(name + 1, NULL, 10) : ~0ul;

			if (number < seen_count)
				seen[number]++;
			off += sizeof *d + ((d->name_size + 7u) & ~7u);
		}
	}
	return count;
}

TEST(a_hundred_thousand_entries_are_listed_once_each)
{
	enum { ENTRIES = 100000 };
	static uint8_t seen[ENTRIES];
	size_t calls, wrong = 0;

	set_up();
	int rw = openat(g_root_fd, "rw", O_PATH);

	for (int i = 0; i < ENTRIES; i++) {
		char name[16];

		snprintf(name, sizeof name, "e%d", i);
		CHECK(mknodat(rw, name, S_IFREG | 0644, 0) == 0);
	}
	close(rw);
	CHECK_EQ(list(RW, 32768, seen, ENTRIES, &calls), ENTRIES + 2);
	CHECK(calls < ENTRIES / 100);
	for (size_t i = 0; i < ENTRIES; i++)
		wrong += seen[i] != 1;
	CHECK_EQ(wrong, 0);
	tear_down();
}

TEST(listing_goes_on_from_any_cookie)
{
	static uint8_t seen[300];
	size_t calls;

	set_up();
	for (int i = 0; i < 300; i++) {
		char name[256] = "rw/e";

		snprintf(name, sizeof name, "rw/e%d.%0*d", i, i / 2 + 1, 0);
		file_write(name, "");
	}
	CHECK_EQ(list(RW, HOSTCALL_DIRENT_MAX, seen, 300, &calls), 302);
	CHECK(calls > 50);
	for (size_t i = 0; i < 300; i++)
		CHECK_EQ(seen[i], 1);
	tear_down();
}

TEST(directories_and_files_are_not_confused)
{
	set_up();
	static ALIGNED(8) uint8_t buf[512];
	uint32_t h = open_ok(RW, "f", NEW_FILE);
	size_t done;

	CHECK_EQ(hostcall_readdir(h, 0, buf, sizeof buf, &done), HOST_NOTDIR);
	CHECK_EQ(open_error(h, "x", HOST_OPEN_READ), HOST_NOTDIR);
	CHECK_EQ(hostcall_mkdir(h, name_of("x")), HOST_NOTDIR);
	CHECK_EQ(hostcall_read(RW, buf, sizeof buf, &done), HOST_ISDIR);
	CHECK_EQ(open_error(RW, "f", HOST_OPEN_DIR), HOST_NOTDIR);
	tear_down();
}

/* A directory with x but without r; needs a user that permissions bind. */
TEST(a_directory_may_be_searched_without_being_read)
{
	set_up();
	static ALIGNED(8) uint8_t buf[512];
	size_t done;
	uid_t user = geteuid();

	CHECK(mkdirat(g_root_fd, "rw/x", 0711) == 0);
	file_write("rw/x/f", "f");
	CHECK(fchmodat(g_root_fd, "rw/x", user == 0 ? 0711 : 0311, 0) == 0);
	if (user == 0) /* then as somebody else */
		CHECK(seteuid(65534) == 0);
	uint32_t dir = open_ok(RW, "x", HOST_OPEN_DIR | HOST_OPEN_READ);

	CHECK_EQ(open_error(dir, "f", HOST_OPEN_READ), HOST_SUCCESS);
	CHECK_EQ(hostcall_readdir(dir, 0, buf, sizeof buf, &done), HOST_ACCES);
	CHECK_EQ(hostcall_sync(dir, false), HOST_ACCES);
	if (user == 0)
		CHECK(seteuid(0) == 0);
	tear_down();
}

/* Streams. */

TEST(streams_go_one_way_and_only_by_their_position)
{
	set_up();
	char text[8];
	size_t done;

	CHECK(write(g_stdin[1], "in", 2) == 2);
	CHECK_EQ(hostcall_read(0, text, sizeof text, &done), HOST_SUCCESS);
	CHECK(done == 2 && !memcmp(text, "in", 2));
	CHECK_EQ(hostcall_write(1, "out", 3, &done), HOST_SUCCESS);
	CHECK(read(g_stdout[0], text, sizeof text) == 3);
	CHECK_EQ(hostcall_write(0, "x", 1, &done), HOST_BADF);
	CHECK_EQ(hostcall_read(1, text, 1, &done), HOST_BADF);
	CHECK_EQ(hostcall_read(2, text, 1, &done), HOST_BADF); /* closed from the start */
	CHECK_EQ(hostcall_pread(0, text, 1, 0, &done), HOST_SPIPE);
	CHECK_EQ(hostcall_pwrite(1, text, 1, 0, &done), HOST_SPIPE);
	CHECK_EQ(hostcall_set_size(1, 0), HOST_INVAL);
	CHECK_EQ(hostcall_set_times(1, 0, 0, HOST_TIME_ATIM_NOW), HOST_PERM);
	CHECK_EQ(hostcall_allocate(1, 0, 1), HOST_SPIPE);
	CHECK_EQ(hostcall_set_flags(1, HOST_OPEN_APPEND), HOST_INVAL);
	CHECK_EQ(open_error(0, "x", HOST_OPEN_READ), HOST_NOTDIR);
	CHECK_EQ(hostcall_link(RW, name_of("x"), 0, name_of("y")), HOST_NOTDIR);
	close(g_stdin[1]);
	CHECK_EQ(hostcall_read(0, text, sizeof text, &done), HOST_SUCCESS);
	CHECK_EQ(done, 0);
	tear_down();
}

/* The stream's open file is shared with other processes: its own flags must stay. */
TEST(non_blocking_streams_do_not_change_the_descriptor)
{
	set_up();
	static uint8_t much[HOSTCALL_DATA_MAX];
	size_t done = 0;
	char c;

	CHECK_EQ(fcntl(g_stdout[1], F_SETFL, O_APPEND), 0);
	CHECK_EQ(hostcall_set_flags(0, HOST_OPEN_NONBLOCK), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_flags(1, HOST_OPEN_NONBLOCK), HOST_SUCCESS);
	CHECK_EQ(fcntl(g_stdin[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(fcntl(g_stdout[1], F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND);
	CHECK_EQ(hostcall_read(0, &c, 1, &done), HOST_AGAIN);
	CHECK_EQ(hostcall_write(1, much, sizeof much, &done), HOST_SUCCESS);
	CHECK(done > 0 && done < sizeof much);
	CHECK_EQ(hostcall_write(1, much, sizeof much, &done), HOST_AGAIN);
	tear_down();
}

TEST(closing_a_stream_or_mount_frees_no_number)
{
	set_up();
	CHECK_EQ(hostcall_close(0), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(RO), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(0), HOST_BADF);
	CHECK(fcntl(g_stdin[0], F_GETFD) != -1);
	CHECK_EQ(open_ok(RW, "f", NEW_FILE), FIRST);
	CHECK_EQ(open_ok(RW, "g", NEW_FILE), FIRST + 1);
	CHECK_EQ(hostcall_close(FIRST), HOST_SUCCESS);
	CHECK_EQ(open_ok(RW, "h", NEW_FILE), FIRST);
	tear_down();
}

TEST(a_closed_pipe_is_told)
{
	set_up();
	size_t done;

	close(g_stdout[0]);
	CHECK_EQ(hostcall_write(1, "x", 1, &done), HOST_PIPE);
	tear_down();
}

TEST(a_full_device_is_told)
{
	struct service_config config = {.stream_fd = {-1, open("/dev/full", O_WRONLY), -1}};
	size_t done;

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
	CHECK_EQ(hostcall_write(1, "x", 1, &done), HOST_NOSPC);
	service_fini(&g_service);
	close(config.stream_fd[1]);
}

/* In a child with closed streams: the later files must not become them. */
static int reserve_in_child(void)
{
	int fd[3];

	close(0);
	close(2);
	if (service_streams_reserve(fd) != E_OK || fd[0] != -1 || fd[1] != 1 || fd[2] != -1)
		return 1;
	return open("/dev/null", O_RDONLY) > 2 ? 0 : 2;
}

TEST(closed_streams_are_reserved)
{
	fflush(stdout);
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(reserve_in_child());
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_EQ(status, 0);
}

/* Waiting. */

TEST(poll_tells_who_is_ready)
{
	set_up();
	struct host_poll p[4] = {
		{.handle = 0, .want = HOST_POLL_READ},
		{.handle = 1, .want = HOST_POLL_WRITE},
		{.handle = 99, .want = HOST_POLL_READ},
		{.handle = 0, .want = HOST_POLL_READ},
	};

	CHECK_EQ(hostcall_poll(p, 2, 0), HOST_SUCCESS);
	CHECK(p[0].ready == 0 && p[1].ready == HOST_POLL_WRITE);
	CHECK(write(g_stdin[1], "12345", 5) == 5);
	CHECK_EQ(hostcall_poll(p, 4, HOST_POLL_FOREVER), HOST_SUCCESS);
	CHECK(p[0].ready == HOST_POLL_READ && p[0].bytes == 5 && p[3].bytes == 5);
	CHECK(p[2].ready == 0 && p[2].error == HOST_BADF);
	CHECK_EQ(hostcall_poll(p + 2, 1, HOST_POLL_FOREVER), HOST_SUCCESS); /* does not wait */
	close(g_stdin[1]);
	CHECK_EQ(hostcall_poll(p, 1, HOST_POLL_FOREVER), HOST_SUCCESS);
	CHECK_EQ(p[0].ready, HOST_POLL_READ | HOST_POLL_HANGUP);
	p[0].want = 8;
	CHECK_EQ(hostcall_poll(p, 1, 0), HOST_INVAL);
	tear_down();
}

TEST(poll_survives_want_of_memory)
{
	set_up();
	struct host_poll p = {.handle = 1, .want = HOST_POLL_WRITE};

	for (long n = 0; n < 4; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(hostcall_poll(&p, 1, 0), HOST_NOMEM);
	}
	native_heap_fail_at(0);
	uint32_t h;

	CHECK_EQ(hostcall_open(RW, name_of("f"), NEW_FILE, &h), HOST_NOMEM);
	CHECK_EQ(hostcall_symlink(name_of("t"), RW, name_of("l")), HOST_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(hostcall_poll(&p, 1, 0), HOST_SUCCESS);
	tear_down();
}

TEST(time_passes_and_sleep_ends)
{
	set_up();
	uint64_t before, after, res, wall;

	CHECK_EQ(hostcall_clock(HOST_CLOCK_MONOTONIC, &before), HOST_SUCCESS);
	CHECK_EQ(hostcall_poll(NULL, 0, 2000000), HOST_SUCCESS);
	CHECK_EQ(hostcall_clock(HOST_CLOCK_MONOTONIC, &after), HOST_SUCCESS);
	CHECK(after - before >= 2000000);
	CHECK_EQ(hostcall_clock(HOST_CLOCK_REALTIME, &wall), HOST_SUCCESS);
	CHECK(wall > 1600000000000000000u);
	CHECK_EQ(hostcall_clock(HOST_CLOCK_PROCESS, &res), HOST_SUCCESS);
	CHECK_EQ(hostcall_clock(HOST_CLOCK_THREAD, &res), HOST_SUCCESS);
	CHECK_EQ(hostcall_clock_res(HOST_CLOCK_MONOTONIC, &res), HOST_SUCCESS);
	CHECK(res > 0 && res <= 1000000000);
	CHECK_EQ(hostcall_yield(), HOST_SUCCESS);
	tear_down();
}

static void *interrupt_soon(void *arg)
{
	struct timespec pause = {.tv_nsec = 20000000};

	nanosleep(&pause, NULL);
	service_interrupt(&g_service);
	return arg;
}

/* Runs `wait` while another thread interrupts: it must end, and so must later waits. */
static void interrupted(enum host_errno (*wait)(void))
{
	pthread_t other;

	set_up();
	CHECK(pthread_create(&other, NULL, interrupt_soon, NULL) == 0);
	CHECK_EQ(wait(), HOST_INTR);
	pthread_join(other, NULL);
	CHECK_EQ(wait(), HOST_INTR);
	tear_down();
}

static enum host_errno wait_in_read(void)
{
	char c;
	size_t done;

	return hostcall_read(0, &c, 1, &done);
}

static enum host_errno wait_in_poll(void)
{
	struct host_poll p = {.handle = 0, .want = HOST_POLL_READ};

	return hostcall_poll(&p, 1, HOST_POLL_FOREVER);
}

static enum host_errno wait_in_sleep(void)
{
	return hostcall_poll(NULL, 0, 1ull << 62);
}

/* The pipe takes a part first; then nobody reads. */
static enum host_errno wait_in_write(void)
{
	static uint8_t much[HOSTCALL_DATA_MAX];
	size_t done = 1;
	enum host_errno error = HOST_SUCCESS;

	while (error == HOST_SUCCESS && done != 0)
		error = hostcall_write(1, much, sizeof much, &done);
	return error;
}

TEST(an_interrupt_ends_every_wait)
{
	interrupted(wait_in_read);
	interrupted(wait_in_poll);
	interrupted(wait_in_sleep);
	interrupted(wait_in_write);
}

/* Several read what there is one of, or fill what one has room for: the slower ones wait on. */

static void *rival_read(void *count)
{
	char c;
	size_t done;

	while (hostcall_read(0, &c, 1, &done) == HOST_SUCCESS)
		atomic_fetch_add((_Atomic unsigned *)count, 1);
	return NULL;
}

static void *rival_write(void *count)
{
	static const uint8_t page[4096];
	size_t done;

	while (hostcall_write(1, page, sizeof page, &done) == HOST_SUCCESS)
		atomic_fetch_add((_Atomic unsigned *)count, 1);
	return NULL;
}

/* Some threads run `rival`, `first` times without a wait; then `feed` makes something ready that one
 * of them gets, and an interrupt ends the others' waits. */
static void rivals(void *(*rival)(void *), void (*feed)(void), unsigned first)
{
	_Atomic unsigned count = 0;
	pthread_t thread[4];

	set_up();
	for (size_t i = 0; i < COUNT_OF(thread); i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, rival, &count), 0);
	while (atomic_load(&count) != first)
		sched_yield();
	feed();
	while (atomic_load(&count) != first + 1)
		sched_yield();
	service_interrupt(&g_service);
	for (size_t i = 0; i < COUNT_OF(thread); i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	tear_down();
}

static void feed_byte(void)
{
	CHECK_EQ(write(g_stdin[1], "x", 1), 1);
}

static void drain_page(void)
{
	char page[4096];

	CHECK_EQ(read(g_stdout[0], page, sizeof page), sizeof page);
}

TEST(slower_threads_can_be_interrupted)
{
	for (int i = 0; i < 200; i++) {
		rivals(rival_read, feed_byte, 0);
		rivals(rival_write, drain_page, 16); /* what a pipe holds */
	}
}

/* What is ready needs no wait. */
TEST(an_interrupt_leaves_alone_what_does_not_wait)
{
	struct host_poll p = {.handle = 0, .want = HOST_POLL_READ};
	size_t done = 0;
	char c;

	set_up();
	service_interrupt(&g_service);
	CHECK_EQ(write(g_stdin[1], "x", 1), 1);
	CHECK_EQ(hostcall_poll(&p, 1, HOST_POLL_FOREVER), HOST_SUCCESS);
	CHECK_EQ(hostcall_read(0, &c, 1, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_write(1, "x", 1, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_read(0, &c, 1, &done), HOST_INTR);
	tear_down();
}

/* Threads. */

static enum host_errno ask_thread(uint32_t thread, uint32_t call, uint64_t arg)
{
	const struct call_request request = {.call = call, .seq = 7, .arg = {arg}};
	uint64_t value = 0;
	enum host_errno error = ask_on(thread, &request, NULL, &value);

	return error == HOST_SUCCESS && value != 0 ? PASSED : error;
}

TEST(tokens_are_the_threads_own)
{
	set_up();
	CHECK_EQ(ask_thread(0, HOST_CALL_UNPARK, 1), HOST_SUCCESS);
	CHECK_EQ(ask_thread(0, HOST_CALL_UNPARK, 1), HOST_SUCCESS);
	CHECK_EQ(ask_thread(0, HOST_CALL_PARK, 1000), PASSED);
	CHECK_EQ(ask_thread(2, HOST_CALL_PARK, 0), PASSED);
	CHECK_EQ(ask_thread(1, HOST_CALL_PARK, HOST_PARK_FOREVER), HOST_SUCCESS);
	CHECK_EQ(ask_thread(1, HOST_CALL_PARK, 0), PASSED);
	tear_down();
}

TEST(threads_that_are_not_there_are_refused)
{
	const uint64_t nobody[] = {THREADS, UINT32_MAX, (1ull << 32) + 1, UINT64_MAX};

	set_up();
	g_started = 0;
	for (size_t i = 0; i < COUNT_OF(nobody); i++) {
		CHECK_EQ(ask_thread(0, HOST_CALL_UNPARK, nobody[i]), HOST_INVAL);
		CHECK_EQ(ask_thread(0, HOST_CALL_THREAD_START, nobody[i]), HOST_INVAL);
	}
	CHECK_EQ(ask_thread(0, HOST_CALL_THREAD_START, 0), HOST_INVAL);
	CHECK_EQ(g_started, 0);
	CHECK_EQ(ask_thread(0, HOST_CALL_THREAD_START, THREADS - 1), HOST_SUCCESS);
	CHECK_EQ(g_started, THREADS - 1);
	CHECK_EQ(ask_thread(0, HOST_CALL_THREAD_START, 1), HOST_AGAIN);
	CHECK_EQ(ask_thread(0, HOST_CALL_INTERRUPT, 2), HOST_INVAL);
	tear_down();
}

TEST(service_without_a_start_has_one_thread)
{
	const struct service_config many = {.stream_fd = {-1, -1, -1}, .thread_count = 2};
	const struct service_config more = {.stream_fd = {-1, -1, -1},
					    .thread_count = SHARED_THREADS_MAX + 1,
					    .start_thread = note_start};

	CHECK_EQ(service_init(&g_service, &many), E_INVALID);
	CHECK_EQ(service_init(&g_service, &more), E_INVALID);
}

TEST(programs_interrupt_ends_with_it)
{
	set_up();
	CHECK_EQ(hostcall_interrupt(true), HOST_SUCCESS);
	CHECK_EQ(wait_in_read(), HOST_INTR);
	CHECK_EQ(wait_in_sleep(), HOST_INTR);
	CHECK_EQ(hostcall_interrupt(false), HOST_SUCCESS);
	CHECK_EQ(hostcall_poll(NULL, 0, 1000), HOST_SUCCESS);
	CHECK_EQ(hostcall_interrupt(false), HOST_SUCCESS);
	CHECK_EQ(hostcall_poll(NULL, 0, 1000), HOST_SUCCESS);
	/* the owner's stays */
	service_interrupt(&g_service);
	CHECK_EQ(hostcall_interrupt(true), HOST_SUCCESS);
	CHECK_EQ(hostcall_interrupt(false), HOST_SUCCESS);
	CHECK_EQ(wait_in_sleep(), HOST_INTR);
	tear_down();
}

static void *park_on_1(void *context)
{
	static ALIGNED(8) uint8_t slot[SHARED_SLOT_SIZE];
	const struct call_request request = {
		.call = HOST_CALL_PARK, .seq = 1, .arg = {HOST_PARK_FOREVER}};
	struct call_reply reply;

	memcpy(slot, &request, sizeof request);
	do {
		service_call(&g_service, 1, slot);
		memcpy(&reply, slot + SLOT_REPLY_OFF, sizeof reply);
	} while (reply.error == HOST_SUCCESS);
	*(uint32_t *)context = reply.error;
	return NULL;
}

TEST(stop_ends_what_an_interrupt_does_not)
{
	uint32_t error = 0;
	pthread_t other;

	set_up();
	CHECK_EQ(pthread_create(&other, NULL, park_on_1, &error), 0);
	service_interrupt(&g_service);
	CHECK_EQ(hostcall_park(1000, &(bool){false}), HOST_SUCCESS);
	service_stop(&g_service);
	CHECK_EQ(pthread_join(other, NULL), 0);
	CHECK_EQ(error, HOST_INTR);
	CHECK_EQ(ask_thread(1, HOST_CALL_PARK, HOST_PARK_FOREVER), HOST_INTR);
	g_started = 0;
	CHECK_EQ(ask_thread(0, HOST_CALL_THREAD_START, THREADS - 1), HOST_INTR);
	CHECK_EQ(g_started, 0);
	tear_down();
}

/* Limits. */

TEST(limits_hold_whatever_the_enclave_asks)
{
	set_up_with((struct service_limits){.handles = 6, .disk_bytes = 100}, NULL);
	uint32_t h = open_ok(RW, "f", NEW_FILE); /* the sixth: two streams, two mounts, f, g */
	uint32_t g = open_ok(RW, "g", NEW_FILE);
	uint8_t data[101] = {0};
	size_t done;
	struct stat st;

	CHECK_EQ(open_error(RW, "more", NEW_FILE), HOST_MFILE);
	CHECK(fstatat(g_root_fd, "rw/more", &st, 0) == -1); /* nothing was created */
	CHECK_EQ(hostcall_pwrite(h, data, 101, 0, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_allocate(h, 0, 101), HOST_NOSPC);
	CHECK_EQ(hostcall_pwrite(h, data, 60, 0, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_write(g, data, 41, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_write(g, data, 40, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_write(g, data, 1, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_write(1, data, 101, &done), HOST_SUCCESS); /* a stream is no disk */
	CHECK_EQ(hostcall_close(g), HOST_SUCCESS);
	CHECK_EQ(open_error(RW, "more", NEW_FILE), HOST_SUCCESS);
	tear_down();
}

/* Where a file system keeps no holes they are written. */
TEST(holes_count_as_written)
{
	set_up_with((struct service_limits){.disk_bytes = 100}, NULL);
	uint32_t r = open_ok(RW, "f", HOST_OPEN_READ | HOST_OPEN_CREATE);
	uint32_t h = open_ok(RW, "f", HOST_OPEN_WRITE);
	uint8_t data[10] = {0};
	size_t done;

	CHECK_EQ(hostcall_set_size(h, 101), HOST_NOSPC);
	CHECK_EQ(hostcall_set_size(h, INT64_MAX), HOST_NOSPC);
	CHECK_EQ(hostcall_pwrite(h, data, 1, 100, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_pwrite(h, data, 1, INT64_MAX, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_set_size(r, 100), HOST_INVAL); /* what fails takes nothing */
	CHECK_EQ(hostcall_pwrite(r, data, 1, 90, &done), HOST_BADF);
	CHECK_EQ(hostcall_set_size(h, 50), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_size(h, 50), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(h, data, 10, 70, &done), HOST_SUCCESS); /* 80 of 100 */
	CHECK_EQ(hostcall_pwrite(h, data, 10, 91, &done), HOST_NOSPC);
	CHECK_EQ(hostcall_pwrite(h, data, 10, 90, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_size(h, 0), HOST_SUCCESS); /* shrinking gives nothing back */
	CHECK_EQ(hostcall_set_size(h, 1), HOST_NOSPC);
	tear_down();
}

/* A failed write gives back what it took. */
TEST(failed_writes_do_not_use_up_the_disk)
{
	set_up_with((struct service_limits){.disk_bytes = 100}, NULL);
	uint32_t r = open_ok(RW, "f", HOST_OPEN_READ | HOST_OPEN_CREATE);
	uint32_t w = open_ok(RW, "f", HOST_OPEN_WRITE);
	uint8_t data[100] = {0};
	size_t done;

	CHECK_EQ(hostcall_pwrite(r, data, 100, 0, &done), HOST_BADF);
	CHECK_EQ(hostcall_pwrite(w, data, 100, 0, &done), HOST_SUCCESS);
	tear_down();
}

TEST(the_handle_table_has_an_end)
{
	set_up();
	uint32_t h = 0, count = 0;
	struct rlimit old, most;

	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	most = old;
	most.rlim_cur = most.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &most) == 0);
	while (hostcall_open(RW, name_of("f"), NEW_FILE, &h) == HOST_SUCCESS && count < 5000)
		CHECK_EQ(h, FIRST + count++);
	if (most.rlim_cur > HOST_HANDLES_MAX + 64)
		CHECK_EQ(count, HOST_HANDLES_MAX - FIRST);
	CHECK_EQ(hostcall_open(RW, name_of("f"), NEW_FILE, &h), HOST_MFILE);
	tear_down();
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

/* Memory calls, against a device that writes down what it is asked. */

static struct {
	unsigned prefaults, protects, restricts;
	int prot, fail;
	uint64_t permissions;
} g_device_log;

static int log_prefault(struct device *d, uint64_t off, uint64_t length)
{
	CHECK(off + length <= d->size);
	g_device_log.prefaults++;
	return g_device_log.fail;
}

static int log_protect(struct device *d, uint64_t off, uint64_t length, int prot)
{
	CHECK(off + length <= d->size);
	g_device_log.protects++;
	g_device_log.prot = prot;
	return g_device_log.fail;
}

/* One page at a time, so that the service must loop. */
static int log_restrict(struct device *d, uint64_t off, uint64_t length, uint64_t permissions,
			uint64_t *result, uint64_t *count)
{
	CHECK(off + length <= d->size);
	*result = 0;
	*count = 4096;
	g_device_log.restricts++;
	g_device_log.permissions = permissions;
	return g_device_log.fail;
}

TEST(memory_calls_reach_the_device_inside_the_enclave_only)
{
	static const struct device_ops ops = {
		.prefault = log_prefault,
		.protect = log_protect,
		.restrict_permissions = log_restrict,
	};
	struct device device = {.ops = &ops, .base = 1ull << 36, .size = 1ull << 20};
	static const uint64_t bad[][2] = {
		{1, 4096},
		{0, 1},
		{0, 0},
		{1 << 20, 4096},
		{0, (1 << 20) + 4096},
		{1ull << 36, 4096},
		{4096, (uint64_t)-4096},
	};

	memset(&g_device_log, 0, sizeof g_device_log);
	set_up_with((struct service_limits){.memory = 3 * 4096}, &device);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CHECK_EQ(hostcall_prefault(bad[i][0], bad[i][1]), HOST_INVAL);
		CHECK_EQ(hostcall_protect_code(bad[i][0], bad[i][1]), HOST_INVAL);
		CHECK_EQ(hostcall_restrict(bad[i][0], bad[i][1], 1), HOST_INVAL);
	}
	CHECK_EQ(hostcall_restrict(0, 4096, 8), HOST_INVAL);
	CHECK_EQ(g_device_log.prefaults + g_device_log.protects + g_device_log.restricts, 0);
	CHECK_EQ(hostcall_prefault(0, 2 * 4096), HOST_SUCCESS);
	CHECK_EQ(g_device_log.protects, 1); /* what is granted is mapped, nothing else is */
	CHECK_EQ(g_device_log.prot, PROT_READ | PROT_WRITE);
	CHECK_EQ(hostcall_prefault(0, 2 * 4096), HOST_NOMEM); /* over the owner's limit */
	CHECK_EQ(hostcall_protect_code(2 * 4096, 4096), HOST_ACCES);
	CHECK_EQ(hostcall_protect_code(4096, 2 * 4096), HOST_ACCES);
	CHECK_EQ(g_device_log.protects, 1);
	g_device_log.fail = EAGAIN;
	CHECK_EQ(hostcall_prefault(0, 4096), HOST_AGAIN);
	CHECK_EQ(hostcall_restrict(0, 4096, 1), HOST_AGAIN);
	CHECK_EQ(hostcall_protect_code(0, 4096), HOST_AGAIN);
	g_device_log.fail = 0;
	CHECK_EQ(hostcall_prefault(0, 4096), HOST_SUCCESS); /* the failed one gave it back */
	CHECK_EQ(hostcall_protect_code(0, 2 * 4096), HOST_SUCCESS);
	CHECK_EQ(g_device_log.prot, PROT_READ | PROT_EXEC);
	g_device_log.restricts = 0;
	CHECK_EQ(hostcall_restrict(0, 5 * 4096, SECINFO_R), HOST_SUCCESS);
	CHECK_EQ(g_device_log.restricts, 5);
	CHECK_EQ(g_device_log.permissions, SECINFO_R);
	tear_down();
	set_up_with((struct service_limits){0},
		    &device); /* no limit: all is mapped from the start */
	g_device_log.protects = 0;
	CHECK_EQ(hostcall_prefault(0, 4096), HOST_SUCCESS);
	CHECK_EQ(g_device_log.protects, 0);
	CHECK_EQ(hostcall_protect_code((1 << 20) - 4096, 4096), HOST_SUCCESS);
	tear_down();
	set_up();
	CHECK_EQ(hostcall_prefault(0, 4096), HOST_NOTSUP);
	tear_down();
}

/* The life of a service. */

TEST(init_refuses_what_is_no_mount)
{
	struct service_mount file = {.dir_fd = open("/dev/null", O_RDONLY)};
	struct service_mount closed = {.dir_fd = 999};
	static struct service_mount many[HOST_HANDLES_MAX];
	struct service_config config = {
		.stream_fd = {-1, -1, -1}, .mounts = &file, .mount_count = 1};

	CHECK_EQ(service_init(&g_service, &config), E_INVALID);
	config.mounts = &closed;
	CHECK_EQ(service_init(&g_service, &config), E_INVALID);
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i].dir_fd = -1;
	config.mounts = many;
	config.mount_count = HOST_HANDLES_MAX - HOST_HANDLE_MOUNTS + 1;
	CHECK_EQ(service_init(&g_service, &config), E_INVALID);
	config.mount_count--;
	CHECK_EQ(service_init(&g_service, &config), E_OK);
	service_fini(&g_service);
	config = (struct service_config){.stream_fd = {0, 1, 2}};
	for (long n = 0; n < 3; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(service_init(&g_service, &config), E_NOMEM);
	}
	native_heap_fail_at(-1);
	service_fini(&g_service);
	close(file.dir_fd);
}

/* Behind mounts and listeners, in order; read-only ones stay as they are. */
TEST(extra_files_stand_behind_the_listeners)
{
	char path[] = "/tmp/retwine-XXXXXX";
	const int fd = mkstemp(path);
	struct service_mount extras[2] = {{.dir_fd = fd}, {.dir_fd = fd, .read_only = true}};
	const struct service_mount mount = {.dir_fd = -1};
	struct service_config config = {.stream_fd = {-1, -1, -1},
					.mounts = &mount,
					.mount_count = 1,
					.extras = extras,
					.extra_count = 2};
	uint8_t byte = 0;
	size_t done;

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
	const uint32_t first = HOST_HANDLE_MOUNTS + 1;

	CHECK_EQ(hostcall_pwrite(first, "x", 1, 0, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(first + 1, "y", 1, 0, &done), HOST_ROFS);
	CHECK_EQ(hostcall_pread(first + 1, &byte, 1, 0, &done), HOST_SUCCESS);
	CHECK_EQ(byte, 'x');
	CHECK_EQ(hostcall_pread(first + 2, &byte, 1, 0, &done), HOST_BADF);
	service_fini(&g_service);
	extras[1].dir_fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(service_init(&g_service, &config), E_INVALID); /* no regular file */
	close(extras[1].dir_fd);
	config.extra_count = HOST_HANDLES_MAX - HOST_HANDLE_MOUNTS;
	CHECK_EQ(service_init(&g_service, &config),
		 E_INVALID); /* one more than there is room for */
	close(fd);
	unlink(path);
}

TEST(no_descriptor_is_left_behind)
{
	set_up();
	int before = open("/dev/null", O_RDONLY);

	close(before);
	tear_down();
	for (int i = 0; i < 3; i++) {
		set_up();
		for (char n[2] = "a"; n[0] < 'k'; n[0]++)
			open_ok(RW, n, NEW_FILE);
		open_error(RW, "a", NEW_FILE | HOST_OPEN_EXCL);
		tear_down();
	}
	set_up();
	int after = open("/dev/null", O_RDONLY);

	CHECK_EQ(after, before);
	close(after);
	tear_down();
}

/* No child of the process inherits a file of the program's. */
TEST(descriptors_are_closed_on_exec)
{
	set_up();
	for (uint32_t h = open_ok(RW, "f", NEW_FILE); h >= RW; h--)
		if (h != ABSENT)
			CHECK_EQ(fcntl(g_service.files[h]->fd, F_GETFD), FD_CLOEXEC);
	tear_down();
}

TEST(statistics_count_calls_and_bytes)
{
	set_up();
	struct service_stats stats;
	uint32_t h = open_ok(RW, "name", NEW_FILE);
	char text[10];
	size_t done;

	CHECK_EQ(hostcall_pwrite(h, "12345", 5, 0, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_pread(h, text, sizeof text, 0, &done), HOST_SUCCESS);
	service_stats_get(&g_service, &stats);
	CHECK_EQ(stats.calls[HOST_CALL_OPEN], 1);
	CHECK_EQ(stats.calls[HOST_CALL_PREAD], 1);
	CHECK_EQ(stats.calls[HOST_CALL_READ], 0);
	CHECK_EQ(stats.bytes_out, 4 + 5);
	CHECK_EQ(stats.bytes_in, 5);
	CHECK_EQ(stats.refused, 0);
	tear_down();
}

/* Opens, uses and closes; the others do the same with the same numbers. */
static void *churn(void *arg)
{
	char text[16];
	size_t done;

	for (int i = 0; i < 500; i++) {
		uint32_t h;

		if (hostcall_open(RW, name_of("f"), NEW_FILE, &h) != HOST_SUCCESS)
			return arg;
		hostcall_pwrite(h, "text", 4, 0, &done);
		hostcall_pread(h ^ 1, text, sizeof text, 0, &done); /* perhaps another's */
		hostcall_close(h);
		hostcall_close(h ^ 1);
	}
	return NULL;
}

TEST(threads_share_the_table)
{
	pthread_t threads[4];
	void *failed;

	set_up();
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		CHECK(pthread_create(&threads[i], NULL, churn, g_root) == 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		CHECK(pthread_join(threads[i], &failed) == 0);
		CHECK(failed == NULL);
	}
	CHECK(g_service.open_handles <= 4 + COUNT_OF(threads));
	tear_down();
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	RUN(unknown_calls_are_refused);
	RUN(requests_out_of_shape_are_refused_for_every_call);
	RUN(call_names_are_those_of_the_table);
	RUN(output_sizes_must_fit_the_call);
	RUN(connections_come_are_read_written_and_shut);
	RUN(accepting_heeds_mode_limits_and_interrupts);
	RUN(sockets_are_those_that_were_given);
	RUN(handles_that_are_not_open_are_refused);
	RUN(names_that_are_not_one_component_are_refused);
	RUN(lengths_of_names_are_held_against_the_input);
	RUN(unknown_flags_and_numbers_are_refused);
	RUN(read_only_mounts_refuse_every_change);
	RUN(read_only_holds_below_the_mount);
	RUN(symlinks_are_never_followed);
	RUN(opening_a_pipe_does_not_wait);
	RUN(files_are_written_and_read_back);
	RUN(sizes_times_and_types_are_told);
	RUN(times_before_1970_are_told_as_zero);
	RUN(append_is_switched_on_and_off);
	RUN(allocation_makes_the_file_larger);
	RUN(entries_are_made_moved_and_removed);
	RUN(a_hundred_thousand_entries_are_listed_once_each);
	RUN(listing_goes_on_from_any_cookie);
	RUN(directories_and_files_are_not_confused);
	RUN(a_directory_may_be_searched_without_being_read);
	RUN(streams_go_one_way_and_only_by_their_position);
	RUN(non_blocking_streams_do_not_change_the_descriptor);
	RUN(closing_a_stream_or_mount_frees_no_number);
	RUN(a_closed_pipe_is_told);
	RUN(a_full_device_is_told);
	RUN(closed_streams_are_reserved);
	RUN(poll_tells_who_is_ready);
	RUN(poll_survives_want_of_memory);
	RUN(time_passes_and_sleep_ends);
	RUN(an_interrupt_ends_every_wait);
	RUN(slower_threads_can_be_interrupted);
	RUN(an_interrupt_leaves_alone_what_does_not_wait);
	RUN(tokens_are_the_threads_own);
	RUN(threads_that_are_not_there_are_refused);
	RUN(service_without_a_start_has_one_thread);
	RUN(programs_interrupt_ends_with_it);
	RUN(stop_ends_what_an_interrupt_does_not);
	RUN(limits_hold_whatever_the_enclave_asks);
	RUN(holes_count_as_written);
	RUN(failed_writes_do_not_use_up_the_disk);
	RUN(the_handle_table_has_an_end);
	RUN(memory_calls_reach_the_device_inside_the_enclave_only);
	RUN(init_refuses_what_is_no_mount);
	RUN(extra_files_stand_behind_the_listeners);
	RUN(no_descriptor_is_left_behind);
	RUN(descriptors_are_closed_on_exec);
	RUN(statistics_count_calls_and_bytes);
	RUN(threads_share_the_table);
	return check_report();
}
