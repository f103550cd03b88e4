/* A directory that was opened is as closed as the given one: ".." does not lead back. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	make_dir("d");
	make_dir("d/e");
	make_file("f", "text");
	make_link("../f", "d/up");
	const uint32_t dir = open_dir("d");

	EXPECT2(PERM, NOTCAPABLE, path_open(dir, 0, S(".."), DIRECTORY, READ, 0, 0, &fd));
	EXPECT2(PERM, NOTCAPABLE, path_open(dir, 0, S("../f"), 0, READ, 0, 0, &fd));
	EXPECT2(PERM, NOTCAPABLE, path_open(dir, FOLLOW, S("up"), 0, READ, 0, 0, &fd));
	OK(path_open(ROOT, FOLLOW, S("d/up"), 0, READ, 0, 0, &fd));
	OK(path_open(dir, 0, S("e/.."), DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	__wasi_filestat_t st;

	OK(path_filestat_get(dir, 0, S("."), &st));
	CHECK(stat_of("d").ino == st.ino);
	return 0;
}
