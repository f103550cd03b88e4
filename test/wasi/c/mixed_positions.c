/* Reads, writes and positioned ones in turn on one descriptor see each other. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[16];
	size_t done;
	uint64_t off;

	put(fd, "abcdefghij");
	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	CHECK(get(fd, buf, 2) == 2 && memcmp(buf, "ab", 2) == 0);
	put(fd, "CD");
	CHECK(get(fd, buf, 2) == 2 && memcmp(buf, "ef", 2) == 0);
	OK(fd_pwrite(fd, IOV("G", 1), 6, &done));
	CHECK(get(fd, buf, 2) == 2 && memcmp(buf, "Gh", 2) == 0);
	OK(fd_pread(fd, IOV(buf, 10), 0, &done));
	CHECK(done == 10 && memcmp(buf, "abCDefGhij", 10) == 0);
	OK(fd_seek(fd, -1, __WASI_WHENCE_CUR, &off));
	put(fd, "H");
	OK(fd_filestat_set_size(fd, 9));
	CHECK(get(fd, buf, 4) == 1 && buf[0] == 'i');
	OK(fd_pwrite(fd, IOV("xyz", 3), 9, &done));
	CHECK(get(fd, buf, 4) == 3 && memcmp(buf, "xyz", 3) == 0);
	CHECK(holds("f", "abCDefGHixyz"));
	return 0;
}
