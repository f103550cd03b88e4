/* DSYNC, RSYNC and SYNC can be asked for at opening; a host without them may say so. */
#include "test/wasi/program.h"

static void with(uint32_t flag)
{
	uint32_t fd;

	if (wasi_path_open(ROOT, 0, S("f"), 0, BOTH, 0, flag, &fd) != 0) {
		EXPECT(NOTSUP, path_open(ROOT, 0, S("f"), 0, BOTH, 0, flag, &fd));
		return;
	}
	CHECK(status_of(fd).fs_flags & flag);
	CHECK(put(fd, "text") == 4);
	CHECK(put(fd, "more") == 4);
	OK(fd_close(fd));
}

int main(void)
{
	uint32_t fd;

	make_file("f", "textmore");
	with(__WASI_FDFLAGS_DSYNC);
	with(__WASI_FDFLAGS_SYNC);
	with(__WASI_FDFLAGS_RSYNC | __WASI_FDFLAGS_SYNC);
	EXPECT(INVAL, path_open(ROOT, 0, S("f"), 0, BOTH, 0, 32, &fd));
	return 0;
}
