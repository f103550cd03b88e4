/* Links that cannot be. */
#include "test/wasi/program.h"

int main(void)
{
	make_file("f", "text");
	make_file("g", "");
	make_dir("d");
	make_link("f", "link");
	EXPECT(EXIST, path_link(ROOT, 0, S("f"), ROOT, S("g")));
	EXPECT(EXIST, path_link(ROOT, 0, S("f"), ROOT, S("link")));
	EXPECT(EXIST, path_link(ROOT, 0, S("f"), ROOT, S("d")));
	EXPECT(NOENT, path_link(ROOT, 0, S("none"), ROOT, S("new")));
	EXPECT(NOENT, path_link(ROOT, 0, S("f"), ROOT, S("none/new")));
	EXPECT2(PERM, ACCES, path_link(ROOT, 0, S("d"), ROOT, S("new")));
	EXPECT2(PERM, ACCES, path_link(ROOT, 0, S("d/"), ROOT, S("new")));
	EXPECT(INVAL, path_link(ROOT, FOLLOW, S("link"), ROOT, S("new")));
	EXPECT(NOTDIR, path_link(ROOT, 0, S("f/"), ROOT, S("new")));
	EXPECT2(NOTDIR, NOENT, path_link(ROOT, 0, S("f"), ROOT, S("new/")));
	CHECK(!exists("new"));
	CHECK(stat_of("f").nlink == 1);
	return 0;
}
