/* No subscriptions, none of that kind, places outside of memory; unknown clocks fail in their event. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_subscription_t s;
	__wasi_event_t e;
	uint32_t n;

	memset(&s, 0, sizeof(s));
	EXPECT(INVAL, poll_oneoff(&s, &e, 0, &n));
	EXPECT(FAULT, poll_oneoff(NOWHERE, &e, 1, &n));
	EXPECT(FAULT, poll_oneoff(&s, NOWHERE, 1, &n));
	EXPECT(FAULT, poll_oneoff(&s, &e, 1, NOWHERE));
	s.u.tag = 3;
	EXPECT(INVAL, poll_oneoff(&s, &e, 1, &n));
	s.u.tag = __WASI_EVENTTYPE_CLOCK;
	s.u.u.clock.id = 9;
	OK(poll_oneoff(&s, &e, 1, &n));
	CHECK(n == 1);
	EXPECT_EVENT(INVAL, e);
	return 0;
}
