/*
 * wasi with several threads: descriptors are shared, calls that wait hold nobody up, and the guest's
 * memory changes while it is looked at. The host is one function that answers requests.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "host/base/park.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

#define GUEST_SIZE 0x20000u
#define THREADS	   4
#define ROUNDS	   2000
#define FILE_SIZE  (THREADS * ROUNDS)

#define CALL(name, ...) wasi_##name(&g_wasi, &g_memory, (const uint64_t[]){__VA_ARGS__})

#define DIR 3u /* the mount */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RACES_ARE_REPORTED
#endif
#endif

static struct wasi g_wasi;
static struct wasi_memory g_memory;
static struct wasi_config g_config;
static uint32_t g_stop;

/* The host: one directory with one file; handles count up. */
static struct {
	_Atomic uint32_t next_handle;
	_Atomic uint32_t open;
	_Atomic uint32_t reads_waiting; /* on standard input */
	_Atomic bool input;		/* there is some */
	_Atomic bool stdin_closed;
	_Atomic bool closed_under_read;
	_Atomic uint64_t polls;
	_Atomic uint64_t polls_until_stop;
	_Atomic uint8_t written[FILE_SIZE]; /* how often each byte of the file was */
	void (*at_write)(void);
	uint64_t write_sizes[8];
	_Atomic uint32_t write_count;
} g_host;

static _Thread_local uint32_t g_seq;

uint32_t hostcall_next_seq(void)
{
	return ++g_seq;
}

enum err platform_random(void *out, size_t size)
{
	memset(out, 1, size);
	return E_OK;
}

static void host_read(struct call_reply *reply)
{
	g_host.reads_waiting++;
	while (!g_host.input)
		sched_yield();
	if (g_host.stdin_closed)
		g_host.closed_under_read = true;
	g_host.reads_waiting--;
	reply->out_size = 0;
}

static void host_close(uint64_t handle)
{
	if (handle == HOST_HANDLE_STDIN)
		g_host.stdin_closed = true;
	g_host.open--;
}

static void host_pwrite(uint64_t off, size_t size)
{
	uint32_t n = g_host.write_count++;

	if (n < COUNT_OF(g_host.write_sizes))
		g_host.write_sizes[n] = size;
	for (uint64_t i = off; i < off + size && i < FILE_SIZE; i++)
		g_host.written[i]++;
	if (g_host.at_write)
		g_host.at_write();
}

static void host_poll(const struct call_request *request, void *out, struct call_reply *reply,
		      const struct hostcall_in *in)
{
	if (++g_host.polls == g_host.polls_until_stop)
		__atomic_store_n(&g_stop, 1, __ATOMIC_RELEASE);
	if (request->in_size != 0)
		memcpy(out, in->part[0], request->in_size); /* nothing is ready */
	reply->out_size = request->in_size;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	*reply = (struct call_reply){.seq = request->seq};
	switch (request->call) {
	case HOST_CALL_OPEN:
		g_host.open++;
		reply->value = 100 + g_host.next_handle++ % 1000;
		break;
	case HOST_CALL_STAT:
		memcpy(out, &(struct host_stat){.type = HOST_TYPE_FILE, .nlink = 1},
		       sizeof(struct host_stat));
		reply->out_size = sizeof(struct host_stat);
		break;
	case HOST_CALL_READ:
		host_read(reply);
		break;
	case HOST_CALL_WRITE:
		reply->value = request->in_size;
		break;
	case HOST_CALL_PWRITE:
		host_pwrite(request->arg[1], request->in_size);
		reply->value = request->in_size;
		break;
	case HOST_CALL_CLOSE:
		host_close(request->arg[0]);
		break;
	case HOST_CALL_POLL:
		host_poll(request, out, reply, in);
		break;
	case HOST_CALL_CLOCK:
		reply->value = 1000;
		break;
	default:
		break;
	}
	return E_OK;
}

