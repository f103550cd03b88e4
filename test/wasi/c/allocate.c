/* Room for a file: it grows, filled with zeros, never shrinks, and keeps what it held. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[8];

	put(fd, "text");
	if (wasi_fd_allocate(fd, 0, 100) == __WASI_ERRNO_NOTSUP) {
		CHECK(size_of("f") == 4);
		return 0; /* a file system without it; its size stays */
	}
	CHECK(size_of("f") == 100);
	OK(fd_allocate(fd, 10, 10));
	CHECK(size_of("f") == 100);
	OK(fd_allocate(fd, 90, 20));
	CHECK(stat_fd(fd).size == 110);
	CHECK(offset_of(fd) == 4);
	CHECK(get(fd, buf, 8) == 8);
	CHECK(memcmp(buf, "\0\0\0\0\0\0\0", 8) == 0);
	EXPECT(INVAL, fd_allocate(fd, 0, 0));
	EXPECT2(INVAL, FBIG, fd_allocate(fd, UINT64_MAX, 1));
	EXPECT2(INVAL, FBIG, fd_allocate(fd, INT64_MAX, 1));
	CHECK(size_of("f") == 110);
	EXPECT(BADF, fd_allocate(ROOT, 0, 1));
	OK(fd_close(fd));

	const uint32_t reader = open_file("f", 0, READ);

	EXPECT2(BADF, NOTCAPABLE, fd_allocate(reader, 0, 200));
	CHECK(size_of("f") == 110);
	return 0;
}
