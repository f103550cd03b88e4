/* wasi: descriptors, data, rights, and what a hostile pointer or length does (nothing). */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/table.h"

#define IOVS 0x800u

static void iov(uint32_t i, uint32_t buf, uint32_t size)
{
	const struct wasi_iovec v = {buf, size};

	guest_put(IOVS + i * 8, &v, sizeof(v));
}

static uint32_t size_of(const char *name)
{
	return (uint32_t)g_fake.nodes[fake_find(g_root, name, strlen(name))->node].size;
}

TEST(arguments_and_environment)
{
	guest_start(false);
	CHECK_EQ(CALL(args_sizes_get, 0, 4), WASI_SUCCESS);
	CHECK_EQ(guest_u32(0), 3);
	CHECK_EQ(guest_u32(4), 9);
	CHECK_EQ(CALL(args_get, 0x100, 0x200), WASI_SUCCESS);
	CHECK_EQ(guest_u32(0x100), 0x200);
	CHECK_EQ(guest_u32(0x104), 0x205);
	CHECK_EQ(guest_u32(0x108), 0x206);
	CHECK(memcmp(g_memory.base + 0x200, "prog\0\0-x\0\xee", 10) == 0);
	CHECK_EQ(CALL(environ_sizes_get, 0, 4), WASI_SUCCESS);
	CHECK_EQ(guest_u32(4), 4);
	CHECK_EQ(CALL(environ_get, 0x100, 0x200), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + 0x200, "A=1", 4) == 0);
	CHECK_EQ(CALL(args_sizes_get, GUEST_SIZE - 3, 0), WASI_FAULT);
	CHECK_EQ(CALL(args_sizes_get, 0, GUEST_SIZE - 3), WASI_FAULT);
	CHECK_EQ(CALL(args_get, GUEST_SIZE - 11, 0x200), WASI_FAULT);
	CHECK_EQ(CALL(args_get, 0x100, GUEST_SIZE - 8), WASI_FAULT);
	CHECK_EQ(CALL(args_get, 0x100, GUEST_SIZE - 9), WASI_SUCCESS);
	CHECK_EQ(CALL(args_get, 0xffffffff, 0xffffffff), WASI_FAULT);
	guest_end();
}

TEST(configurations_are_checked)
{
	struct wasi w;
	const struct wasi_bytes bad = {(const uint8_t *)"a\0b", 3};
	struct wasi_mount m = {{(const uint8_t *)"/", 1}, WASI_MOUNT_HOST, false, 3, 0, NULL};
	struct wasi_config c = {.args = &bad, .arg_count = 1};

	fake_init();
	CHECK_EQ(wasi_init(&w, &c), E_INVALID);
	c = (struct wasi_config){.env = &bad, .env_count = 1};
	CHECK_EQ(wasi_init(&w, &c), E_INVALID);
	c = (struct wasi_config){.mounts = &m, .mount_count = 1};
	m.path = bad;
	CHECK_EQ(wasi_init(&w, &c), E_INVALID);
	m.path.size = 0;
	CHECK_EQ(wasi_init(&w, &c), E_INVALID);
	m.path.size = 1;
	m.kind = 99;
	CHECK_EQ(wasi_init(&w, &c), E_UNSUPPORTED);
	m.kind = WASI_MOUNT_HOST;
	c.mount_count = WASI_FDS_MAX;
	CHECK_EQ(wasi_init(&w, &c), E_LIMIT);
	CHECK_EQ(g_fake.open_handles, 4);
	fake_fini();
}

TEST(init_survives_want_of_memory)
{
	const struct wasi_mount m = {{(const uint8_t *)"/", 1}, WASI_MOUNT_HOST, false, 3, 0, NULL};
	const struct wasi_config c = {.mounts = &m, .mount_count = 1};
	enum err e = E_NOMEM;

	for (long n = 0; e != E_OK; n++) {
		struct wasi w;

		fake_init();
		native_heap_fail_at(n);
		e = wasi_init(&w, &c);
		native_heap_fail_at(-1);
		CHECK(e == E_OK || e == E_NOMEM);
		if (e == E_OK) {
			wasi_fini(&w);
			CHECK_EQ(n, 10);
		}
		CHECK_EQ(g_fake.bad, 0);
		fake_fini();
	}
}

