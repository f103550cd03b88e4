/* wasi: files of the host, read ahead and written behind: how many host calls, and that nobody ever sees
 * other than what was written. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"

#define IOVS 0x800u
#define STEP 4096u
#define BIG  (16u << 20)

static uint32_t move(bool out, uint32_t fd, uint32_t at, uint32_t size)
{
	const struct wasi_iovec v = {at, size};

	guest_put(IOVS, &v, sizeof(v));
	return out ? CALL(fd_write, fd, IOVS, 1, GUEST_OUT) : CALL(fd_read, fd, IOVS, 1, GUEST_OUT);
}

static uint32_t put(uint32_t fd, const char *text)
{
	return move(true, fd, GUEST_DATA, guest_str(GUEST_DATA, text));
}

/* Reads up to n bytes at the position; do they equal text? */
static bool gets(uint32_t fd, uint32_t n, const char *text)
{
	return move(false, fd, GUEST_DATA, n) == WASI_SUCCESS &&
	       guest_u32(GUEST_OUT) == strlen(text) &&
	       memcmp(g_memory.base + GUEST_DATA, text, strlen(text)) == 0;
}

static struct fake_node *file(const char *name)
{
	return &g_fake.nodes[fake_find(g_root, name, strlen(name))->node];
}

static bool holds(const char *name, const char *text)
{
	const struct fake_node *n = file(name);

	return n->size == strlen(text) && memcmp(n->data, text, n->size) == 0;
}

static void big_file(const char *name)
{
	struct fake_node *n;

	fake_file(g_root, name, "");
	n = file(name);
	fake_resize(n, BIG);
	for (uint32_t i = 0; i < BIG; i++)
		n->data[i] = (uint8_t)(i * 31 >> 3);
}

