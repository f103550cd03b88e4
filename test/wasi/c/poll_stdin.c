/* Standard input with bytes in it is ready, says how many, and is ready at its end as well. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_subscription_t s[2];
	__wasi_event_t e[2];
	uint32_t n;
	char buf[8];

	memset(s, 0, sizeof(s));
	s[0].userdata = 5;
	s[0].u.tag = __WASI_EVENTTYPE_FD_READ;
	s[0].u.u.fd_read.file_descriptor = 0;
	s[1].u.tag = __WASI_EVENTTYPE_CLOCK;
	s[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
	s[1].u.u.clock.timeout = UINT64_C(20000000000);
	OK(poll_oneoff(s, e, 2, &n));
	CHECK(n == 1 && e[0].userdata == 5);
	EXPECT_EVENT(SUCCESS, e[0]);
	size_t total = get(0, buf, 8);

	while (total < 5)
		total += get(0, buf, 8);
	OK(poll_oneoff(s, e, 2, &n));
	CHECK(n == 1 && e[0].userdata == 5);
	CHECK(get(0, buf, 8) == 0);
	return 0;
}
