/* The old subscriptions: 56 bytes, a clock with an identifier before its number. */
#include "test/wasi/program.h"

struct old_subscription {
	uint64_t userdata;
	uint8_t tag;
	union {
		struct {
			uint64_t identifier;
			uint32_t id;
			uint64_t timeout, precision;
			uint16_t flags;
		} clock;
		uint32_t fd;
	} u;
};
_Static_assert(sizeof(struct old_subscription) == 56, "layout");

int main(void)
{
	struct old_subscription s[3];
	__wasi_event_t e[3];
	uint32_t n;
	uint64_t start, now;

	memset(s, 0, sizeof(s));
	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &start));
	s[0].userdata = 1;
	s[0].u.clock.identifier = 0xdeadbeef;
	s[0].u.clock.id = __WASI_CLOCKID_MONOTONIC;
	s[0].u.clock.timeout = 20000000;
	OK(poll_oneoff(s, e, 1, &n));
	CHECK(n == 1 && e[0].userdata == 1);
	EXPECT_EVENT(SUCCESS, e[0]);
	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &now));
	CHECK(now >= start + 20000000);
	make_file("f", "text");
	s[0].u.clock.timeout = UINT64_C(60000000000);
	s[1].userdata = 2;
	s[1].tag = __WASI_EVENTTYPE_FD_READ;
	s[1].u.fd = open_file("f", 0, BOTH);
	s[2].userdata = 3;
	s[2].tag = __WASI_EVENTTYPE_FD_READ;
	s[2].u.fd = FREE_FD;
	OK(poll_oneoff(s, e, 3, &n));
	CHECK(n == 2 && e[0].userdata == 2 && e[1].userdata == 3);
	CHECK(e[0].fd_readwrite.nbytes == 4);
	EXPECT_EVENT(BADF, e[1]);
	/* an event of what was once 56 bytes needs not more than these of memory */
	EXPECT(FAULT,
	       poll_oneoff((uint8_t *)(__builtin_wasm_memory_size(0) * 65536) - 55, e, 1, &n));
	EXPECT(INVAL, poll_oneoff(s, e, 0, &n));
	return 0;
}
