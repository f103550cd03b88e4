/* A pipe and a socket in a directory: their kind can be asked for, and opening never hangs. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	CHECK(stat_of("pipe").filetype != __WASI_FILETYPE_REGULAR_FILE);
	CHECK(stat_of("pipe").filetype != __WASI_FILETYPE_DIRECTORY);
	CHECK(stat_of("sock").filetype != __WASI_FILETYPE_REGULAR_FILE);
	CHECK(wasi_path_open(ROOT, 0, S("sock"), 0, READ, 0, 0, &fd) != 0);
	EXPECT(NOTDIR, path_open(ROOT, 0, S("pipe"), DIRECTORY, READ, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, S("pipe/x"), 0, READ, 0, 0, &fd));
	if (wasi_path_open(ROOT, 0, S("pipe"), 0, RIGHT(FD_READ), 0, __WASI_FDFLAGS_NONBLOCK,
			   &fd) == 0)
		EXPECT(SPIPE, fd_seek(fd, 0, __WASI_WHENCE_SET, &(uint64_t){0}));
	OK(path_unlink_file(ROOT, S("pipe")));
	CHECK(!exists("pipe"));
	return 0;
}
