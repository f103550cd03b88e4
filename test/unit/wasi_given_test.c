/* wasi: files given with the program, and standard streams that lead elsewhere than to the host. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/path.h"

#define IOVS   0x800u
#define SUBS   0x900u
#define EVENTS 0xa00u

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
#define GIVEN(path, bytes)                                                                         \
	{                                                                                          \
		BYTES(path), BYTES(bytes)                                                          \
	}

/* ---- files ---- */

/* A guest with these mounts and files; what wasi_init says. */
static enum err open_guest(const struct wasi_mount *mounts, size_t mount_count,
			   const struct wasi_given *files, size_t file_count)
{
	guest_start(false);
	wasi_fini(&g_wasi);
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	for (size_t i = 0; i < mount_count; i++) {
		if (mounts[i].kind == WASI_MOUNT_HOST)
			CHECK_EQ(fake_handle(g_root, true, HOST_OPEN_READ), mounts[i].handle);
	}
	g_fake.writes = 0;
	g_config.mounts = mounts;
	g_config.mount_count = mount_count;
	g_config.files = files;
	g_config.file_count = file_count;
	return wasi_init(&g_wasi, &g_config);
}

/* After an init that failed, perhaps before it had taken the standard streams over. */
static void drop_guest(void)
{
	CHECK_EQ(g_fake.writes, 0);
	fake_fini();
	free(g_memory.base);
}

/* With one mount of memory, /in. */
static enum err refused(const struct wasi_given *files, size_t count)
{
	static const struct wasi_mount in = {.path = BYTES("/in"), .kind = WASI_MOUNT_TMP};
	const enum err e = open_guest(&in, 1, files, count);

	if (e == E_OK)
		wasi_fini(&g_wasi);
	CHECK_EQ(g_fake.open_handles, 0);
	drop_guest();
	return e;
}

#define REFUSED(path, bytes) refused(&(const struct wasi_given)GIVEN(path, bytes), 1)

/* As guest_reads, below another descriptor. */
static bool reads_at(uint32_t dir, const char *path, const char *data)
{
	const struct wasi_iovec iov = {GUEST_DATA, 100};

	if (guest_open_at(dir, path, 0, 0, WASI_RIGHT_FD_READ, 0) != WASI_SUCCESS)
		return false;
	const uint32_t fd = guest_u32(GUEST_OUT);

	guest_put(IOVS, &iov, sizeof(iov));
	const uint32_t e = CALL(fd_read, fd, IOVS, 1, GUEST_OUT);
	const uint32_t n = guest_u32(GUEST_OUT);

	return CALL(fd_close, fd) == WASI_SUCCESS && e == WASI_SUCCESS && n == strlen(data) &&
	       memcmp(g_memory.base + GUEST_DATA, data, n) == 0;
}

TEST(given_files_are_there_from_the_start)
{
	static const struct wasi_mount in = {.path = BYTES("/in"), .kind = WASI_MOUNT_TMP};
	static const struct wasi_given files[] = {GIVEN("/in/a", "first"), GIVEN("/in/d/e/b", "b"),
						  GIVEN("/in/d/c", ""), GIVEN("/in/...", "dots")};

	CHECK_EQ(open_guest(&in, 1, files, COUNT_OF(files)), E_OK);
	CHECK(guest_reads("a", "first") && guest_reads("d/e/b", "b") && guest_reads("d/c", ""));
	CHECK(guest_reads("...", "dots"));
	CHECK_EQ(guest_open("d/b"), WASI_NOENT);
	/* and are files like others */
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "d/e/b")),
		 WASI_SUCCESS);
	CHECK_EQ(g_fake.writes, 0);
	guest_end();
}

TEST(the_best_mount_gets_the_file)
{
	static const struct wasi_mount mounts[] = {
		{.path = BYTES("."), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/in"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/in/deep"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("data"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/z/deep"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/z"), .kind = WASI_MOUNT_TMP},
	};
	static const struct wasi_given files[] = {
		GIVEN("/in/f", "2"),  GIVEN("/in/deep/f", "3"), GIVEN("/in/deeper", "2"),
		GIVEN("/inner", "1"), GIVEN("data/f", "4"),	GIVEN("database", "0"),
		GIVEN("x/f", "0"),    GIVEN("/data", "1"),	GIVEN("/z/deep/f", "5"),
		GIVEN("/z/f", "6"),
	};

	CHECK_EQ(open_guest(mounts, COUNT_OF(mounts), files, COUNT_OF(files)), E_OK);
	CHECK(reads_at(3, "database", "0") && reads_at(3, "x/f", "0"));
	CHECK(reads_at(4, "inner", "1") && reads_at(4, "data", "1"));
	CHECK(reads_at(5, "f", "2") && reads_at(5, "deeper", "2"));
	CHECK(reads_at(6, "f", "3") && reads_at(7, "f", "4"));
	CHECK(reads_at(8, "f", "5") && reads_at(9, "f", "6"));
	guest_end();
}

