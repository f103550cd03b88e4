/* Paths start at a directory: from a file or a stream every function gives NOTDIR. */
#include "test/wasi/program.h"

static void from(uint32_t fd)
{
	char buf[64];
	uint32_t out;

	EXPECT(NOTDIR, path_create_directory(fd, S("x")));
	EXPECT(NOTDIR, path_filestat_get(fd, 0, S("x"), buf));
	EXPECT2(NOTDIR, NOTCAPABLE, path_filestat_set_times(fd, 0, S("x"), 0, 0, 0));
	EXPECT(NOTDIR, path_link(fd, 0, S("x"), ROOT, S("y")));
	EXPECT(NOTDIR, path_link(ROOT, 0, S("f"), fd, S("y")));
	EXPECT(NOTDIR, path_open(fd, 0, S("x"), 0, READ, 0, 0, &out));
	EXPECT(NOTDIR, path_readlink(fd, S("x"), buf, 64, &out));
	EXPECT(NOTDIR, path_remove_directory(fd, S("x")));
	EXPECT(NOTDIR, path_rename(fd, S("x"), ROOT, S("y")));
	EXPECT(NOTDIR, path_rename(ROOT, S("f"), fd, S("y")));
	EXPECT(NOTDIR, path_symlink(S("x"), fd, S("y")));
	EXPECT(NOTDIR, path_unlink_file(fd, S("x")));
}

int main(void)
{
	make_file("f", "text");
	from(open_file("f", 0, BOTH));
	from(1);
	CHECK(holds("f", "text"));
	return 0;
}
