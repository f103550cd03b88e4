/* Two names of one file. */
#include "test/wasi/program.h"

int main(void)
{
	make_file("a", "text");
	make_dir("d");
	OK(path_link(ROOT, 0, S("a"), open_dir("d"), S("b")));
	CHECK(stat_of("a").ino == stat_of("d/b").ino);
	CHECK(stat_of("a").nlink == 2);
	const uint32_t fd = open_file("d/b", 0, BOTH);

	put(fd, "TE");
	CHECK(holds("a", "TExt"));
	OK(path_unlink_file(ROOT, S("a")));
	CHECK(holds("d/b", "TExt"));
	CHECK(stat_fd(fd).nlink == 1);
	/* of a symlink itself */
	make_link("d/b", "link");
	OK(path_link(ROOT, 0, S("link"), ROOT, S("link2")));
	CHECK(stat_of("link2").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
	return 0;
}
