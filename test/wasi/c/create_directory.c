/* Directories are made once, below one that is there; a slash behind the name does no harm. */
#include "test/wasi/program.h"

int main(void)
{
	OK(path_create_directory(ROOT, S("d")));
	CHECK(stat_of("d").filetype == __WASI_FILETYPE_DIRECTORY);
	OK(path_create_directory(ROOT, S("d/sub/")));
	CHECK(stat_of("d/sub").filetype == __WASI_FILETYPE_DIRECTORY);
	make_file("f", "");
	make_link("missing", "dangling");
	EXPECT(EXIST, path_create_directory(ROOT, S("d")));
	EXPECT(EXIST, path_create_directory(ROOT, S("d/")));
	EXPECT(EXIST, path_create_directory(ROOT, S("f")));
	EXPECT(EXIST, path_create_directory(ROOT, S("dangling")));
	EXPECT(EXIST, path_create_directory(ROOT, S(".")));
	EXPECT(NOENT, path_create_directory(ROOT, S("none/sub")));
	EXPECT(NOENT, path_create_directory(ROOT, S("dangling/sub")));
	EXPECT(NOENT, path_create_directory(ROOT, S("")));
	EXPECT(NOTDIR, path_create_directory(ROOT, S("f/sub")));
	CHECK(!exists("missing"));
	return 0;
}
