/* wasi: the older module wasi_unstable, where it differs. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"

#define SUBS   0x2000u
#define EVENTS 0x4000u

TEST(the_older_module_has_its_own_functions_where_they_differ)
{
	static const char module[] = "wasi_unstable";
	const size_t size = sizeof(module) - 1;

	CHECK(wasi_find(module, size, "fd_read", 7)->call == wasi_fd_read);
	CHECK(wasi_find(module, size, "fd_seek", 7)->call == wasi_unstable_fd_seek);
	CHECK(wasi_find(module, size, "fd_filestat_get", 15)->call ==
	      wasi_unstable_fd_filestat_get);
	CHECK(wasi_find(module, size, "path_filestat_get", 17)->call ==
	      wasi_unstable_path_filestat_get);
	CHECK(wasi_find(module, size, "poll_oneoff", 11)->call == wasi_unstable_poll_oneoff);
	CHECK(!wasi_find(module, size, "sock_accept", 11));
	CHECK(!wasi_find(module, size - 1, "fd_read", 7));
}

TEST(seeking_counts_whence_otherwise)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(unstable_fd_seek, fd, 4, WASI_OLD_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(unstable_fd_seek, fd, 3, WASI_OLD_WHENCE_CUR, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 7);
	CHECK_EQ(CALL(unstable_fd_seek, fd, (uint64_t)-1, WASI_OLD_WHENCE_END, GUEST_OUT),
		 WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 9);
	CHECK_EQ(CALL(unstable_fd_seek, fd, 0, 3, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(unstable_fd_seek, fd, 0, 0xffffffff, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(unstable_fd_seek, fd, 0, WASI_OLD_WHENCE_SET, GUEST_SIZE - 7), WASI_FAULT);
	CHECK_EQ(CALL(unstable_fd_seek, 50, 0, WASI_OLD_WHENCE_SET, GUEST_OUT), WASI_BADF);
	guest_end();
}

/* The 56 bytes at `at` and no more describe a file of 10 bytes. */
static void check_old_filestat(uint32_t at)
{
	struct wasi_old_filestat st;

	memcpy(&st, g_memory.base + at, sizeof(st));
	CHECK_EQ(st.dev, 7);
	CHECK_EQ(st.type, WASI_TYPE_FILE);
	CHECK_EQ(st.nlink, 1);
	CHECK_EQ(st.size, 10);
	CHECK_EQ(st.mtim, 77);
	CHECK_EQ(g_memory.base[at + 56], 0xee);
}

TEST(filestat_has_a_short_link_count)
{
	guest_start(false);
	g_fake.nodes[fake_file(g_root, "f", "0123456789")].mtime = 77;
	const uint32_t fd = guest_fd("f", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(unstable_fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	check_old_filestat(GUEST_DATA);
	CHECK_EQ(CALL(unstable_fd_filestat_get, fd, GUEST_SIZE - 56), WASI_SUCCESS);
	CHECK_EQ(CALL(unstable_fd_filestat_get, fd, GUEST_SIZE - 55), WASI_FAULT);
	CHECK_EQ(CALL(unstable_fd_filestat_get, 50, GUEST_DATA), WASI_BADF);
	memset(g_memory.base + GUEST_DATA, 0xee, 100);
	const uint32_t n = guest_str(GUEST_PATH, "f");

	CHECK_EQ(CALL(unstable_path_filestat_get, GUEST_DIR, 0, GUEST_PATH, n, GUEST_DATA),
		 WASI_SUCCESS);
	check_old_filestat(GUEST_DATA);
	CHECK_EQ(CALL(unstable_path_filestat_get, GUEST_DIR, 0, GUEST_PATH, n, GUEST_SIZE - 55),
		 WASI_FAULT);
	CHECK_EQ(CALL(unstable_path_filestat_get, GUEST_DIR, 2, GUEST_PATH, n, GUEST_DATA),
		 WASI_INVAL);
	guest_end();
}

TEST(subscriptions_have_an_identifier)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, WASI_RIGHT_FD_READ, 0);
	const struct wasi_old_subscription subs[2] = {
		{.userdata = 5,
		 .type = WASI_EVENT_CLOCK,
		 .u.clock = {.identifier = ~UINT64_C(0),
			     .clock = {.id = WASI_CLOCK_MONOTONIC, .timeout = 40}}},
		{.userdata = 6, .type = WASI_EVENT_FD_READ, .u.fd = fd},
	};
	struct wasi_event events[2];

	guest_put(SUBS, subs, sizeof(subs));
	CHECK_EQ(CALL(unstable_poll_oneoff, SUBS, EVENTS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_fake.poll_timeout, 40);
	memcpy(events, g_memory.base + EVENTS, sizeof(events));
	CHECK_EQ(guest_u32(GUEST_OUT), 1);
	CHECK_EQ(events[0].userdata, 5);
	CHECK_EQ(events[0].type, WASI_EVENT_CLOCK);
	CHECK_EQ(CALL(unstable_poll_oneoff, SUBS, EVENTS, 2, GUEST_OUT), WASI_SUCCESS);
	memcpy(events, g_memory.base + EVENTS, sizeof(events));
	CHECK_EQ(guest_u32(GUEST_OUT), 1);
	CHECK_EQ(events[0].userdata, 6);
	CHECK_EQ(events[0].bytes, 10);
	CHECK_EQ(CALL(unstable_poll_oneoff, GUEST_SIZE - 55, EVENTS, 1, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(unstable_poll_oneoff, SUBS, EVENTS, 0, GUEST_OUT), WASI_INVAL);
	guest_end();
}

int main(void)
{
	RUN(the_older_module_has_its_own_functions_where_they_differ);
	RUN(seeking_counts_whence_otherwise);
	RUN(filestat_has_a_short_link_count);
	RUN(subscriptions_have_an_identifier);
	return check_report();
}
