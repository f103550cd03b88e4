/* Files, directories and streams are no sockets. */
#include "test/wasi/program.h"

static void on(uint32_t fd)
{
	char c;
	size_t done;
	uint32_t out;

	EXPECT(NOTSOCK, sock_accept(fd, 0, &out));
	EXPECT(NOTSOCK, sock_recv(fd, IOV(&c, 1), 0, &done, &out));
	EXPECT(NOTSOCK, sock_send(fd, IOV("x", 1), 0, &done));
	EXPECT(NOTSOCK, sock_shutdown(fd, __WASI_SDFLAGS_RD));
	EXPECT(NOTSOCK, sock_shutdown(fd, __WASI_SDFLAGS_WR));
	EXPECT(NOTSOCK, sock_shutdown(fd, __WASI_SDFLAGS_RD | __WASI_SDFLAGS_WR));
}

int main(void)
{
	make_file("f", "text");
	on(open_file("f", 0, BOTH));
	on(ROOT);
	on(0);
	on(1);
	CHECK(holds("f", "text"));
	return 0;
}