TEST(reading_and_writing)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	iov(0, GUEST_DATA, 4);
	iov(1, GUEST_DATA + 100, 3);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 7);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "0123\xee", 5) == 0);
	CHECK(memcmp(g_memory.base + GUEST_DATA + 100, "456\xee", 4) == 0);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 7);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 3);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(CALL(fd_pread, fd, IOVS, 1, 6, GUEST_OUT), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "6789", 4) == 0);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 2, 8, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 7);
	CHECK_EQ(CALL(fd_datasync, fd), WASI_SUCCESS);
	CHECK_EQ(size_of("f"), 15);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 10);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(guest_reads("f", "012345676767896"));
	CHECK_EQ(CALL(fd_read, fd, 0, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(CALL(fd_pread, fd, IOVS, 1, UINT64_MAX, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, UINT64_MAX, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, INT64_MAX, GUEST_OUT), WASI_FBIG);
	guest_end();
}

TEST(large_transfers_go_in_pieces)
{
	guest_start(false);
	g_memory.base = realloc(g_memory.base, 0x120000);
	g_memory.size = 0x120000;
	for (uint32_t i = GUEST_SIZE; i < 0x120000; i++)
		g_memory.base[i] = (uint8_t)(i * 31 >> 3);
	const uint32_t fd = guest_fd("big", WASI_OPEN_CREATE, RIGHTS_RW, 0);

	iov(0, GUEST_SIZE, 0x80000);
	iov(1, GUEST_SIZE + 0x80000, 0x7ffff);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0xfffff);
	CHECK_EQ(size_of("big"), 0xfffff);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	memset(g_memory.base + GUEST_SIZE, 0, 0x100000);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0xfffff);
	uint32_t same = 0;

	for (uint32_t i = GUEST_SIZE; i < 0x11ffff; i++)
		same += g_memory.base[i] == (uint8_t)(i * 31 >> 3);
	CHECK_EQ(same, 0xfffff);
	g_fake.short_write = 1000;
	CHECK_EQ(CALL(fd_write, fd, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 1000);
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(CALL(fd_write, fd, IOVS, 2, GUEST_OUT), WASI_NOSPC);
	g_fake.fail = HOST_IO;
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_IO);
	guest_end();
}

TEST(vectors_are_checked_before_anything_moves)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const unsigned calls = g_fake.calls;

	iov(0, GUEST_DATA, 4);
	iov(1, GUEST_SIZE - 3, 4);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 2, GUEST_OUT), WASI_FAULT);
	iov(1, 0xffffffff, 0xffffffff);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_FAULT);
	iov(1, GUEST_DATA, 0xffffffff);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 2, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 1, GUEST_SIZE - 3), WASI_FAULT);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 1, 0xffffffff), WASI_FAULT);
	CHECK_EQ(CALL(fd_read, fd, GUEST_SIZE - 7, 1, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 0xffffffff, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_read, fd, IOVS, WASI_IOVS_MAX + 1, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_read, fd, GUEST_SIZE - 8 * WASI_IOVS_MAX + 1, WASI_IOVS_MAX, GUEST_OUT),
		 WASI_FAULT);
	CHECK_EQ(g_fake.calls, calls);
	CHECK_EQ(g_fake.writes, 0);
	for (uint32_t i = 0; i < WASI_IOVS_MAX; i++)
		iov(i, GUEST_DATA, i % 2);
	CHECK_EQ(CALL(fd_read, fd, IOVS, WASI_IOVS_MAX, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 10);
	guest_end();
}