static void seek(uint32_t fd, uint64_t off)
{
	CHECK_EQ(CALL(fd_seek, fd, off, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
}

TEST(reading_in_order_costs_few_calls)
{
	guest_start(false);
	big_file("f");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const unsigned calls = g_fake.calls;
	uint32_t wrong = 0;

	for (uint32_t at = 0; at < BIG; at += STEP) {
		CHECK_EQ(move(false, fd, GUEST_DATA, STEP), WASI_SUCCESS);
		CHECK_EQ(guest_u32(GUEST_OUT), STEP);
		for (uint32_t i = 0; i < STEP; i++)
			wrong += g_memory.base[GUEST_DATA + i] != (uint8_t)((at + i) * 31 >> 3);
	}
	CHECK_EQ(wrong, 0);
	CHECK(gets(fd, STEP, ""));
	CHECK(g_fake.calls - calls <= BIG / 65536);
	guest_end();
}

TEST(writing_in_order_costs_few_calls)
{
	static const uint32_t flags[] = {0, WASI_FD_APPEND};

	for (size_t k = 0; k < COUNT_OF(flags); k++) {
		guest_start(false);
		const uint32_t fd = guest_fd("f", WASI_OPEN_CREATE, RIGHTS_RW, flags[k]);
		const unsigned calls = g_fake.calls;
		uint32_t wrong = 0;

		for (uint32_t at = 0; at < BIG; at += STEP) {
			for (uint32_t i = 0; i < STEP; i++)
				g_memory.base[GUEST_DATA + i] = (uint8_t)((at + i) * 31 >> 3);
			CHECK_EQ(move(true, fd, GUEST_DATA, STEP), WASI_SUCCESS);
		}
		CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
		CHECK(g_fake.calls - calls <= BIG / 65536);
		CHECK_EQ(file("f")->size, BIG);
		for (uint32_t i = 0; i < BIG && file("f")->size == BIG; i++)
			wrong += file("f")->data[i] != (uint8_t)(i * 31 >> 3);
		CHECK_EQ(wrong, 0);
		guest_end();
	}
}

TEST(what_is_written_goes_out_before_it_is_missed)
{
	guest_start(false);
	fake_file(g_root, "f", "");
	fake_file(g_root, "g", "");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const uint32_t n = guest_str(GUEST_PATH2, "f"), m = guest_str(0x3800, "g");
	const struct wasi_subscription sleep = {
		.type = WASI_EVENT_CLOCK, .u.clock = {.id = WASI_CLOCK_MONOTONIC, .timeout = 9}};

	CHECK_EQ(put(fd, "a"), WASI_SUCCESS);
	CHECK(holds("f", "")); /* kept back */
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK(holds("f", "a"));
	CHECK_EQ(put(fd, "b"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_datasync, fd), WASI_SUCCESS);
	CHECK(holds("f", "ab"));
	CHECK_EQ(put(fd, "c"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_DATA + 32), 3);
	CHECK(holds("f", "abc"));
	CHECK_EQ(put(fd, "d"), WASI_SUCCESS);
	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH2, n, GUEST_DATA), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_DATA + 32), 4);
	CHECK_EQ(put(fd, "e"), WASI_SUCCESS);
	CHECK(guest_reads("f", "abcde"));
	CHECK_EQ(put(fd, "f"), WASI_SUCCESS);
	CHECK_EQ(CALL(path_rename, GUEST_DIR, GUEST_PATH2, n, GUEST_DIR, 0x3800, m), 0);
	CHECK(holds("g", "abcdef"));
	CHECK_EQ(put(fd, "g"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_END, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 7);
	CHECK_EQ(put(fd, "h"), WASI_SUCCESS);
	guest_put(0x2000, &sleep, sizeof(sleep));
	CHECK_EQ(CALL(poll_oneoff, 0x2000, 0x4000, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(holds("g", "abcdefgh"));
	CHECK_EQ(put(fd, "i"), WASI_SUCCESS);
	CHECK_EQ(move(false, 0, GUEST_DATA, 10), WASI_SUCCESS); /* waits for input */
	CHECK(holds("g", "abcdefghi"));
	CHECK_EQ(put(fd, "j"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 0, 77, WASI_TIME_MTIM), WASI_SUCCESS);
	CHECK(holds("g", "abcdefghij"));
	CHECK_EQ(put(fd, "k"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_renumber, 0, fd), WASI_SUCCESS);
	CHECK(holds("g", "abcdefghijk"));
	guest_end();
}

TEST(the_end_of_the_program_writes_what_is_left)
{
	guest_start(false);
	const int f = fake_file(g_root, "f", "");

	CHECK_EQ(put(guest_fd("f", 0, RIGHTS_RW, 0), "last words"), WASI_SUCCESS);
	CHECK_EQ(g_fake.nodes[f].size, 0);
	wasi_fini(&g_wasi);
	CHECK_EQ(g_fake.nodes[f].size, 10);
	CHECK_EQ(g_fake.open_handles, 0);
	fake_fini();
	free(g_memory.base);
}

TEST(two_descriptors_see_one_file)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t a = guest_fd("f", 0, RIGHTS_RW, 0);
	const uint32_t b = guest_fd("f", 0, RIGHTS_RW, 0);
	const uint32_t c = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);

	CHECK(gets(b, 2, "01") && gets(b, 2, "23")); /* b has read ahead */
	CHECK_EQ(put(a, "abcdef"), WASI_SUCCESS);
	CHECK(gets(b, 3, "ef6"));
	CHECK_EQ(put(b, "B"), WASI_SUCCESS); /* at 7, while a's are gone */
	CHECK_EQ(put(a, "A"), WASI_SUCCESS); /* at 6 */
	CHECK_EQ(put(c, "end"), WASI_SUCCESS);
	CHECK_EQ(put(b, "C"), WASI_SUCCESS); /* at 8 */
	seek(a, 0);
	CHECK(gets(a, 100, "abcdefABC9end"));
	CHECK_EQ(CALL(fd_filestat_set_size, b, 5), WASI_SUCCESS);
	CHECK_EQ(put(c, "!"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_tell, c, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 6);
	CHECK_EQ(put(a, "gone"), WASI_SUCCESS); /* at 13 */
	CHECK_EQ(CALL(fd_filestat_set_size, b, 6), WASI_SUCCESS);
	seek(b, 0);
	CHECK(gets(b, 100, "abcde!"));
	/* truncated by opening it again */
	seek(b, 0);
	CHECK(gets(b, 1, "a") && gets(b, 1, "b")); /* it has read ahead again */
	CHECK_EQ(put(c, "more"), WASI_SUCCESS);
	guest_fd("f", WASI_OPEN_TRUNC, RIGHTS_RW, 0);
	CHECK(holds("f", ""));
	CHECK(gets(b, 100, ""));
	seek(b, 0);
	CHECK(gets(b, 100, ""));
	/* which changes through another descriptor, and then is read on */
	CHECK_EQ(put(c, "0123456789"), WASI_SUCCESS);
	CHECK(gets(b, 1, "0") && gets(b, 1, "1"));
	guest_fd("f", WASI_OPEN_TRUNC, RIGHTS_RW, 0);
	CHECK(gets(b, 1, ""));
	guest_end();
}

TEST(writes_join_where_they_touch)
{
	guest_start(false);
	fake_file(g_root, "f", "..........");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);
	const unsigned writes = g_fake.writes;

	seek(fd, 2);
	CHECK_EQ(put(fd, "abc"), WASI_SUCCESS);
	CHECK_EQ(put(fd, "de"), WASI_SUCCESS);
	seek(fd, 3);
	CHECK_EQ(put(fd, "XY"), WASI_SUCCESS); /* over what is kept back */
	CHECK_EQ(g_fake.writes, writes);
	seek(fd, 1);
	CHECK_EQ(put(fd, "<"), WASI_SUCCESS); /* before it */
	CHECK_EQ(g_fake.writes, writes + 1);
	seek(fd, 9);
	CHECK_EQ(put(fd, ">"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK_EQ(g_fake.writes, writes + 3);
	CHECK(holds("f", ".<aXYde..>"));
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 0, 3, GUEST_OUT), WASI_SUCCESS); /* nothing */
	guest_end();
}

