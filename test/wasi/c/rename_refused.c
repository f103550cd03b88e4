/* What a rename must not do, and that then nothing has moved. */
#include "test/wasi/program.h"

int main(void)
{
	make_file("f", "f");
	make_dir("d");
	make_dir("e");
	make_dir("d/sub");
	make_file("d/sub/x", "x");
	EXPECT(NOENT, path_rename(ROOT, S("none"), ROOT, S("new")));
	EXPECT(NOENT, path_rename(ROOT, S("f"), ROOT, S("none/new")));
	EXPECT(NOENT, path_rename(ROOT, S(""), ROOT, S("new")));
	EXPECT(NOENT, path_rename(ROOT, S("f"), ROOT, S("")));
	EXPECT(ISDIR, path_rename(ROOT, S("f"), ROOT, S("e")));
	EXPECT(NOTDIR, path_rename(ROOT, S("d"), ROOT, S("f")));
	EXPECT2(NOTEMPTY, EXIST, path_rename(ROOT, S("e"), ROOT, S("d")));
	EXPECT(NOTEMPTY, path_rename(ROOT, S("e"), ROOT, S("d")));
	EXPECT(INVAL, path_rename(ROOT, S("d"), ROOT, S("d/sub/new")));
	EXPECT(NOTDIR, path_rename(ROOT, S("f/"), ROOT, S("new")));
	EXPECT(NOTDIR, path_rename(ROOT, S("f"), ROOT, S("new/")));
	EXPECT(NOTDIR, path_rename(ROOT, S("f/x"), ROOT, S("new")));
	EXPECT2(BUSY, INVAL, path_rename(ROOT, S("."), ROOT, S("new")));
	CHECK(!exists("new"));
	CHECK(holds("f", "f") && holds("d/sub/x", "x"));
	return 0;
}