TEST(vectors_over_four_gigabytes_are_refused)
{
	struct wasi_iovs v;

	guest_start(false);
	g_memory.size = UINT64_C(1) << 32; /* claimed; nothing of it is touched */
	iov(0, 0, 0xffffffff);
	iov(1, 0, 1);
	CHECK_EQ(wasi_iovs_init(&v, &g_memory, IOVS, 2), WASI_INVAL);
	CHECK_EQ(wasi_iovs_init(&v, &g_memory, IOVS, 1), WASI_SUCCESS);
	wasi_iovs_fini(&v);
	for (uint32_t i = 0; i < WASI_IOVS_MAX; i++)
		iov(i, 0, 0xffffffff);
	CHECK_EQ(wasi_iovs_init(&v, &g_memory, IOVS, WASI_IOVS_MAX), WASI_INVAL);
	native_heap_fail_at(0);
	CHECK_EQ(wasi_iovs_init(&v, &g_memory, IOVS, WASI_IOVS_MAX), WASI_NOMEM);
	native_heap_fail_at(-1);
	guest_end();
}

TEST(upper_halves_of_numbers_do_not_count)
{
	guest_start(false);
	fake_file(g_root, "f", "data");
	const uint64_t dirt = UINT64_C(0xdeadbeef) << 32;
	const uint32_t size = guest_str(GUEST_PATH, "f");

	CHECK_EQ(CALL(path_open, dirt | 3, dirt, dirt | GUEST_PATH, dirt | size, dirt,
		      WASI_RIGHT_FD_READ, 0, dirt, dirt | GUEST_OUT),
		 WASI_SUCCESS);
	const uint32_t fd = guest_u32(GUEST_OUT);

	iov(0, GUEST_DATA, 4);
	CHECK_EQ(CALL(fd_read, dirt | fd, dirt | IOVS, dirt | 1, dirt | GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK_EQ(CALL(fd_close, dirt | fd), WASI_SUCCESS);
	guest_end();
}

TEST(no_memory_at_all)
{
	guest_start(false);
	const struct wasi_memory none = {NULL, 0};

	CHECK_EQ(wasi_fd_read(&g_wasi, &none, (const uint64_t[]){0, 0, 0, 0}), WASI_FAULT);
	CHECK_EQ(wasi_random_get(&g_wasi, &none, (const uint64_t[]){0, 0}), WASI_SUCCESS);
	CHECK_EQ(wasi_random_get(&g_wasi, &none, (const uint64_t[]){0, 1}), WASI_FAULT);
	CHECK_EQ(wasi_path_create_directory(&g_wasi, &none, (const uint64_t[]){3, 0, 0}),
		 WASI_NOENT);
	guest_end();
}

TEST(appending)
{
	guest_start(false);
	fake_file(g_root, "f", "01234");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);

	guest_str(GUEST_DATA, "abc");
	iov(0, GUEST_DATA, 3);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 8);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(guest_reads("f", "01234abcabc"));
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-1, WASI_WHENCE_CUR, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 10);
	guest_str(GUEST_DATA, "XYZ");
	iov(0, GUEST_DATA, 3);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(guest_reads("f", "01234abcabXYZ"));
	CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT + 2], 0);
	guest_end();
}

TEST(seeking)
{
	guest_start(false);
	fake_file(g_root, "f", "01234");
	const uint32_t fd = guest_fd("f", 0, WASI_RIGHT_FD_READ, 0);
	const unsigned calls = g_fake.calls;

	CHECK_EQ(CALL(fd_seek, fd, 3, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, 4, WASI_WHENCE_CUR, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 7);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_fake.calls, calls);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-2, WASI_WHENCE_END, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 3);
	CHECK_EQ(g_fake.calls, calls + 1);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-4, WASI_WHENCE_CUR, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-1, WASI_WHENCE_SET, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, INT64_MAX, WASI_WHENCE_CUR, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, 0, 3, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_SIZE - 7), WASI_FAULT);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 3);
	CHECK_EQ(CALL(fd_seek, 0, 0, WASI_WHENCE_CUR, GUEST_OUT), WASI_SPIPE);
	CHECK_EQ(CALL(fd_tell, 1, GUEST_OUT), WASI_SPIPE);
	CHECK_EQ(CALL(fd_pread, 0, IOVS, 0, 0, GUEST_OUT), WASI_SPIPE);
	CHECK_EQ(CALL(fd_pwrite, 1, IOVS, 0, 0, GUEST_OUT), WASI_SPIPE);
	CHECK_EQ(CALL(fd_seek, 50, 0, WASI_WHENCE_CUR, GUEST_OUT), WASI_BADF);
	guest_end();
}