TEST(appended_pieces_stay_whole)
{
	guest_start(false);
	fake_file(g_root, "log", "");
	const uint32_t a = guest_fd("log", 0, RIGHTS_RW, WASI_FD_APPEND);

	memset(g_memory.base + GUEST_DATA, 'x', 50000);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(move(true, a, GUEST_DATA, 50000), WASI_SUCCESS);
	CHECK_EQ(file("log")->size, 100000); /* the third would not have fitted */
	fake_resize(file("log"), 100001);    /* somebody else's line */
	CHECK_EQ(CALL(fd_close, a), WASI_SUCCESS);
	CHECK_EQ(file("log")->size, 150001);
	guest_end();
}

TEST(what_was_read_ahead_is_given_once)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK(gets(fd, 2, "01") && gets(fd, 2, "23"));
	memset(file("f")->data, '-', 10); /* by somebody outside */
	CHECK(gets(fd, 2, "45"));	  /* as if it had been read before */
	seek(fd, 0);
	CHECK(gets(fd, 4, "----"));
	CHECK(gets(fd, 4, "----"));
	seek(fd, 4);
	CHECK(gets(fd, 4, "----"));
	/* the end is asked for each time */
	CHECK(gets(fd, 10, "--") && gets(fd, 10, "") && gets(fd, 10, ""));
	fake_resize(file("f"), 12);
	memcpy(file("f")->data + 10, "ab", 2);
	CHECK(gets(fd, 10, "ab"));
	fake_resize(file("f"), 3);
	CHECK(gets(fd, 10, ""));
	guest_end();
}

TEST(writes_at_an_offset_of_who_appends_are_appended)
{
	guest_start(false);
	fake_file(g_root, "f", "-");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);
	const struct wasi_iovec v = {GUEST_DATA, guest_str(GUEST_DATA, "ab")};

	guest_put(IOVS, &v, sizeof(v));
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, 7, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_SUCCESS);
	CHECK(holds("f", "-abab"));
	CHECK_EQ(CALL(fd_pwrite, fd, IOVS, 1, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK(holds("f", "abbab"));
	guest_end();
}

TEST(synchronous_writes_are_not_kept_back)
{
	static const uint32_t flags[] = {WASI_FD_DSYNC, WASI_FD_SYNC, WASI_FD_RSYNC};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		guest_start(false);
		fake_file(g_root, "f", "");
		const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, flags[i]);

		CHECK_EQ(put(fd, "x"), WASI_SUCCESS);
		CHECK(holds("f", "x"));
		CHECK_EQ(put(guest_fd("f", 0, RIGHTS_RW, 0), "y"), WASI_SUCCESS);
		CHECK(holds("f", "x"));
		CHECK_EQ(put(fd, "z"), WASI_SUCCESS); /* touches what another keeps back */
		CHECK(holds("f", "yz"));
		guest_end();
	}
}

TEST(errors_of_late_writes_are_told)
{
	guest_start(false);
	fake_file(g_root, "f", "");
	uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(put(fd, "abc"), WASI_SUCCESS);
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(CALL(fd_sync, fd), WASI_NOSPC);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS); /* there is room again */
	CHECK(holds("f", "abc"));
	CHECK_EQ(put(fd, "d"), WASI_SUCCESS);
	seek(fd, 0);
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(put(fd, "A"), WASI_NOSPC); /* and is not kept */
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	CHECK(holds("f", "abcd"));
	CHECK_EQ(put(fd, "A"), WASI_SUCCESS);
	g_fake.fail = HOST_DQUOT;
	CHECK_EQ(CALL(fd_close, fd), WASI_DQUOT);
	CHECK_EQ(CALL(fd_close, fd), WASI_BADF); /* closed all the same */
	/* sizes tell of what could not go out */
	fd = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);
	CHECK_EQ(put(fd, "xyz"), WASI_SUCCESS);
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_DATA + 32), 7);
	CHECK_EQ(put(fd, "."), WASI_SUCCESS);
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH, guest_str(GUEST_PATH, "f"),
		      GUEST_DATA),
		 WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_DATA + 32), 8);
	/* what is cut off need not go out */
	g_fake.fail = HOST_NOSPC;
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_SUCCESS);
	g_fake.fail = HOST_SUCCESS;
	CHECK(holds("f", ""));
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK(holds("f", ""));
	guest_end();
}