static void start(void)
{
	static const struct wasi_mount mount = {
		.path = {(const uint8_t *)"/", 1},
		.kind = WASI_MOUNT_HOST,
		.handle = HOST_HANDLE_MOUNTS,
	};

	memset(&g_host, 0, sizeof(g_host));
	g_host.open = 4; /* streams and the mount */
	g_stop = 0;
	g_memory = (struct wasi_memory){calloc(1, GUEST_SIZE), GUEST_SIZE};
	g_config = (struct wasi_config){.mounts = &mount, .mount_count = 1, .stop = &g_stop};
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_OK);
}

static void end(void)
{
	wasi_fini(&g_wasi);
	CHECK_EQ(g_host.open, 0);
	free(g_memory.base);
}

/* Memory of one thread: a path, an iovec, a result. */
static uint32_t area(uintptr_t thread)
{
	return 0x1000 * (uint32_t)(thread + 1);
}

static uint32_t result(uint32_t at)
{
	uint32_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

static uint32_t open_file_with(uint32_t at, uint32_t fdflags)
{
	memcpy(g_memory.base + at, "f", 1);
	CHECK_EQ(CALL(path_open, DIR, 0, at, 1, WASI_OPEN_CREATE,
		      WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE, 0, fdflags, at + 8),
		 WASI_SUCCESS);
	return result(at + 8);
}

static uint32_t open_file(uint32_t at)
{
	return open_file_with(at, 0);
}

static void put_iov(uint32_t at, uint32_t buf, uint32_t size)
{
	const struct wasi_iovec iov = {buf, size};

	memcpy(g_memory.base + at, &iov, sizeof(iov));
}

static void in_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, body, (void *)i) != 0)
			abort();
	}
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static uint32_t g_fd;

static void *write_bytes(void *thread)
{
	const uint32_t at = area((uintptr_t)thread);

	park_enter((uint32_t)(uintptr_t)thread + 1);
	put_iov(at, at + 64, 1);
	for (int i = 0; i < ROUNDS; i++) {
		if (CALL(fd_write, g_fd, at, 1, at + 8) != WASI_SUCCESS || result(at + 8) != 1)
			return NULL;
	}
	return NULL;
}

TEST(one_position_for_all_threads)
{
	uint32_t once = 0;

	start();
	g_fd = open_file(0);
	in_threads(write_bytes);
	CHECK_EQ(CALL(fd_datasync, g_fd), WASI_SUCCESS);
	for (uint32_t i = 0; i < FILE_SIZE; i++)
		once += g_host.written[i] == 1;
	CHECK_EQ(once, FILE_SIZE);
	end();
}

/* Opens, moves over what another may just have opened, closes what another may be using. */
static void *shuffle(void *thread)
{
	const uint32_t at = area((uintptr_t)thread);

	park_enter((uint32_t)(uintptr_t)thread + 1);
	put_iov(at + 16, at + 64, 8);
	for (int i = 0; i < ROUNDS / 4; i++) {
		const uint32_t fd = open_file(at);

		CALL(fd_write, fd - (uint32_t)i % 2, at + 16, 1, at + 8);
		CALL(fd_seek, fd, 5, WASI_WHENCE_CUR, at + 8);
		CALL(fd_fdstat_set_flags, fd, (uint32_t)i % 2);
		CALL(fd_fdstat_get, fd, at + 128);
		CALL(fd_renumber, fd, 4 + (uint32_t)i % 8);
		CALL(fd_close, 4 + (uint32_t)(i + 3) % 8);
	}
	return NULL;
}

TEST(descriptors_open_move_and_close_on_all_threads)
{
	start();
	in_threads(shuffle);
	end(); /* every handle that the host gave came back, once */
}

static void *limit_rights(void *thread)
{
	const uint64_t drop = thread ? WASI_RIGHT_FD_SEEK : WASI_RIGHT_FD_ADVISE;
	const uint32_t at = area((uintptr_t)thread);
	struct wasi_fdstat st;

	park_enter((uint32_t)(uintptr_t)thread + 1);
	do { /* what somebody else took away meanwhile is refused */
		if (CALL(fd_fdstat_get, g_fd, at) != WASI_SUCCESS)
			return NULL;
		memcpy(&st, g_memory.base + at, sizeof(st));
	} while (CALL(fd_fdstat_set_rights, g_fd, st.rights_base & ~drop, 0) == WASI_NOTCAPABLE);
	return NULL;
}

