/* A directory opens for reading alone; "." is the directory itself. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	make_dir("d");
	OK(path_open(ROOT, 0, S("d"), 0, READ, 0, 0, &fd));
	CHECK(status_of(fd).fs_filetype == __WASI_FILETYPE_DIRECTORY);
	OK(path_open(ROOT, 0, S("d/"), DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	OK(path_open(ROOT, 0, S("."), DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	CHECK(stat_fd(fd).ino == stat_fd(ROOT).ino);
	EXPECT(ISDIR, path_open(ROOT, 0, S("d"), 0, BOTH, 0, 0, &fd));
	EXPECT(ISDIR, path_open(ROOT, 0, S("d"), TRUNC, BOTH, 0, 0, &fd));
	EXPECT(ISDIR, path_open(ROOT, 0, S("d"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(EXIST, path_open(ROOT, 0, S("d"), CREATE | EXCL, BOTH, 0, 0, &fd));
	EXPECT2(ISDIR, INVAL, path_open(ROOT, 0, S("new/"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(ISDIR, path_open(ROOT, 0, S("."), 0, BOTH, 0, 0, &fd));
	CHECK(!exists("new"));
	return 0;
}
