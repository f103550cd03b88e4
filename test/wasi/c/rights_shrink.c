/* Rights go down, never up. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	const uint64_t all = status_of(fd).fs_rights_base;

	CHECK((all & BOTH) == BOTH);
	OK(fd_fdstat_set_rights(fd, all, 0));
	OK(fd_fdstat_set_rights(fd, RIGHT(FD_READ), 0));
	CHECK(status_of(fd).fs_rights_base == RIGHT(FD_READ));
	EXPECT(NOTCAPABLE, fd_fdstat_set_rights(fd, all, 0));
	EXPECT(NOTCAPABLE, fd_fdstat_set_rights(fd, RIGHT(FD_READ) | RIGHT(FD_WRITE), 0));
	CHECK(status_of(fd).fs_rights_base == RIGHT(FD_READ));
	OK(fd_fdstat_set_rights(fd, 0, 0));
	EXPECT(NOTCAPABLE, fd_fdstat_set_rights(fd, RIGHT(FD_READ), 0));
	/* another opening of the file has its own */
	CHECK(status_of(open_file("f", 0, BOTH)).fs_rights_base == all);
	return 0;
}
