/* Nobody there, nothing there: AGAIN, where NONBLOCK was asked for. */
#include "test/wasi/program.h"

static void wait_for(uint32_t fd)
{
	__wasi_subscription_t s;
	__wasi_event_t e;
	uint32_t n;

	memset(&s, 0, sizeof(s));
	s.u.tag = __WASI_EVENTTYPE_FD_READ;
	s.u.u.fd_read.file_descriptor = fd;
	OK(poll_oneoff(&s, &e, 1, &n));
	CHECK(n == 1);
	EXPECT_EVENT(SUCCESS, e);
}

int main(void)
{
	uint32_t fd, none;
	size_t done;
	uint16_t flags;
	char buf[8];

	OK(fd_fdstat_set_flags(3, __WASI_FDFLAGS_NONBLOCK));
	CHECK(status_of(3).fs_flags == __WASI_FDFLAGS_NONBLOCK);
	wait_for(3);
	OK(sock_accept(3, __WASI_FDFLAGS_NONBLOCK, &fd));
	CHECK(status_of(fd).fs_flags == __WASI_FDFLAGS_NONBLOCK);
	EXPECT(AGAIN, sock_accept(3, 0, &none));
	EXPECT(AGAIN, sock_recv(fd, IOV(buf, 8), 0, &done, &flags));
	EXPECT(AGAIN, fd_read(fd, IOV(buf, 8), &done));
	OK(sock_send(fd, IOV("go", 2), 0, &done));
	wait_for(fd);
	OK(sock_recv(fd, IOV(buf, 8), 0, &done, &flags));
	CHECK(done == 4 && memcmp(buf, "data", 4) == 0);
	OK(fd_fdstat_set_flags(fd, 0));
	CHECK(status_of(fd).fs_flags == 0);
	return 0;
}