TEST(short_and_empty_answers_of_the_host_end)
{
	guest_start(false);
	fake_file(g_root, "f", "");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	g_fake.short_write = 3;
	CHECK_EQ(put(fd, "0123456789"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK(holds("f", "0123456789"));
	g_fake.writes_nothing = true;
	CHECK_EQ(put(fd, "x"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_IO);
	CHECK_EQ(CALL(fd_close, fd), WASI_IO);
	guest_end();
}

TEST(without_memory_for_buffers_files_work)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	native_heap_fail_at(0);
	CHECK(gets(fd, 2, "01") && gets(fd, 2, "23") && gets(fd, 2, "45"));
	CHECK_EQ(put(fd, "ab"), WASI_SUCCESS);
	native_heap_fail_at(-1);
	CHECK(holds("f", "012345ab89"));
	native_heap_fail_at(0);
	CHECK_EQ(guest_open("f"), WASI_NOMEM);
	native_heap_fail_at(2); /* the walk, the file, and not the node */
	CHECK_EQ(guest_open("f"), WASI_NOMEM);
	native_heap_fail_at(-1);
	guest_end();
}

TEST(buffers_are_limited)
{
	char name[8];
	uint32_t fd[FS_HOST_BUFFERS_MAX + 2];

	guest_start(false);
	const int d = fake_dir(g_root, "d"), e = fake_dir(g_root, "e");

	for (uint32_t i = 0; i < COUNT_OF(fd); i++) {
		snprintf(name, sizeof(name), "%s/f%u", i % 2 ? "d" : "e", i);
		fake_file(i % 2 ? d : e, name + 2, "");
		fd[i] = guest_fd(name, 0, RIGHTS_RW, 0);
	}
	const unsigned writes = g_fake.writes;

	for (uint32_t i = 0; i < COUNT_OF(fd); i++)
		CHECK_EQ(put(fd[i], "x"), WASI_SUCCESS);
	CHECK_EQ(g_fake.writes, writes + 2);
	for (uint32_t i = 0; i < COUNT_OF(fd); i++)
		CHECK_EQ(CALL(fd_close, fd[i]), WASI_SUCCESS);
	CHECK_EQ(g_fake.writes, writes + COUNT_OF(fd));
	/* and come back */
	CHECK_EQ(put(guest_fd("d/f1", 0, RIGHTS_RW, 0), "y"), WASI_SUCCESS);
	CHECK_EQ(g_fake.writes, writes + COUNT_OF(fd));
	guest_end();
}

TEST(listing_costs_few_calls_and_counts_small)
{
	struct wasi_dirent d;
	char name[16];
	uint64_t cookie = 0;
	unsigned count = 0;

	guest_start(false);
	for (int i = 0; i < FAKE_ENTRIES; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		fake_enter(g_root, name, strlen(name), g_root);
	}
	const unsigned calls = g_fake.calls;

	for (;; count++) {
		CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, sizeof(d), cookie, GUEST_OUT), 0);
		if (guest_u32(GUEST_OUT) == 0)
			break;
		memcpy(&d, g_memory.base + GUEST_DATA, sizeof(d));
		CHECK_EQ(d.next, cookie + 1);
		cookie = d.next;
	}
	CHECK_EQ(count, FAKE_ENTRIES + 2);
	CHECK(g_fake.calls - calls <= 4);
	/* back to the middle, then to one that never was */
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 12, GUEST_OUT), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + GUEST_DATA + sizeof(d), "file10", 6) == 0);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, UINT64_MAX, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(CALL(fd_readdir, 3, GUEST_DATA, 100, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK(memcmp(g_memory.base + GUEST_DATA + sizeof(d), "file1", 5) == 0);
	guest_end();
}

int main(void)
{
	RUN(reading_in_order_costs_few_calls);
	RUN(writing_in_order_costs_few_calls);
	RUN(what_is_written_goes_out_before_it_is_missed);
	RUN(the_end_of_the_program_writes_what_is_left);
	RUN(two_descriptors_see_one_file);
	RUN(writes_join_where_they_touch);
	RUN(appended_pieces_stay_whole);
	RUN(what_was_read_ahead_is_given_once);
	RUN(writes_at_an_offset_of_who_appends_are_appended);
	RUN(synchronous_writes_are_not_kept_back);
	RUN(errors_of_late_writes_are_told);
	RUN(short_and_empty_answers_of_the_host_end);
	RUN(without_memory_for_buffers_files_work);
	RUN(buffers_are_limited);
	RUN(listing_costs_few_calls_and_counts_small);
	return check_report();
}
