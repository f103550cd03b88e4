/* PEEK leaves what it shows; WAITALL waits until the buffers are full, or for the end. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;
	size_t done = 0, more;
	uint16_t flags;
	char a[2], b[16];
	const iov v[] = {{(uint8_t *)a, 2}, {(uint8_t *)b, 6}};

	OK(sock_accept(3, 0, &fd));
	while (done < 3)
		OK(sock_recv(fd, IOV(b, sizeof(b)), __WASI_RIFLAGS_RECV_PEEK, &done, &flags));
	CHECK(done == 3 && memcmp(b, "abc", 3) == 0);
	OK(sock_recv(fd, IOV(b, 2), __WASI_RIFLAGS_RECV_PEEK, &done, &flags));
	CHECK(done == 2);
	OK(sock_send(fd, IOV("1", 1), 0, &more));
	OK(sock_recv(fd, v, 2, __WASI_RIFLAGS_RECV_WAITALL, &done, &flags));
	CHECK(done == 8 && memcmp(a, "ab", 2) == 0 && memcmp(b, "cdefgh", 6) == 0);
	OK(sock_send(fd, IOV("2", 1), 0, &more));
	OK(sock_recv(fd, v, 2, __WASI_RIFLAGS_RECV_WAITALL, &done, &flags));
	CHECK(done == 0);
	return 0;
}