TEST(streams_pass_through)
{
	guest_start(false);
	guest_str(GUEST_DATA, "hello ");
	guest_str(GUEST_DATA + 50, "world\n");
	iov(0, GUEST_DATA, 6);
	iov(1, GUEST_DATA + 50, 6);
	const unsigned calls = g_fake.calls;

	CHECK_EQ(CALL(fd_write, 1, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_fake.calls, calls + 1);
	const struct fake_node *out = &g_fake.nodes[g_fake.handles[1].node];

	CHECK(out->size == 12 && memcmp(out->data, "hello world\n", 12) == 0);
	CHECK_EQ(CALL(fd_read, 1, IOVS, 1, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_write, 0, IOVS, 1, GUEST_OUT), WASI_BADF);
	struct fake_node *in = &g_fake.nodes[g_fake.handles[0].node];

	in->data = (uint8_t *)strdup("line");
	in->size = 4;
	iov(0, GUEST_DATA, 4);
	iov(1, GUEST_DATA + 50, 6000);
	CHECK_EQ(CALL(fd_read, 0, IOVS, 2, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK_EQ(g_fake.calls, calls + 2); /* a second read could have waited */
	g_fake.fail = HOST_PIPE;
	CHECK_EQ(CALL(fd_write, 1, IOVS, 1, GUEST_OUT), WASI_PIPE);
	CHECK_EQ(CALL(fd_fdstat_get, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT], WASI_TYPE_CHAR);
	CHECK_EQ(guest_u64(GUEST_OUT + 8) & (WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL), 0);
	out = NULL;
	g_fake.nodes[g_fake.handles[1].node].type = HOST_TYPE_DIR; /* a lie */
	CHECK_EQ(CALL(fd_fdstat_get, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT], WASI_TYPE_UNKNOWN);
	CHECK_EQ(guest_open_at(1, "x", 0, 0, 0, 0), WASI_NOTDIR);
	CHECK_EQ(CALL(fd_close, 1), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_write, 1, IOVS, 1, GUEST_OUT), WASI_BADF);
	guest_end();
}

TEST(operations_on_a_directory)
{
	guest_start(false);
	const uint32_t fd = GUEST_DIR;

	iov(0, GUEST_DATA, 4);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 1, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_pread, fd, IOVS, 1, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_seek, fd, 0, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 4), WASI_BADF);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 0), WASI_BADF);
	CHECK_EQ(CALL(fd_sync, fd), WASI_BADF);
	CHECK_EQ(CALL(fd_datasync, fd), WASI_BADF);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, WASI_FD_NONBLOCK), WASI_BADF);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_BADF);
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT + 16], WASI_TYPE_DIR);
	guest_end();
}

TEST(sizes_and_allocation)
{
	guest_start(false);
	fake_file(g_root, "f", "01234");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const uint32_t ro = guest_fd("f", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(fd_filestat_set_size, fd, 2), WASI_SUCCESS);
	CHECK_EQ(size_of("f"), 2);
	CHECK_EQ(CALL(fd_filestat_set_size, ro, 0), WASI_INVAL);
	CHECK_EQ(CALL(fd_filestat_set_size, 1, 0), WASI_INVAL);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, UINT64_MAX), WASI_INVAL);
	CHECK_EQ(CALL(fd_allocate, fd, 4, 6), WASI_SUCCESS);
	CHECK_EQ(size_of("f"), 10);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 0), WASI_INVAL);
	CHECK_EQ(CALL(fd_allocate, fd, INT64_MAX, 2), WASI_FBIG);
	CHECK_EQ(CALL(fd_allocate, ro, 0, 1), WASI_BADF);
	CHECK_EQ(CALL(fd_allocate, 9, 0, 1), WASI_BADF);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 5), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 6), WASI_INVAL);
	CHECK_EQ(CALL(fd_advise, fd, UINT64_MAX, 0, 0), WASI_INVAL);
	CHECK_EQ(CALL(fd_advise, 1, 0, 0, 0), WASI_SPIPE);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_datasync, ro), WASI_SUCCESS);
	g_fake.fail = HOST_IO;
	CHECK_EQ(CALL(fd_sync, fd), WASI_IO);
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 5, 6, 5), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_get, ro, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT + 40), 5);
	CHECK_EQ(guest_u64(GUEST_OUT + 48), 6);
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 5, 6, 3), WASI_INVAL);
	guest_end();
}

