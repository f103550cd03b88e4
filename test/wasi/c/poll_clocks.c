/* Waiting for clocks: as long as asked at least, by a span or a point in time; the nearest alone. */
#include "test/wasi/program.h"

static __wasi_subscription_t clock(uint64_t userdata, uint32_t id, uint64_t timeout, uint16_t flags)
{
	__wasi_subscription_t s;

	memset(&s, 0, sizeof(s));
	s.userdata = userdata;
	s.u.tag = __WASI_EVENTTYPE_CLOCK;
	s.u.u.clock.id = id;
	s.u.u.clock.timeout = timeout;
	s.u.u.clock.flags = flags;
	return s;
}

static uint64_t now(void)
{
	uint64_t ns;

	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &ns));
	return ns;
}

int main(void)
{
	__wasi_event_t events[2];
	__wasi_subscription_t subs[2];
	uint32_t n;
	const uint64_t ms = 1000000, start = now();

	subs[0] = clock(7, __WASI_CLOCKID_MONOTONIC, 20 * ms, 0);
	OK(poll_oneoff(subs, events, 1, &n));
	CHECK(n == 1 && events[0].userdata == 7 && events[0].type == __WASI_EVENTTYPE_CLOCK);
	EXPECT_EVENT(SUCCESS, events[0]);
	CHECK(now() >= start + 20 * ms);
	subs[0] = clock(8, __WASI_CLOCKID_REALTIME, 5 * ms, 0);
	OK(poll_oneoff(subs, events, 1, &n));
	CHECK(n == 1 && events[0].userdata == 8);
	const uint64_t at = now() + 10 * ms;

	subs[0] = clock(9, __WASI_CLOCKID_MONOTONIC, at,
			__WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
	OK(poll_oneoff(subs, events, 1, &n));
	CHECK(n == 1 && now() >= at);
	/* a time that is over, beside one far away */
	subs[0] = clock(10, __WASI_CLOCKID_MONOTONIC, UINT64_MAX, 0);
	subs[1] = clock(11, __WASI_CLOCKID_MONOTONIC, 1,
			__WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
	OK(poll_oneoff(subs, events, 2, &n));
	CHECK(n == 1 && events[0].userdata == 11);
	return 0;
}
