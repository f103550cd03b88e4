/* Flags: NONBLOCK comes and goes, sync flags stay as they were opened, unknown ones are refused. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);

	OK(fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK));
	CHECK(status_of(fd).fs_flags == __WASI_FDFLAGS_NONBLOCK);
	put(fd, "text");
	OK(fd_fdstat_set_flags(fd, 0));
	EXPECT(NOTSUP, fd_fdstat_set_flags(fd, __WASI_FDFLAGS_DSYNC));
	EXPECT(NOTSUP, fd_fdstat_set_flags(fd, __WASI_FDFLAGS_SYNC));
	EXPECT(NOTSUP, fd_fdstat_set_flags(fd, __WASI_FDFLAGS_RSYNC));
	EXPECT(INVAL, fd_fdstat_set_flags(fd, 32));
	CHECK(status_of(fd).fs_flags == 0);
	drop_right(fd, RIGHT(FD_FDSTAT_SET_FLAGS));
	EXPECT(NOTCAPABLE, fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
	EXPECT(FAULT, fd_fdstat_get(fd, NOWHERE));
	return 0;
}
