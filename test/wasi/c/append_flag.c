/* APPEND, put on and taken off: writes go to the end while it is on. */
#include "test/wasi/program.h"

int main(void)
{
	uint64_t off;

	make_file("f", "0123456789");
	const uint32_t fd = open_at(ROOT, "f", 0, BOTH, __WASI_FDFLAGS_APPEND);

	CHECK(status_of(fd).fs_flags == __WASI_FDFLAGS_APPEND);
	CHECK(offset_of(fd) == 0);
	put(fd, "ab");
	CHECK(offset_of(fd) == 12);
	OK(fd_seek(fd, 2, __WASI_WHENCE_SET, &off));
	put(fd, "cd");
	CHECK(holds("f", "0123456789abcd"));
	OK(fd_fdstat_set_flags(fd, 0));
	CHECK(status_of(fd).fs_flags == 0);
	OK(fd_seek(fd, 2, __WASI_WHENCE_SET, &off));
	put(fd, "XY");
	CHECK(holds("f", "01XY456789abcd"));
	OK(fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
	put(fd, "!");
	CHECK(holds("f", "01XY456789abcd!"));
	return 0;
}
