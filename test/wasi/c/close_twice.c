/* Closed is closed, for a file, a directory and the directory that was given. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	uint32_t out;

	OK(fd_close(fd));
	EXPECT(BADF, fd_close(fd));
	make_dir("d");
	const uint32_t dir = open_dir("d");

	OK(fd_close(ROOT));
	EXPECT(BADF, path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &out));
	EXPECT(BADF, fd_prestat_get(ROOT, &out));
	/* what was opened below it lives on */
	OK(path_open(dir, 0, S("new"), CREATE, BOTH, 0, 0, &out));
	CHECK(out == ROOT);
	return 0;
}
