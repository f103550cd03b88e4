/* CREAT, EXCL, TRUNC and DIRECTORY, alone and together. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	EXPECT(NOENT, path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &fd));
	EXPECT(NOENT, path_open(ROOT, 0, S("f"), TRUNC, BOTH, 0, 0, &fd));
	EXPECT(NOENT, path_open(ROOT, 0, S("none/f"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(NOENT, path_open(ROOT, 0, S("f"), DIRECTORY, READ, 0, 0, &fd));
	OK(path_open(ROOT, 0, S("f"), CREATE | EXCL, BOTH, 0, 0, &fd));
	put(fd, "text");
	EXPECT(EXIST, path_open(ROOT, 0, S("f"), CREATE | EXCL, BOTH, 0, 0, &fd));
	OK(path_open(ROOT, 0, S("f"), CREATE, BOTH, 0, 0, &fd));
	CHECK(stat_fd(fd).size == 4);
	OK(path_open(ROOT, 0, S("f"), TRUNC, BOTH, 0, 0, &fd));
	CHECK(stat_fd(fd).size == 0);
	EXPECT(NOTDIR, path_open(ROOT, 0, S("f"), DIRECTORY, READ, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, S("f/"), 0, READ, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, S("f/x"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(INVAL, path_open(ROOT, 0, S("d"), CREATE | DIRECTORY, READ, 0, 0, &fd));
	EXPECT(INVAL, path_open(ROOT, 0, S("f"), 16, READ, 0, 0, &fd));
	EXPECT(INVAL, path_open(ROOT, 2, S("f"), 0, READ, 0, 0, &fd));
	CHECK(!exists("d"));
	return 0;
}
