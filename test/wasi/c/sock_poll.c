/* poll_oneoff on a listening socket, on a connection, on its end. */
#include "test/wasi/program.h"

static __wasi_event_t wait_for(uint32_t fd, uint8_t type)
{
	__wasi_subscription_t s[2];
	__wasi_event_t e[2];
	uint32_t n;

	memset(s, 0, sizeof(s));
	s[0].userdata = 1;
	s[0].u.tag = type;
	s[0].u.u.fd_read.file_descriptor = fd;
	s[1].u.tag = __WASI_EVENTTYPE_CLOCK;
	s[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
	s[1].u.u.clock.timeout = UINT64_C(20000000000);
	OK(poll_oneoff(s, e, 2, &n));
	CHECK(n == 1 && e[0].userdata == 1 && e[0].type == type);
	EXPECT_EVENT(SUCCESS, e[0]);
	return e[0];
}

int main(void)
{
	uint32_t fd;
	char buf[8];
	size_t total = 0;

	wait_for(3, __WASI_EVENTTYPE_FD_READ);
	OK(sock_accept(3, 0, &fd));
	wait_for(fd, __WASI_EVENTTYPE_FD_WRITE);
	say(fd, "ready");
	while (total < 5) {
		CHECK(wait_for(fd, __WASI_EVENTTYPE_FD_READ).fd_readwrite.nbytes <= 5);
		total += get(fd, buf, 8);
	}
	CHECK(total == 5);
	wait_for(fd, __WASI_EVENTTYPE_FD_READ);
	CHECK(get(fd, buf, 8) == 0);
	return 0;
}
