/* The old numbers of whence: 0 from here, 1 from the end, 2 from the start. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	uint64_t off;
	char c;

	put(fd, "0123456789");
	OK(fd_seek(fd, -3, 0, &off));
	CHECK(off == 7);
	OK(fd_seek(fd, -1, 1, &off));
	CHECK(off == 9);
	CHECK(get(fd, &c, 1) == 1 && c == '9');
	OK(fd_seek(fd, 4, 2, &off));
	CHECK(off == 4 && offset_of(fd) == 4);
	CHECK(get(fd, &c, 1) == 1 && c == '4');
	EXPECT(INVAL, fd_seek(fd, 0, 3, &off));
	EXPECT(INVAL, fd_seek(fd, -1, 2, &off));
	CHECK(offset_of(fd) == 5);
	return 0;
}
