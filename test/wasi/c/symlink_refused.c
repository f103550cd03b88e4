/* Symlinks that cannot be made, and what is none. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[8];
	uint32_t used;

	make_file("f", "");
	make_dir("d");
	make_link("missing", "link");
	EXPECT(EXIST, path_symlink(S("x"), ROOT, S("f")));
	EXPECT(EXIST, path_symlink(S("x"), ROOT, S("d")));
	EXPECT(EXIST, path_symlink(S("x"), ROOT, S("link")));
	EXPECT(NOENT, path_symlink(S("x"), ROOT, S("none/new")));
	EXPECT(NOENT, path_symlink(S("x"), ROOT, S("")));
	EXPECT2(NOENT, INVAL, path_symlink(S(""), ROOT, S("new")));
	EXPECT(NOTDIR, path_symlink(S("x"), ROOT, S("f/new")));
	EXPECT2(NOTDIR, NOENT, path_symlink(S("x"), ROOT, S("new/")));
	EXPECT2(NOTDIR, EXIST, path_symlink(S("x"), ROOT, S("f/")));
	EXPECT2(PERM, NOTCAPABLE, path_symlink(S("/etc/passwd"), ROOT, S("new")));
	EXPECT2(PERM, NOTCAPABLE, path_symlink(S("/"), ROOT, S("new")));
	CHECK(!exists("new") && !exists("missing"));
	EXPECT(INVAL, path_readlink(ROOT, S("f"), buf, 8, &used));
	EXPECT(INVAL, path_readlink(ROOT, S("d"), buf, 8, &used));
	EXPECT(NOENT, path_readlink(ROOT, S("none"), buf, 8, &used));
	EXPECT(FAULT, path_readlink(ROOT, S("link"), NOWHERE, 32, &used));
	EXPECT(FAULT, path_readlink(ROOT, S("link"), buf, 8, NOWHERE));
	return 0;
}
