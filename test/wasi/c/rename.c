/* Files and directories move, and take the place of what was there where that is allowed. */
#include "test/wasi/program.h"

int main(void)
{
	make_file("a", "a");
	make_file("b", "b");
	make_dir("d");
	make_dir("e");
	make_file("d/f", "f");
	OK(path_rename(ROOT, S("a"), ROOT, S("b")));
	CHECK(!exists("a") && holds("b", "a"));
	OK(path_rename(ROOT, S("b"), ROOT, S("b")));
	CHECK(holds("b", "a"));
	OK(path_rename(ROOT, S("d"), ROOT, S("e")));
	CHECK(!exists("d") && holds("e/f", "f"));
	OK(path_rename(ROOT, S("e/"), ROOT, S("g/")));
	OK(path_rename(open_dir("g"), S("f"), ROOT, S("h")));
	CHECK(holds("h", "f"));
	make_link("h", "link");
	OK(path_rename(ROOT, S("link"), ROOT, S("moved")));
	CHECK(stat_of("moved").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
	OK(path_rename(ROOT, S("b"), ROOT, S("moved")));
	CHECK(holds("h", "f") && holds("moved", "a"));
	return 0;
}
