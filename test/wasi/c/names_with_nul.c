/* A NUL in a path: INVAL or ILSEQ, and no file of the name before it. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[64];
	uint32_t fd;

	make_file("f", "text");
	EXPECT2(INVAL, ILSEQ, path_open(ROOT, 0, S("f\0g"), 0, READ, 0, 0, &fd));
	EXPECT2(INVAL, ILSEQ, path_open(ROOT, 0, S("f\0"), CREATE, BOTH, 0, 0, &fd));
	EXPECT2(INVAL, ILSEQ, path_filestat_get(ROOT, 0, S("f\0g"), buf));
	EXPECT2(INVAL, ILSEQ, path_unlink_file(ROOT, S("f\0g")));
	EXPECT2(INVAL, ILSEQ, path_create_directory(ROOT, S("new\0")));
	EXPECT2(INVAL, ILSEQ, path_symlink(S("x\0y"), ROOT, S("new")));
	EXPECT2(INVAL, ILSEQ, path_rename(ROOT, S("f"), ROOT, S("new\0")));
	EXPECT2(INVAL, ILSEQ, path_open(ROOT, 0, S("\0"), 0, READ, 0, 0, &fd));
	CHECK(holds("f", "text"));
	CHECK(!exists("new"));
	return 0;
}
