/* A connection is accepted; what comes goes back in capitals, until the client's end. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;
	size_t done;
	uint16_t flags;
	char buf[64];

	OK(sock_accept(3, 0, &fd));
	CHECK(fd == 4);
	CHECK(status_of(fd).fs_filetype == __WASI_FILETYPE_SOCKET_STREAM);
	for (;;) {
		flags = 0xffff;
		OK(sock_recv(fd, IOV(buf, sizeof(buf)), 0, &done, &flags));
		CHECK(flags == 0);
		if (done == 0)
			break;
		for (size_t i = 0; i < done; i++)
			buf[i] = (char)(buf[i] - 32);
		OK(sock_send(fd, IOV(buf, done), 0, &done));
	}
	OK(fd_close(fd));
	EXPECT(BADF, sock_recv(fd, IOV(buf, 1), 0, &done, &flags));
	return 0;
}