TEST(flags)
{
	guest_start(false);
	fake_file(g_root, "f", "");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, WASI_FD_SYNC);

	CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT], WASI_TYPE_FILE);
	CHECK_EQ(g_memory.base[GUEST_OUT + 2], WASI_FD_SYNC);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_NOTSUP);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, WASI_FD_SYNC | WASI_FD_DSYNC), WASI_NOTSUP);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 32), WASI_INVAL);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, WASI_FD_SYNC | WASI_FD_NONBLOCK), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT + 2], WASI_FD_SYNC | WASI_FD_NONBLOCK);
	CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_SIZE - 23), WASI_FAULT);
	CHECK_EQ(CALL(fd_fdstat_get, 40, GUEST_OUT), WASI_BADF);
	guest_end();
}

TEST(preopened_directories)
{
	guest_start(false);
	CHECK_EQ(CALL(fd_prestat_get, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(guest_u32(GUEST_OUT + 4), 5);
	CHECK_EQ(CALL(fd_prestat_get, 4, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_prestat_get, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_prestat_dir_name, 3, GUEST_DATA, 4), WASI_NAMETOOLONG);
	CHECK_EQ(CALL(fd_prestat_dir_name, 3, GUEST_SIZE - 4, 5), WASI_FAULT);
	CHECK_EQ(CALL(fd_prestat_dir_name, 3, GUEST_DATA, 9), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "/data\xee", 6) == 0);
	CHECK_EQ(CALL(fd_fdstat_get, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT + 8), WASI_RIGHTS_DIR);
	CHECK_EQ(guest_u64(GUEST_OUT + 16), WASI_RIGHTS_ALL);
	CHECK_EQ(CALL(fd_close, 3), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_prestat_get, 3, GUEST_OUT), WASI_BADF);
	CHECK_EQ(guest_open("x"), WASI_BADF);
	guest_end();
}

TEST(rights_shrink_and_hold)
{
	guest_start(false);
	fake_file(g_root, "f", "01234");
	fake_dir(g_root, "d");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const uint64_t all = WASI_RIGHTS_FILE;

	iov(0, GUEST_DATA, 1);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, all | WASI_RIGHT_PATH_OPEN, 0), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, all, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, all & ~WASI_RIGHT_FD_READ, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_read, fd, IOVS, 1, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, all, 0), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, WASI_RIGHT_FD_TELL, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_tell, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_CUR, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, 0, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_sync, fd), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_datasync, fd), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 0), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 1, 1, 5), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_NOTCAPABLE);
	guest_end();
}

