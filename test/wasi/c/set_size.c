/* A file is cut and made longer with zeros; the position stays. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[16];
	uint64_t off;

	put(fd, "0123456789");
	OK(fd_filestat_set_size(fd, 4));
	CHECK(stat_fd(fd).size == 4);
	CHECK(offset_of(fd) == 10);
	CHECK(get(fd, buf, 16) == 0);
	OK(fd_filestat_set_size(fd, 8));
	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	CHECK(get(fd, buf, 16) == 8);
	CHECK(memcmp(buf, "0123\0\0\0\0", 8) == 0);
	EXPECT2(INVAL, FBIG, fd_filestat_set_size(fd, UINT64_MAX));
	CHECK(stat_fd(fd).size == 8);
	OK(fd_filestat_set_size(fd, 0));
	CHECK(stat_fd(fd).size == 0);
	const uint32_t reader = open_file("f", 0, READ);

	EXPECT2(INVAL, BADF, fd_filestat_set_size(reader, 0));
	EXPECT2(INVAL, BADF, fd_filestat_set_size(ROOT, 0));
	return 0;
}
