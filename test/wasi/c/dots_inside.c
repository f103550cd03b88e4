/* "." and ".." inside of the directory, doubled slashes: the same file. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	make_dir("a");
	make_dir("a/b");
	make_file("a/f", "text");
	CHECK(holds("./a/f", "text"));
	CHECK(holds("a/./f", "text"));
	CHECK(holds("a//f", "text"));
	CHECK(holds("a/b/../f", "text"));
	CHECK(holds("a/b/../../a/f", "text"));
	CHECK(holds("a/../a/b/.././f", "text"));
	CHECK(stat_of("a/b/..").ino == stat_of("a").ino);
	CHECK(stat_of("a/.").ino == stat_of("a").ino);
	EXPECT(NOENT, path_open(ROOT, 0, S("none/../a/f"), 0, READ, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, S("a/f/../f"), 0, READ, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, S("a/f/."), 0, READ, 0, 0, &fd));
	return 0;
}