TEST(rights_never_come_back)
{
	start();
	for (int i = 0; i < 500; i++) {
		struct wasi_fdstat st;

		g_fd = open_file(0);
		in_threads(limit_rights);
		CHECK_EQ(CALL(fd_fdstat_get, g_fd, 64), WASI_SUCCESS);
		memcpy(&st, g_memory.base + 64, sizeof(st));
		CHECK_EQ(st.rights_base & (WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_ADVISE), 0);
		CHECK_EQ(CALL(fd_close, g_fd), WASI_SUCCESS);
	}
	end();
}

static _Atomic bool g_read_done;

static void *read_stdin(void *unused)
{
	park_enter(1);
	put_iov(0x1000, 0x1100, 16);
	CHECK_EQ(CALL(fd_read, 0, 0x1000, 1, 0x1008), WASI_SUCCESS);
	g_read_done = true;
	return unused;
}

TEST(a_reader_that_waits_holds_nobody_up_and_keeps_its_stream)
{
	pthread_t reader;

	start();
	g_read_done = false;
	pthread_create(&reader, NULL, read_stdin, NULL);
	while (g_host.reads_waiting == 0)
		sched_yield();
	put_iov(0, 64, 3);
	CHECK_EQ(CALL(fd_write, 1, 0, 1, 8), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_get, 0, 128), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_set_flags, 0, WASI_FD_NONBLOCK), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_close, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_get, 0, 128), WASI_BADF);
	CHECK(!g_read_done && !g_host.stdin_closed);
	g_host.input = true;
	pthread_join(reader, NULL);
	CHECK(g_read_done && g_host.stdin_closed && !g_host.closed_under_read);
	end();
}

/* What another thread does while the first buffer is on its way out. */
static void change_iovs(void)
{
	for (uint32_t i = 0; i < 3; i++)
		put_iov(i * 8, GUEST_SIZE - 1, 0x10000);
}

TEST(buffers_are_what_they_were_when_they_were_checked)
{
	start();
	g_fd = open_file_with(0, WASI_FD_DSYNC);
	g_host.at_write = change_iovs;
	put_iov(0, 0x8000, 3000);
	put_iov(8, 0x9000, 3001);
	put_iov(16, 0xa000, 3002);
	CHECK_EQ(CALL(fd_write, g_fd, 0, 3, 64), WASI_SUCCESS);
	CHECK_EQ(result(64), 9003);
	CHECK_EQ(g_host.write_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(g_host.write_sizes[i], 3000 + i);
	end();
}

/* Is it one byte, as often as it goes? */
static bool uniform(const uint8_t *p, size_t size)
{
	for (size_t i = 1; i < size; i++) {
		if (p[i] != p[0])
			return false;
	}
	return true;
}

static _Atomic uint32_t g_torn;

static enum wasi_errno whole_report(void *context, const uint8_t user[WASI_USER_SIZE],
				    const uint8_t target[WASI_TARGET_SIZE],
				    uint8_t out[WASI_REPORT_SIZE])
{
	(void)context;
	(void)target;
	g_torn += !uniform(user, WASI_USER_SIZE);
	memcpy(out, user, WASI_USER_SIZE);
	return WASI_SUCCESS;
}

static uint32_t open_name(uint32_t at, const char *name)
{
	memcpy(g_memory.base + at, name, strlen(name));
	CHECK_EQ(CALL(path_open, DIR, 0, at, strlen(name), 0,
		      WASI_RIGHT_FD_READ | (*name == 'u' ? WASI_RIGHT_FD_WRITE : 0), 0, 0, at + 32),
		 WASI_SUCCESS);
	return result(at + 32);
}

/* Every thread writes its own byte, and looks at what somebody wrote. */
static void *attest(void *thread)
{
	const uint32_t at = area((uintptr_t)thread);

	park_enter((uint32_t)(uintptr_t)thread + 1);
	put_iov(at + 40, at + 256, WASI_USER_SIZE);
	for (int i = 0; i < ROUNDS / 4; i++) {
		const uint32_t fd = open_name(at, "user_report_data");

		memset(g_memory.base + at + 256, (int)(uintptr_t)thread + 1, WASI_USER_SIZE);
		CALL(fd_write, fd, at + 40, 1, at + 48);
		CALL(fd_pread, fd, at + 40, 1, 0, at + 48);
		g_torn += !uniform(g_memory.base + at + 256, WASI_USER_SIZE);
		CALL(fd_close, fd);
		CALL(fd_close, open_name(at, "report"));
	}
	return NULL;
}

TEST(what_is_to_be_attested_is_seen_whole)
{
	static const struct wasi_attestation attestation = {.report = whole_report};
	static const struct wasi_mount mount = {
		.path = {(const uint8_t *)"/dev/attestation", 16},
		.kind = WASI_MOUNT_ATTESTATION,
	};

	start();
	wasi_fini(&g_wasi);
	CHECK_EQ(g_host.open, 0);
	g_host.open = 3;
	g_config.mounts = &mount;
	g_config.attestation = &attestation;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_OK);
	in_threads(attest);
	CHECK_EQ(g_torn, 0);
	end();
}