TEST(no_given_byte_goes_to_the_host)
{
	static const struct wasi_mount mounts[] = {
		{.path = BYTES("/in"), .kind = WASI_MOUNT_TMP},
		{.path = BYTES("/in/host"), .kind = WASI_MOUNT_HOST, .handle = HOST_HANDLE_MOUNTS},
	};
	static const struct wasi_given below = GIVEN("/in/host/f", "secret");
	static const struct wasi_given beside = GIVEN("/in/hosts", "secret");
	static const struct wasi_given nowhere = GIVEN("/out/f", "secret");
	static const struct wasi_given relative = GIVEN("in/f", "secret");

	CHECK_EQ(open_guest(mounts, 2, &below, 1), E_DENIED);
	drop_guest();
	CHECK_EQ(open_guest(mounts, 2, &nowhere, 1), E_DENIED);
	drop_guest();
	CHECK_EQ(open_guest(mounts, 2, &relative, 1), E_DENIED);
	drop_guest();
	CHECK_EQ(open_guest(mounts, 0, &below, 1), E_DENIED);
	drop_guest();
	CHECK_EQ(open_guest(mounts, 2, &beside, 1), E_OK);
	CHECK(guest_reads("hosts", "secret"));
	CHECK_EQ(g_fake.writes, 0);
	guest_end();
}

TEST(paths_of_given_files_are_canonical)
{
	CHECK_EQ(REFUSED("/in/a", "x"), E_OK);
	CHECK_EQ(REFUSED("/in/", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/a/", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in//a", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/.", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/./a", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/..", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/../in/a", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in/a\0b", "x"), E_INVALID);
	CHECK_EQ(REFUSED("/in", "x"), E_DENIED);
	CHECK_EQ(REFUSED("", "x"), E_DENIED);
	CHECK_EQ(REFUSED("//in/a", "x"), E_DENIED);
	CHECK_EQ(REFUSED("in/a", "x"), E_DENIED);
}

TEST(given_files_stand_once_and_go_through_no_file)
{
	static const struct wasi_given twice[] = {GIVEN("/in/a", "1"), GIVEN("/in/a", "1")};
	static const struct wasi_given through[] = {GIVEN("/in/a", "1"), GIVEN("/in/a/b", "1")};
	static const struct wasi_given dir[] = {GIVEN("/in/a/b", "1"), GIVEN("/in/a", "1")};

	CHECK_EQ(refused(twice, 2), E_INVALID);
	CHECK_EQ(refused(through, 2), E_INVALID);
	CHECK_EQ(refused(dir, 2), E_INVALID);
	CHECK_EQ(refused(twice, 1), E_OK);
}

TEST(long_names_of_given_files_are_bounded)
{
	static uint8_t path[8000];
	struct wasi_given g = {{path, 4 + 255}, BYTES("x")};

	memset(path, 'a', sizeof(path));
	memcpy(path, "/in/", 4);
	CHECK_EQ(refused(&g, 1), E_OK);
	g.path.size++;
	CHECK_EQ(refused(&g, 1), E_INVALID);
	for (size_t i = 3 + 17; i < sizeof(path); i += 17)
		path[i] = '/';
	g.path.size = 4 + 4096;
	CHECK_EQ(refused(&g, 1), E_OK);
	g.path.size++;
	CHECK_EQ(refused(&g, 1), E_INVALID);
}

TEST(given_files_are_no_deeper_than_the_guest_can_go)
{
	static const struct wasi_mount in = {.path = BYTES("/in"), .kind = WASI_MOUNT_TMP};
	static uint8_t path[3 + 2 * (PATH_DEPTH_MAX + 1) + 1] = "/in";
	struct wasi_given g = {{path, 3 + 2 * PATH_DEPTH_MAX}, BYTES("deep")};

	for (size_t i = 3; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "/a", 2);
	g.path.size += 2;
	CHECK_EQ(refused(&g, 1), E_INVALID);
	g.path.size -= 2;
	CHECK_EQ(open_guest(&in, 1, &g, 1), E_OK);
	path[g.path.size] = 0;
	CHECK(guest_reads((const char *)path + 4, "deep"));
	guest_end();
}

TEST(given_files_count_against_the_size)
{
	static const uint8_t big[40000] = {1};
	const struct wasi_mount in = {.path = BYTES("/in"), .kind = WASI_MOUNT_TMP, .size = 65536};
	const struct wasi_given files[] = {{BYTES("/in/a"), {big, sizeof(big)}},
					   {BYTES("/in/b"), {big, sizeof(big)}}};

	CHECK_EQ(open_guest(&in, 1, files, 2), E_LIMIT);
	drop_guest();
	CHECK_EQ(open_guest(&in, 1, files, 1), E_OK);
	guest_end();
}

TEST(a_read_only_mount_keeps_what_was_given)
{
	static const struct wasi_mount in = {
		.path = BYTES("/in"), .kind = WASI_MOUNT_TMP, .read_only = true};
	static const struct wasi_given file = GIVEN("/in/d/f", "fixed");

	CHECK_EQ(open_guest(&in, 1, &file, 1), E_OK);
	CHECK(guest_reads("d/f", "fixed"));
	CHECK_EQ(guest_open_at(GUEST_DIR, "d/f", 0, 0, RIGHTS_RW, 0), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "d/g", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_ROFS);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "d/f")),
		 WASI_ROFS);
	guest_end();
}