TEST(rights_of_directories_hold)
{
	guest_start(false);
	fake_file(g_root, "f", "01234");
	fake_dir(g_root, "d");
	const uint64_t no_read = WASI_RIGHTS_ALL & ~WASI_RIGHT_FD_READ;

	guest_str(GUEST_PATH, "f");
	CHECK_EQ(CALL(fd_fdstat_set_rights, 3, WASI_RIGHTS_DIR, no_read), WASI_SUCCESS);
	CHECK_EQ(guest_open("f"), WASI_NOTCAPABLE);
	const uint32_t d = guest_fd("d", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(guest_open_at(d, "../f", 0, 0, WASI_RIGHT_FD_READ, 0), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_get, d, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT + 16), no_read);
	CHECK_EQ(CALL(fd_fdstat_set_rights, 3, WASI_RIGHT_PATH_OPEN, no_read), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(3, "f", 0, 0, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(3, "f", 0, WASI_OPEN_CREATE, 0, 0), WASI_NOTCAPABLE);
	CHECK_EQ(guest_open_at(3, "f", 0, WASI_OPEN_TRUNC, 0, 0), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_create_directory, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_remove_directory, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_unlink_file, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_rename, 3, GUEST_PATH, 1, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_link, 3, 0, GUEST_PATH, 1, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_symlink, GUEST_PATH, 1, 3, GUEST_PATH, 1), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_readlink, 3, GUEST_PATH, 1, GUEST_DATA, 9, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_filestat_get, 3, 0, GUEST_PATH, 1, GUEST_DATA), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, GUEST_PATH, 1, 1, 1, 5), WASI_NOTCAPABLE);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_NOTCAPABLE);
	CHECK_EQ(g_fake.writes, 0);
	guest_end();
}

TEST(renumbering)
{
	guest_start(false);
	fake_file(g_root, "a", "aaa");
	fake_file(g_root, "b", "bbb");
	const uint32_t a = guest_fd("a", 0, RIGHTS_RW, 0), b = guest_fd("b", 0, RIGHTS_RW, 0);

	CHECK_EQ(a, 4);
	CHECK_EQ(b, 5);
	CHECK_EQ(CALL(fd_renumber, a, 9), WASI_BADF);
	CHECK_EQ(CALL(fd_renumber, 9, a), WASI_BADF);
	CHECK_EQ(CALL(fd_renumber, a, 0xffffffff), WASI_BADF);
	CHECK_EQ(CALL(fd_renumber, a, a), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_renumber, a, b), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_close, a), WASI_BADF);
	CHECK_EQ(guest_fd("b", 0, RIGHTS_RW, 0), a); /* the lowest free number */
	iov(0, GUEST_DATA, 3);
	CHECK_EQ(CALL(fd_read, b, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "aaa", 3) == 0);
	CHECK_EQ(CALL(fd_renumber, b, 1), WASI_SUCCESS); /* over a stream */
	CHECK_EQ(CALL(fd_close, 1), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_close, 0xffffffff), WASI_BADF);
	guest_end();
}

TEST(the_table_has_a_limit)
{
	guest_start(false);
	uint32_t e = WASI_SUCCESS, n = 4;

	/* one node for all: "." opens no handle */
	for (; e == WASI_SUCCESS; n++)
		e = guest_open(".");
	CHECK_EQ(e, WASI_MFILE);
	CHECK_EQ(n, WASI_FDS_MAX + 1);
	CHECK_EQ(CALL(fd_close, 2000), WASI_SUCCESS);
	CHECK_EQ(guest_open("."), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 2000);
	guest_end();
}

/* Entry `i` of what fd_readdir wrote; its place, or 0 when it is not whole. */
static uint32_t entry(uint32_t used, uint32_t i, struct wasi_dirent *d)
{
	uint32_t at = 0;

	for (;;) {
		if (at + sizeof(*d) > used)
			return 0;
		memcpy(d, g_memory.base + GUEST_DATA + at, sizeof(*d));
		if (at + sizeof(*d) + d->name_size > used)
			return 0;
		if (i-- == 0)
			return GUEST_DATA + at + (uint32_t)sizeof(*d);
		at += (uint32_t)sizeof(*d) + d->name_size;
	}
}

