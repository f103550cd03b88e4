/* By path: with and without following, and what cannot be asked. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_filestat_t st;

	make_file("f", "text");
	make_dir("d");
	make_link("f", "link");
	make_link("none", "dangling");
	OK(path_filestat_get(ROOT, 0, S("f"), &st));
	CHECK(st.size == 4 && st.nlink == 1);
	const uint64_t ino = st.ino;

	OK(path_filestat_get(ROOT, FOLLOW, S("link"), &st));
	CHECK(st.ino == ino);
	OK(path_filestat_get(ROOT, 0, S("link"), &st));
	CHECK(st.ino != ino && st.filetype == __WASI_FILETYPE_SYMBOLIC_LINK && st.size == 1);
	OK(path_filestat_get(ROOT, 0, S("dangling"), &st));
	EXPECT(NOENT, path_filestat_get(ROOT, FOLLOW, S("dangling"), &st));
	EXPECT(NOENT, path_filestat_get(ROOT, 0, S("none"), &st));
	EXPECT(NOENT, path_filestat_get(ROOT, 0, S(""), &st));
	EXPECT(NOTDIR, path_filestat_get(ROOT, 0, S("f/"), &st));
	EXPECT(NOTDIR, path_filestat_get(ROOT, 0, S("f/x"), &st));
	EXPECT(INVAL, path_filestat_get(ROOT, 2, S("f"), &st));
	EXPECT(FAULT, path_filestat_get(ROOT, 0, S("f"), NOWHERE));
	EXPECT(FAULT, path_filestat_get(ROOT, 0, NOWHERE, 32, &st));
	OK(path_filestat_get(ROOT, 0, S("d/"), &st));
	CHECK(st.filetype == __WASI_FILETYPE_DIRECTORY);
	return 0;
}
