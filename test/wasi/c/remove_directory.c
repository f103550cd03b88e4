/* Only an empty directory can be removed, and only this way. */
#include "test/wasi/program.h"

int main(void)
{
	make_dir("d");
	make_dir("d/sub");
	make_file("f", "");
	make_link("d", "link");
	EXPECT(NOTEMPTY, path_remove_directory(ROOT, S("d")));
	EXPECT(NOTDIR, path_remove_directory(ROOT, S("f")));
	EXPECT(NOTDIR, path_remove_directory(ROOT, S("link")));
	EXPECT(NOENT, path_remove_directory(ROOT, S("none")));
	EXPECT(NOENT, path_remove_directory(ROOT, S("")));
	EXPECT(NOTDIR, path_remove_directory(ROOT, S("f/sub")));
	EXPECT2(INVAL, BUSY, path_remove_directory(ROOT, S(".")));
	OK(path_remove_directory(ROOT, S("d/sub/")));
	const uint32_t dir = open_dir("d");

	OK(path_remove_directory(ROOT, S("d")));
	CHECK(!exists("d"));
	EXPECT(NOENT, path_create_directory(dir, S("sub")));
	CHECK(stat_fd(dir).filetype == __WASI_FILETYPE_DIRECTORY);
	return 0;
}