TEST(reading_directories)
{
	struct wasi_dirent d;

	guest_start(false);
	fake_file(g_root, "first", "");
	fake_dir(g_root, "second");
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 1000, 0, GUEST_OUT), WASI_SUCCESS);
	const uint32_t used = guest_u32(GUEST_OUT);

	CHECK_EQ(used, 4 * 24 + 1 + 2 + 5 + 6);
	CHECK(entry(used, 0, &d) && d.name_size == 1 && d.type == WASI_TYPE_DIR);
	CHECK(entry(used, 1, &d) && d.name_size == 2);
	CHECK(memcmp(g_memory.base + entry(used, 2, &d), "first", 5) == 0);
	CHECK_EQ(d.type, WASI_TYPE_FILE);
	const uint64_t next = d.next;

	CHECK_EQ(entry(used, 4, &d), 0);
	/* from a cookie */
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 1000, next, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 30);
	CHECK(memcmp(g_memory.base + entry(30, 0, &d), "second", 6) == 0);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 1000, d.next, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	/* small buffers: cut entries fill them */
	for (uint32_t size = 0; size <= used + 1; size++) {
		memset(g_memory.base + GUEST_DATA, 0xcc, 200);
		CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, size, 0, GUEST_OUT), WASI_SUCCESS);
		CHECK_EQ(guest_u32(GUEST_OUT), size < used ? size : used);
		CHECK_EQ(g_memory.base[GUEST_DATA + size], 0xcc);
	}
	const uint32_t fd = guest_fd("first", 0, 0, 0);

	CHECK_EQ(CALL(fd_readdir, fd, GUEST_DATA, 9, 0, GUEST_OUT), WASI_NOTDIR);
	CHECK_EQ(CALL(fd_readdir, 60, GUEST_DATA, 9, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_SIZE - 8, 9, 0, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 9, 0, GUEST_SIZE - 3), WASI_FAULT);
	guest_end();
}

TEST(large_directories_come_in_batches)
{
	char name[40];
	uint64_t cookie = 0;
	unsigned count = 0;
	struct wasi_dirent d;

	guest_start(false);
	for (int i = 0; i < FAKE_ENTRIES; i++) {
		snprintf(name, sizeof(name), "a_longer_name_of_file_%d", i);
		fake_enter(g_root, name, strlen(name), g_root);
	}
	for (;;) {
		CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 300, cookie, GUEST_OUT), WASI_SUCCESS);
		const uint32_t used = guest_u32(GUEST_OUT);
		uint32_t i = 0;

		for (; entry(used, i, &d); i++)
			cookie = d.next;
		count += i;
		if (used < 300)
			break;
	}
	CHECK_EQ(count, FAKE_ENTRIES + 2);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 60000, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK(entry(guest_u32(GUEST_OUT), FAKE_ENTRIES + 1, &d) != 0);
	CHECK_EQ(entry(guest_u32(GUEST_OUT), FAKE_ENTRIES + 2, &d), 0);
	guest_end();
}

TEST(malformed_directory_entries_are_refused)
{
	struct {
		struct host_dirent d;
		char name[8];
	} lie = {{1, 0, HOST_TYPE_FILE, 3}, "a/b"};

	guest_start(false);
	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 1000, 0, GUEST_OUT), WASI_NOMEM);
		native_heap_fail_at(-1);
	}
	g_fake.dirents = &lie;
	g_fake.dirents_size = sizeof(lie);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	memcpy(lie.name, "a\0b", 3);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	lie.d.name_size = 0;
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	lie.d.name_size = 0xffffffff;
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	lie.d.name_size = 9;
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	lie.d.name_size = 1;
	g_fake.dirents_size = sizeof(lie) - 1;
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 0, GUEST_OUT), WASI_IO);
	/* the same entry for ever: the buffer ends it */
	g_fake.dirents_size = sizeof(lie);
	lie.d.type = 0x80000000;
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 1000, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 1000);
	CHECK_EQ(g_memory.base[GUEST_DATA + 20], WASI_TYPE_UNKNOWN);
	guest_end();
}

TEST(opened_things_are_what_they_are)
{
	guest_start(false);
	fake_file(g_root, "f", "data");
	fake_data(g_root, "tty", HOST_TYPE_CHAR, "typed");
	const uint32_t tty = guest_fd("tty", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_seek, tty, 0, WASI_WHENCE_CUR, GUEST_OUT), WASI_SPIPE);
	iov(0, GUEST_DATA, 9);
	CHECK_EQ(CALL(fd_read, tty, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 5);
	g_fake.fail = HOST_IO; /* the question for the type fails: nothing stays open */
	const unsigned open = g_fake.open_handles;

	CHECK_EQ(guest_open("f"), WASI_IO);
	CHECK_EQ(g_fake.open_handles, open);
	guest_end();
}