TEST(want_of_memory_is_survived_everywhere)
{
	static const struct wasi_mount in = {.path = BYTES("/in"), .kind = WASI_MOUNT_TMP};
	static const struct wasi_given files[] = {GIVEN("/in/d/f", "1"), GIVEN("/in/g", "2")};
	enum err e = E_NOMEM;
	long n = 0;

	for (; e != E_OK; n++) {
		CHECK_EQ(e, E_NOMEM);
		if (open_guest(&in, 1, files, 2) != E_OK)
			abort();
		wasi_fini(&g_wasi);
		for (int i = 0; i < 3; i++)
			fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
		native_heap_fail_at(n);
		e = wasi_init(&g_wasi, &g_config);
		native_heap_fail_at(-1);
		if (e != E_OK)
			drop_guest();
	}
	CHECK(guest_reads("d/f", "1") && guest_reads("g", "2"));
	CHECK(n > 10);
	guest_end();
}

/* ---- streams ---- */

static struct {
	const char *input;
	size_t at;
	char output[3][100];
	size_t sizes[3];
	size_t most; /* bytes taken at once */
	enum wasi_errno fail;
} g_end;

static enum wasi_errno end_read(void *context, void *buf, size_t size, size_t *done)
{
	const size_t left = strlen(g_end.input) - g_end.at;

	CHECK(context == &g_end);
	*done = size < left ? size : left;
	memcpy(buf, g_end.input + g_end.at, *done);
	g_end.at += *done;
	return g_end.fail;
}

static enum wasi_errno end_write(void *context, unsigned stream, const void *buf, size_t size,
				 size_t *done)
{
	CHECK(context == &g_end && (stream == 1 || stream == 2));
	if (g_end.fail != WASI_SUCCESS)
		return g_end.fail;
	*done = size < g_end.most ? size : g_end.most;
	memcpy(g_end.output[stream] + g_end.sizes[stream], buf, *done);
	g_end.sizes[stream] += *done;
	return WASI_SUCCESS;
}

/* A guest whose streams lead to g_end. */
static void stream_start(const char *input)
{
	static const struct wasi_streams streams = {&g_end, end_read, end_write};

	guest_start(false);
	wasi_fini(&g_wasi);
	CHECK_EQ(CALL(fd_close, 0), WASI_BADF);
	memset(&g_end, 0, sizeof(g_end));
	g_end.input = input;
	g_end.most = 50;
	g_config.mount_count = 0;
	g_config.streams = &streams;
	if (wasi_init(&g_wasi, &g_config) != E_OK)
		abort();
	g_fake.calls = 0;
}

/* Nothing was asked of the host, which had no part in it. */
static void stream_end(void)
{
	CHECK_EQ(g_fake.calls, 0);
	guest_end();
}

static uint32_t move(bool out, uint32_t fd, uint32_t at, uint32_t size)
{
	const struct wasi_iovec v[2] = {{at, size / 2}, {at + size / 2, size - size / 2}};

	guest_put(IOVS, v, sizeof(v));
	return out ? CALL(fd_write, fd, IOVS, 2, GUEST_OUT) : CALL(fd_read, fd, IOVS, 2, GUEST_OUT);
}

