/* fd_pread and fd_pwrite: at their own offset, over several buffers, the position untouched. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char a[4], b[4];
	size_t done;

	const iov out[] = {{(const uint8_t *)"abc", 3}, {NULL, 0}, {(const uint8_t *)"defg", 4}};
	const iov in[] = {{(uint8_t *)a, 4}, {(uint8_t *)b, 4}};

	put(fd, "0123456789");
	OK(fd_pwrite(fd, out, 3, 2, &done));
	CHECK(done == 7);
	CHECK(offset_of(fd) == 10);
	CHECK(holds("f", "01abcdefg9"));
	OK(fd_pread(fd, in, 2, 4, &done));
	CHECK(done == 6);
	CHECK(memcmp(a, "cdef", 4) == 0 && memcmp(b, "g9", 2) == 0);
	OK(fd_pread(fd, in, 2, 10, &done));
	CHECK(done == 0);
	OK(fd_pread(fd, in, 2, 1000, &done));
	CHECK(done == 0);
	OK(fd_pwrite(fd, IOV("!", 1), 12, &done));
	CHECK(stat_fd(fd).size == 13);
	OK(fd_pread(fd, in, 1, 9, &done));
	CHECK(memcmp(a, "9\0\0!", 4) == 0);
	CHECK(offset_of(fd) == 10);
	return 0;
}