TEST(randomness)
{
	guest_start(false);
	CHECK_EQ(CALL(random_get, 0, GUEST_SIZE), WASI_SUCCESS);
	CHECK(g_memory.base[GUEST_SIZE - 1] == (uint8_t)((GUEST_SIZE - 1) * 7 + 1));
	CHECK_EQ(CALL(random_get, 1, GUEST_SIZE), WASI_FAULT);
	CHECK_EQ(CALL(random_get, GUEST_SIZE, 0), WASI_SUCCESS);
	g_fake.random_fails = true;
	CHECK_EQ(CALL(random_get, 16, 16), WASI_IO);
	CHECK(g_memory.base[16] == 0 && g_memory.base[31] == 0);
	guest_end();
}

TEST(the_end_and_the_rest)
{
	uint32_t status;

	guest_start(false);
	CHECK_EQ(CALL(sched_yield, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(proc_raise, 9), WASI_NOSYS);
	CHECK_EQ(CALL(sock_shutdown, 3, 1), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_shutdown, 33, 1), WASI_BADF);
	CHECK_EQ(CALL(sock_recv, 0, 0, 0, 0, 0, 0), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_send, 1, 0, 0, 0, 0), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_accept, 44, 0, 0), WASI_BADF);
	CHECK(!wasi_exited(&g_wasi, &status));
	CHECK_EQ(CALL(proc_exit, 42), WASI_SUCCESS);
	CHECK(wasi_exited(&g_wasi, &status) && status == 42);
	CHECK_EQ(CALL(proc_exit, 43), WASI_SUCCESS); /* another thread comes late */
	CHECK(wasi_exited(&g_wasi, &status) && status == 42);
	guest_end();
}

TEST(every_function_is_found)
{
	static const char module[] = "wasi_snapshot_preview1";
	const size_t size = sizeof(module) - 1;

	CHECK_EQ(g_wasi_func_count, 46 + 45); /* of both modules */
	for (size_t i = 0; i < g_wasi_func_count; i++) {
		const struct wasi_func *f = &g_wasi_funcs[i];

		CHECK(wasi_find(f->module, strlen(f->module), f->name, strlen(f->name)) == f);
		CHECK_EQ(f->returns, strcmp(f->name, "proc_exit") != 0);
		CHECK(f->call && strspn(f->params, "iI") == strlen(f->params));
	}
	CHECK(!wasi_find(module, size, "fd_rea", 6));
	CHECK(!wasi_find(module, size, "fd_readx", 8));
	CHECK(!wasi_find(module, size - 1, "fd_read", 7));
	CHECK(wasi_find(module, size, "fd_read", 7)->call == wasi_fd_read);
	CHECK(wasi_find(module, size, "fd_seek", 7)->call == wasi_fd_seek);
	CHECK(wasi_find(module, size, "sock_accept", 11)->call == wasi_sock_accept);
}

int main(void)
{
	RUN(arguments_and_environment);
	RUN(configurations_are_checked);
	RUN(init_survives_want_of_memory);
	RUN(reading_and_writing);
	RUN(large_transfers_go_in_pieces);
	RUN(vectors_are_checked_before_anything_moves);
	RUN(vectors_over_four_gigabytes_are_refused);
	RUN(upper_halves_of_numbers_do_not_count);
	RUN(no_memory_at_all);
	RUN(appending);
	RUN(seeking);
	RUN(streams_pass_through);
	RUN(operations_on_a_directory);
	RUN(sizes_and_allocation);
	RUN(flags);
	RUN(preopened_directories);
	RUN(rights_shrink_and_hold);
	RUN(rights_of_directories_hold);
	RUN(renumbering);
	RUN(the_table_has_a_limit);
	RUN(reading_directories);
	RUN(large_directories_come_in_batches);
	RUN(malformed_directory_entries_are_refused);
	RUN(opened_things_are_what_they_are);
	RUN(randomness);
	RUN(the_end_and_the_rest);
	RUN(every_function_is_found);
	return check_report();
}
