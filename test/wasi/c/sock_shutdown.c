/* Each direction ends by itself. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;
	size_t done;
	uint16_t flags;
	char buf[32];

	OK(sock_accept(3, 0, &fd));
	EXPECT(INVAL, sock_shutdown(fd, 0));
	EXPECT(INVAL, sock_shutdown(fd, 4));
	OK(sock_send(fd, IOV("last", 4), 0, &done));
	CHECK(done == 4);
	OK(sock_shutdown(fd, __WASI_SDFLAGS_WR));
	EXPECT(PIPE, sock_send(fd, IOV("x", 1), 0, &done));
	OK(sock_recv(fd, IOV(buf, 11), __WASI_RIFLAGS_RECV_WAITALL, &done, &flags));
	CHECK(done == 11 && memcmp(buf, "still heard", 11) == 0);
	OK(sock_recv(fd, IOV(buf, 1), 0, &done, &flags));
	CHECK(done == 0);
	OK(fd_close(fd));
	OK(sock_accept(3, 0, &fd));
	OK(sock_shutdown(fd, __WASI_SDFLAGS_RD));
	OK(sock_recv(fd, IOV(buf, 1), 0, &done, &flags));
	CHECK(done == 0);
	OK(sock_send(fd, IOV("x", 1), 0, &done));
	OK(sock_shutdown(fd, __WASI_SDFLAGS_RD | __WASI_SDFLAGS_WR));
	return 0;
}
