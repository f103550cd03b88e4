/* wasi: clocks and waiting. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"

#define SUBS   0x2000u
#define EVENTS 0x4000u

static void sub_clock(uint32_t i, uint32_t id, uint64_t timeout, uint16_t flags)
{
	const struct wasi_subscription s = {
		.userdata = 1000 + i,
		.type = WASI_EVENT_CLOCK,
		.u.clock = {.id = id, .timeout = timeout, .flags = flags},
	};

	guest_put(SUBS + i * (uint32_t)sizeof(s), &s, sizeof(s));
}

static void sub_fd(uint32_t i, uint8_t type, uint32_t fd)
{
	const struct wasi_subscription s = {.userdata = 1000 + i, .type = type, .u.fd = fd};

	guest_put(SUBS + i * (uint32_t)sizeof(s), &s, sizeof(s));
}

static struct wasi_event event(uint32_t i)
{
	struct wasi_event e;

	memcpy(&e, g_memory.base + EVENTS + i * sizeof(e), sizeof(e));
	return e;
}

/* Polls n subscriptions; how many events, or 1000 and the errno. */
static uint32_t poll(uint32_t n)
{
	const uint32_t e = CALL(poll_oneoff, SUBS, EVENTS, n, GUEST_OUT);

	return e == WASI_SUCCESS ? guest_u32(GUEST_OUT) : 1000 + e;
}

