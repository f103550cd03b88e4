/* A thousand subscriptions at once: every one that is due comes, in their order. */
#include "test/wasi/program.h"

#define MANY 1000

int main(void)
{
	static __wasi_subscription_t s[MANY];
	static __wasi_event_t e[MANY];
	uint32_t n;

	make_file("f", "text");
	const uint32_t fd = open_file("f", 0, BOTH);

	for (uint32_t i = 0; i < MANY; i++) {
		s[i].userdata = UINT64_C(0x100000000) + i;
		s[i].u.tag = i % 2 ? __WASI_EVENTTYPE_FD_READ : __WASI_EVENTTYPE_FD_WRITE;
		s[i].u.u.fd_read.file_descriptor = i % 10 == 3 ? FREE_FD : fd;
	}
	OK(poll_oneoff(s, e, MANY, &n));
	CHECK(n == MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		CHECK(e[i].userdata == UINT64_C(0x100000000) + i);
		CHECK(e[i].error == (i % 10 == 3 ? __WASI_ERRNO_BADF : __WASI_ERRNO_SUCCESS));
	}
	return 0;
}
