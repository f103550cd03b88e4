/* Standard output is ready for writing; a clock far away does not delay it. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_subscription_t s[2];
	__wasi_event_t e[2];
	uint32_t n;

	memset(s, 0, sizeof(s));
	s[0].u.tag = __WASI_EVENTTYPE_FD_WRITE;
	s[0].u.u.fd_write.file_descriptor = 1;
	s[0].userdata = UINT64_MAX;
	s[1].u.tag = __WASI_EVENTTYPE_CLOCK;
	s[1].u.u.clock.timeout = UINT64_C(20000000000);
	s[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
	OK(poll_oneoff(s, e, 2, &n));
	CHECK(n == 1 && e[0].userdata == UINT64_MAX && e[0].type == __WASI_EVENTTYPE_FD_WRITE);
	say(1, "x");
	return 0;
}
