/* A position above four gigabytes: nothing is cut to 32 bits. */
#include "test/wasi/program.h"

#define FAR (UINT64_C(5) << 30)

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[4];
	size_t done;
	uint64_t off;

	OK(fd_pwrite(fd, IOV("x", 1), FAR, &done));
	CHECK(stat_fd(fd).size == FAR + 1);
	OK(fd_seek(fd, -1, __WASI_WHENCE_END, &off));
	CHECK(off == FAR);
	CHECK(get(fd, buf, 4) == 1 && buf[0] == 'x');
	OK(fd_pread(fd, IOV(buf, 4), FAR - 3, &done));
	CHECK(done == 4 && memcmp(buf, "\0\0\0x", 4) == 0);
	OK(fd_pread(fd, IOV(buf, 4), FAR & UINT32_MAX, &done));
	CHECK(done == 4 && memcmp(buf, "\0\0\0", 4) == 0);
	OK(fd_filestat_set_size(fd, FAR));
	CHECK(stat_fd(fd).size == FAR);
	OK(fd_filestat_set_size(fd, FAR + 1));
	return 0;
}
