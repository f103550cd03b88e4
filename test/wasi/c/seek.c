/* Positions from the start, from here, from the end, behind the end. */
#include "test/wasi/program.h"

static uint64_t to(uint32_t fd, int64_t delta, uint32_t whence)
{
	uint64_t off;

	OK(fd_seek(fd, delta, whence, &off));
	CHECK(off == offset_of(fd));
	return off;
}

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char c[4];

	put(fd, "0123456789");
	CHECK(to(fd, 3, __WASI_WHENCE_SET) == 3);
	CHECK(get(fd, c, 1) == 1 && c[0] == '3');
	CHECK(to(fd, 2, __WASI_WHENCE_CUR) == 6);
	CHECK(to(fd, -6, __WASI_WHENCE_CUR) == 0);
	CHECK(to(fd, -1, __WASI_WHENCE_END) == 9);
	CHECK(get(fd, c, 4) == 1 && c[0] == '9');
	CHECK(to(fd, 5, __WASI_WHENCE_END) == 15);
	CHECK(get(fd, c, 4) == 0);
	CHECK(stat_fd(fd).size == 10);
	put(fd, "x");
	CHECK(stat_fd(fd).size == 16);
	CHECK(to(fd, 8, __WASI_WHENCE_SET) == 8);
	CHECK(get(fd, c, 4) == 4 && memcmp(c, "89\0\0", 4) == 0);
	CHECK(to(fd, INT64_C(1) << 40, __WASI_WHENCE_SET) == UINT64_C(1) << 40);
	return 0;
}
