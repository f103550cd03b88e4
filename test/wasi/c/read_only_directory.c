/* A directory given read-only: all that changes it gives ROFS, all that reads works. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[64];
	uint32_t fd, used;

	EXPECT(ROFS, path_create_directory(ROOT, S("new")));
	EXPECT(ROFS, path_filestat_set_times(ROOT, 0, S("f"), 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
	EXPECT(ROFS, path_link(ROOT, 0, S("f"), ROOT, S("new")));
	EXPECT(ROFS, path_open(ROOT, 0, S("new"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(ROFS, path_open(ROOT, 0, S("f"), 0, BOTH, 0, 0, &fd));
	EXPECT(ROFS, path_open(ROOT, 0, S("f"), TRUNC, BOTH, 0, 0, &fd));
	EXPECT(ROFS, path_open(ROOT, FOLLOW, S("link"), TRUNC, READ, 0, 0, &fd));
	EXPECT(ROFS, path_remove_directory(ROOT, S("d")));
	EXPECT(ROFS, path_rename(ROOT, S("f"), ROOT, S("new")));
	EXPECT2(ROFS, XDEV, path_rename(ROOT, S("f"), SECOND, S("new")));
	EXPECT2(ROFS, XDEV, path_rename(SECOND, S("g"), ROOT, S("new")));
	EXPECT(ROFS, path_symlink(S("f"), ROOT, S("new")));
	EXPECT(ROFS, path_unlink_file(ROOT, S("f")));
	OK(path_open(ROOT, FOLLOW, S("link"), 0, READ, 0, 0, &fd));
	CHECK(get(fd, buf, 64) == 5);
	OK(path_readlink(ROOT, S("link"), buf, 64, &used));
	EXPECT2(INVAL, BADF, fd_filestat_set_size(fd, 0));
	EXPECT2(ROFS, NOTCAPABLE, fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
	OK(path_create_directory(SECOND, S("new")));
	return 0;
}
