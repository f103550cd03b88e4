/* Files are always ready; what is wrong with one subscription is in its event, beside the others'. */
#include "test/wasi/program.h"

static __wasi_subscription_t on(uint64_t userdata, uint32_t fd, uint8_t type)
{
	__wasi_subscription_t s;

	memset(&s, 0, sizeof(s));
	s.userdata = userdata;
	s.u.tag = type;
	s.u.u.fd_read.file_descriptor = fd;
	return s;
}

int main(void)
{
	__wasi_event_t e[4];
	uint32_t n;

	make_file("f", "text");
	const uint32_t fd = open_file("f", 0, BOTH), weak = open_file("f", 0, BOTH);

	drop_right(weak, RIGHT(POLL_FD_READWRITE));
	const __wasi_subscription_t subs[] = {
		on(1, fd, __WASI_EVENTTYPE_FD_READ), on(2, fd, __WASI_EVENTTYPE_FD_WRITE),
		on(3, FREE_FD, __WASI_EVENTTYPE_FD_READ), on(4, weak, __WASI_EVENTTYPE_FD_READ)};

	OK(poll_oneoff(subs, e, 4, &n));
	CHECK(n == 4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK(e[i].userdata == i + 1 && e[i].type == subs[i].u.tag);
	EXPECT_EVENT(SUCCESS, e[0]);
	CHECK(e[0].fd_readwrite.nbytes == 4);
	EXPECT_EVENT(SUCCESS, e[1]);
	EXPECT_EVENT(BADF, e[2]);
	EXPECT_EVENT(NOTCAPABLE, e[3]);
	return 0;
}
