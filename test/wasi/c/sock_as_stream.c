/* A socket is read and written like a pipe, stands behind the directories, and has no positions. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;
	size_t done;
	uint64_t off;
	uint16_t flags;
	char buf[8];
	uint8_t pre[8];

	CHECK(status_of(4).fs_filetype == __WASI_FILETYPE_SOCKET_STREAM);
	EXPECT(BADF, fd_prestat_get(4, pre));
	EXPECT2(NOTCONN, INVAL, sock_recv(4, IOV(buf, 1), 0, &done, &flags));
	OK(sock_accept(4, 0, &fd));
	EXPECT(INVAL, sock_accept(fd, 0, &done));
	OK(fd_read(fd, IOV(buf, 3), &done));
	CHECK(done == 3 && memcmp(buf, "one", 3) == 0);
	EXPECT(SPIPE, fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	EXPECT(SPIPE, fd_pread(fd, IOV(buf, 1), 0, &done));
	EXPECT(NOTDIR, path_open(fd, 0, S("x"), 0, READ, 0, 0, &done));
	EXPECT(FAULT, sock_recv(fd, IOV(NOWHERE, 64), 0, &done, &flags));
	EXPECT(FAULT, sock_recv(fd, IOV(buf, 1), 0, &done, NOWHERE));
	EXPECT(FAULT, sock_send(fd, IOV(NOWHERE, 64), 0, &done));
	EXPECT(FAULT, sock_accept(4, 0, NOWHERE));
	EXPECT2(INVAL, NOTSUP, sock_recv(fd, IOV(buf, 1), 0x8000, &done, &flags));
	EXPECT2(INVAL, NOTSUP, sock_send(fd, IOV("x", 1), 1, &done));
	OK(fd_write(fd, IOV("two", 3), &done));
	CHECK(get(fd, buf, 8) == 0);
	OK(fd_close(fd));
	OK(sock_accept(4, 0, &fd));
	OK(fd_write(fd, IOV("three", 5), &done));
	/* the end closes what is open */
	return 0;
}
