/* Files and symlinks are removed, directories not; a symlink's target stays. */
#include "test/wasi/program.h"

int main(void)
{
	make_dir("d");
	make_file("f", "text");
	make_link("f", "link");
	make_link("d", "dirlink");
	make_link("missing", "dangling");
	EXPECT2(ISDIR, PERM, path_unlink_file(ROOT, S("d")));
	EXPECT2(ISDIR, PERM, path_unlink_file(ROOT, S("d/")));
	EXPECT(NOENT, path_unlink_file(ROOT, S("none")));
	EXPECT(NOENT, path_unlink_file(ROOT, S("")));
	EXPECT(NOTDIR, path_unlink_file(ROOT, S("f/")));
	EXPECT(NOTDIR, path_unlink_file(ROOT, S("f/sub")));
	OK(path_unlink_file(ROOT, S("link")));
	OK(path_unlink_file(ROOT, S("dirlink")));
	OK(path_unlink_file(ROOT, S("dangling")));
	CHECK(!exists("link") && !exists("dirlink") && !exists("dangling"));
	CHECK(exists("d"));
	CHECK(holds("f", "text"));
	OK(path_unlink_file(ROOT, S("d/../f")));
	CHECK(!exists("f"));
	return 0;
}