TEST(streams_lead_to_the_callbacks)
{
	stream_start("input of the owner");
	CHECK_EQ(move(false, 0, GUEST_DATA, 9), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 9);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "input of ", 9) == 0);
	CHECK_EQ(move(false, 0, GUEST_DATA, 100), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 9);
	CHECK_EQ(move(false, 0, GUEST_DATA, 100), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0); /* the end, again and again */
	CHECK_EQ(move(true, 1, GUEST_DATA, guest_str(GUEST_DATA, "out")), WASI_SUCCESS);
	CHECK_EQ(move(true, 2, GUEST_DATA, guest_str(GUEST_DATA, "err")), WASI_SUCCESS);
	CHECK_EQ(move(true, 1, GUEST_DATA, guest_str(GUEST_DATA, "put")), WASI_SUCCESS);
	CHECK(strcmp(g_end.output[1], "output") == 0 && strcmp(g_end.output[2], "err") == 0);
	CHECK_EQ(CALL(fd_sync, 1), WASI_SUCCESS);
	stream_end();
}

TEST(streams_go_one_way)
{
	stream_start("x");
	CHECK_EQ(move(true, 0, GUEST_DATA, 4), WASI_BADF);
	CHECK_EQ(move(false, 1, GUEST_DATA, 4), WASI_BADF);
	CHECK_EQ(CALL(fd_seek, 1, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SPIPE);
	CHECK_EQ(CALL(fd_pwrite, 1, IOVS, 1, 0, GUEST_OUT), WASI_SPIPE);
	stream_end();
}

TEST(a_short_write_is_told_and_an_error_passed_on)
{
	stream_start("x");
	g_end.most = 2;
	CHECK_EQ(move(true, 1, GUEST_DATA, 10), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 2);
	g_end.fail = WASI_PIPE;
	CHECK_EQ(move(true, 1, GUEST_DATA, 10), WASI_PIPE);
	CHECK_EQ(move(false, 0, GUEST_DATA, 10), WASI_PIPE);
	stream_end();
}

TEST(such_a_stream_is_no_terminal)
{
	struct wasi_fdstat st;
	struct wasi_filestat file;

	stream_start("x");
	for (uint32_t fd = 0; fd < 3; fd++) {
		CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_DATA), WASI_SUCCESS);
		memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
		CHECK_EQ(st.type, WASI_TYPE_UNKNOWN);
		CHECK(!(st.rights_base & WASI_RIGHT_FD_SEEK));
		CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
		memcpy(&file, g_memory.base + GUEST_DATA, sizeof(file));
		CHECK(file.type == WASI_TYPE_UNKNOWN && file.size == 0 && file.ino == fd);
		CHECK_EQ(CALL(fd_fdstat_set_flags, fd, WASI_FD_NONBLOCK), WASI_SUCCESS);
	}
	stream_end();
}

TEST(such_a_stream_is_always_ready)
{
	struct wasi_subscription subs[3] = {{.userdata = 1, .type = WASI_EVENT_FD_READ},
					    {.userdata = 2, .type = WASI_EVENT_FD_WRITE},
					    {.userdata = 3, .type = WASI_EVENT_FD_WRITE}};
	struct wasi_event events[3];

	stream_start("x");
	for (uint32_t i = 0; i < 3; i++)
		subs[i].u.fd = i;
	guest_put(SUBS, subs, sizeof(subs));
	CHECK_EQ(CALL(poll_oneoff, SUBS, EVENTS, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 3);
	memcpy(events, g_memory.base + EVENTS, sizeof(events));
	for (uint32_t i = 0; i < 3; i++)
		CHECK(events[i].userdata == i + 1 && events[i].error == WASI_SUCCESS);
	stream_end();
}

int main(void)
{
	RUN(given_files_are_there_from_the_start);
	RUN(the_best_mount_gets_the_file);
	RUN(no_given_byte_goes_to_the_host);
	RUN(paths_of_given_files_are_canonical);
	RUN(given_files_stand_once_and_go_through_no_file);
	RUN(long_names_of_given_files_are_bounded);
	RUN(given_files_are_no_deeper_than_the_guest_can_go);
	RUN(given_files_count_against_the_size);
	RUN(a_read_only_mount_keeps_what_was_given);
	RUN(want_of_memory_is_survived_everywhere);
	RUN(streams_lead_to_the_callbacks);
	RUN(streams_go_one_way);
	RUN(a_short_write_is_told_and_an_error_passed_on);
	RUN(such_a_stream_is_no_terminal);
	RUN(such_a_stream_is_always_ready);
	return check_report();
}
