/* Size, kind, links, and times of open files and directories. */
#include "test/wasi/program.h"

int main(void)
{
	uint64_t now;

	make_file("f", "12345");
	make_dir("d");
	const uint32_t fd = open_file("f", 0, BOTH), dir = open_dir("d");
	const __wasi_filestat_t f = stat_fd(fd), d = stat_fd(dir);

	OK(clock_time_get(__WASI_CLOCKID_REALTIME, 0, &now));
	CHECK(f.filetype == __WASI_FILETYPE_REGULAR_FILE);
	CHECK(f.size == 5);
	CHECK(f.nlink == 1);
	CHECK(d.filetype == __WASI_FILETYPE_DIRECTORY);
	CHECK(d.ino != f.ino);
	CHECK(d.dev == f.dev);
	CHECK(f.mtim <= now + UINT64_C(2000000000) && f.mtim + UINT64_C(100000000000) > now);
	CHECK(f.ctim >= f.mtim);
	CHECK(stat_of("f").ino == f.ino);
	CHECK(stat_fd(ROOT).filetype == __WASI_FILETYPE_DIRECTORY);
	put(fd, "1234567");
	CHECK(stat_fd(fd).size == 7);
	EXPECT(FAULT, fd_filestat_get(fd, NOWHERE));
	return 0;
}