#ifndef RACES_ARE_REPORTED
static _Atomic bool g_flipping;

/* A size that fits and one that does not, as fast as it goes. */
static void *flip_iov(void *unused)
{
	_Atomic uint32_t *size = (_Atomic uint32_t *)(void *)(g_memory.base + 4);

	while (g_flipping) {
		atomic_store_explicit(size, 0x20000, memory_order_relaxed);
		atomic_store_explicit(size, 8, memory_order_relaxed);
	}
	return unused;
}

TEST(a_size_that_flips_is_read_once)
{
	pthread_t flipper;
	uint32_t done = 0, faults = 0;

	start();
	g_fd = open_file(0x100);
	put_iov(0, GUEST_SIZE - 8, 8);
	g_flipping = true;
	pthread_create(&flipper, NULL, flip_iov, NULL);
	for (int i = 0; i < 200000; i++) {
		const uint32_t e = CALL(fd_write, g_fd, 0, 1, 64);

		done += e == WASI_SUCCESS && result(64) == 8;
		faults += e == WASI_FAULT;
		CALL(fd_seek, g_fd, 0, WASI_WHENCE_SET, 72);
	}
	g_flipping = false;
	pthread_join(flipper, NULL);
	CHECK_EQ(done + faults, 200000);
	end();
}
#endif

TEST(waiting_ends_when_the_program_does)
{
	const struct wasi_subscription far = {
		.type = WASI_EVENT_CLOCK,
		.u.clock = {.id = WASI_CLOCK_MONOTONIC, .timeout = UINT64_MAX / 2},
	};

	start();
	memcpy(g_memory.base, &far, sizeof(far));
	g_host.polls_until_stop = 5; /* this host never lets time pass, and answers at once */
	CHECK_EQ(CALL(poll_oneoff, 0, 0x1000, 1, 0x2000), WASI_INTR);
	CHECK_EQ(g_host.polls, 5);
	CHECK_EQ(CALL(poll_oneoff, 0, 0x1000, 1, 0x2000), WASI_INTR);
	CHECK_EQ(g_host.polls, 5);
	end();
}

TEST(the_first_exit_counts)
{
	uint32_t status = 99;

	start();
	CHECK(!wasi_exited(&g_wasi, &status));
	CALL(proc_exit, 0);
	CALL(proc_exit, 7);
	CHECK(wasi_exited(&g_wasi, &status));
	CHECK_EQ(status, 0);
	end();
}

int main(void)
{
	RUN(one_position_for_all_threads);
	RUN(descriptors_open_move_and_close_on_all_threads);
	RUN(rights_never_come_back);
	RUN(a_reader_that_waits_holds_nobody_up_and_keeps_its_stream);
	RUN(buffers_are_what_they_were_when_they_were_checked);
#ifndef RACES_ARE_REPORTED
	RUN(a_size_that_flips_is_read_once);
#endif
	RUN(what_is_to_be_attested_is_seen_whole);
	RUN(waiting_ends_when_the_program_does);
	RUN(the_first_exit_counts);
	return check_report();
}