TEST(clocks_are_read)
{
	guest_start(false);
	CHECK_EQ(CALL(clock_time_get, 0, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 1000000);
	CHECK_EQ(CALL(clock_time_get, 1, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 5000);
	CHECK_EQ(CALL(clock_time_get, 4, 0, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(clock_time_get, 0xffffffff, 0, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(clock_time_get, 0, 0, GUEST_SIZE - 7), WASI_FAULT);
	CHECK_EQ(CALL(clock_res_get, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 2);
	CHECK_EQ(CALL(clock_res_get, 4, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(clock_res_get, 0, GUEST_SIZE), WASI_FAULT);
	g_fake.fail = HOST_IO;
	CHECK_EQ(CALL(clock_time_get, 1, 0, GUEST_OUT), WASI_IO);
	guest_end();
}

TEST(steady_clocks_never_go_back)
{
	guest_start(false);
	for (uint32_t id = 1; id <= 2; id++) {
		g_fake.clock[id] = 9000;
		CHECK_EQ(CALL(clock_time_get, id, 0, GUEST_OUT), WASI_SUCCESS);
		g_fake.clock[id] = 8000; /* a lie */
		CHECK_EQ(CALL(clock_time_get, id, 0, GUEST_OUT), WASI_SUCCESS);
		CHECK_EQ(guest_u64(GUEST_OUT), 9000);
		g_fake.clock[id] = 9001;
		CHECK_EQ(CALL(clock_time_get, id, 0, GUEST_OUT), WASI_SUCCESS);
		CHECK_EQ(guest_u64(GUEST_OUT), 9001);
	}
	g_fake.clock[0] = 7; /* real time is passed on as it comes */
	CHECK_EQ(CALL(clock_time_get, 0, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 7);
	guest_end();
}

TEST(sleeping)
{
	guest_start(false);
	sub_clock(0, WASI_CLOCK_MONOTONIC, 700, 0);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(g_fake.poll_timeout, 700);
	CHECK_EQ(event(0).userdata, 1000);
	CHECK_EQ(event(0).error, 0);
	CHECK_EQ(event(0).type, WASI_EVENT_CLOCK);
	sub_clock(0, WASI_CLOCK_REALTIME, 800, 0);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(g_fake.poll_timeout, 800);
	sub_clock(0, WASI_CLOCK_REALTIME, g_fake.clock[0] + 900, WASI_CLOCK_ABSTIME);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(g_fake.poll_timeout, 900);
	const unsigned calls = g_fake.calls;

	sub_clock(0, WASI_CLOCK_MONOTONIC, g_fake.clock[1] - 1, WASI_CLOCK_ABSTIME);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(g_fake.calls, calls + 1); /* due already: no waiting */
	sub_clock(0, WASI_CLOCK_MONOTONIC, 50, 0);
	sub_clock(1, WASI_CLOCK_REALTIME, 20, 0);
	sub_clock(2, WASI_CLOCK_MONOTONIC, UINT64_MAX, 0);
	CHECK_EQ(poll(3), 1);
	CHECK_EQ(event(0).userdata, 1001);
	guest_end();
}

TEST(an_early_answer_is_not_passed_on)
{
	guest_start(false);
	g_fake.clock_step = 0;
	sub_clock(0, WASI_CLOCK_MONOTONIC, 1000, 0);
	sub_fd(1, WASI_EVENT_FD_READ, 0);
	g_fake.poll_ready = 0;
	const unsigned calls = g_fake.calls;

	CHECK_EQ(poll(2), 1);
	CHECK_EQ(event(0).type, WASI_EVENT_CLOCK);
	CHECK(g_fake.clock[1] >= 6000);
	CHECK(g_fake.calls - calls < 8);
	guest_end();
}

TEST(clocks_that_do_not_exist)
{
	guest_start(false);
	sub_clock(0, 9, 1, 0);
	sub_clock(1, WASI_CLOCK_MONOTONIC, 1, 2);
	sub_clock(2, WASI_CLOCK_THREAD, 1, 0);
	CHECK_EQ(poll(3), 3);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(event(i).error, WASI_INVAL);
	guest_end();
}

TEST(descriptors)
{
	guest_start(false);
	fake_file(g_root, "f", "0123456789");
	const uint32_t f = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_seek, f, 4, 0, GUEST_OUT), WASI_SUCCESS);
	sub_fd(0, WASI_EVENT_FD_READ, f);
	sub_fd(1, WASI_EVENT_FD_WRITE, f);
	sub_fd(2, WASI_EVENT_FD_READ, 99);
	sub_fd(3, WASI_EVENT_FD_READ, 1);
	sub_fd(4, WASI_EVENT_FD_WRITE, GUEST_DIR);
	sub_fd(5, WASI_EVENT_FD_READ, 0);
	g_fake.poll_ready = 0;
	CHECK_EQ(poll(6), 5);
	CHECK_EQ(event(0).error, 0);
	CHECK_EQ(event(0).bytes, 6);
	CHECK_EQ(event(1).type, WASI_EVENT_FD_WRITE);
	CHECK_EQ(event(2).error, WASI_BADF);
	CHECK_EQ(event(3).error, WASI_BADF);
	CHECK_EQ(event(4).error, WASI_BADF);
	CHECK_EQ(g_fake.poll_timeout, 0); /* something was ready: no waiting */
	sub_fd(0, WASI_EVENT_FD_READ, 0);
	sub_fd(1, WASI_EVENT_FD_WRITE, 1);
	g_fake.poll_ready = HOST_POLL_READ | HOST_POLL_HANGUP;
	CHECK_EQ(poll(2), 2);
	CHECK_EQ(g_fake.poll_timeout, HOST_POLL_FOREVER);
	CHECK_EQ(event(0).bytes, 5);
	CHECK_EQ(event(0).flags, WASI_EVENT_HANGUP);
	CHECK_EQ(event(1).flags, WASI_EVENT_HANGUP);
	g_fake.poll_ready = HOST_POLL_WRITE;
	CHECK_EQ(poll(2), 1);
	CHECK_EQ(event(0).userdata, 1001);
	g_fake.poll_error = HOST_INTR;
	CHECK_EQ(poll(2), 1000 + WASI_INTR);
	CHECK_EQ(CALL(fd_fdstat_set_rights, 0, WASI_RIGHT_FD_READ, 0), WASI_SUCCESS);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(event(0).error, WASI_NOTCAPABLE);
	guest_end();
}

TEST(subscriptions_are_checked)
{
	guest_start(false);
	sub_clock(0, 0, 1, 0);
	CHECK_EQ(poll(0), 1000 + WASI_INVAL);
	CHECK_EQ(poll(4097), 1000 + WASI_INVAL);
	CHECK_EQ(poll(0xffffffff), 1000 + WASI_INVAL);
	CHECK_EQ(poll(4096), 1000 + WASI_FAULT);
	sub_fd(0, 3, 0);
	CHECK_EQ(poll(1), 1000 + WASI_INVAL);
	sub_clock(0, 0, 1, 0);
	CHECK_EQ(CALL(poll_oneoff, GUEST_SIZE - 47, EVENTS, 1, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(poll_oneoff, SUBS, GUEST_SIZE - 31, 1, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(poll_oneoff, SUBS, EVENTS, 1, GUEST_SIZE - 3), WASI_FAULT);
	CHECK_EQ(CALL(poll_oneoff, GUEST_SIZE - 48, EVENTS, 1, GUEST_OUT), 28); /* type 0xee */
	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(poll(1), 1000 + WASI_NOMEM);
		native_heap_fail_at(-1);
	}
	/* events written over the subscriptions: those were copied first */
	for (uint32_t i = 0; i < 3; i++)
		sub_clock(i, 1, 0, 0);
	CHECK_EQ(CALL(poll_oneoff, SUBS, SUBS, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 3);
	CHECK_EQ(guest_u64(SUBS + 64), 1002);
	guest_end();
}

int main(void)
{
	RUN(clocks_are_read);
	RUN(steady_clocks_never_go_back);
	RUN(sleeping);
	RUN(an_early_answer_is_not_passed_on);
	RUN(clocks_that_do_not_exist);
	RUN(descriptors);
	RUN(subscriptions_are_checked);
	return check_report();
}
