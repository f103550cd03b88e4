/* Symlinks inside: in the middle and at the end of a path, with "..", in chains, with a slash behind. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_filestat_t st;
	uint32_t fd;

	make_dir("a");
	make_dir("a/b");
	make_dir("c");
	make_file("c/f", "text");
	make_link("a/b", "ab");
	make_link("../../c", "a/b/c");
	make_link("ab/c/f", "chain");
	CHECK(holds("ab/c/f", "text"));
	CHECK(holds("chain", "text"));
	CHECK(holds("ab/../../c/f", "text"));
	CHECK(holds("ab/c/../c/f", "text"));
	CHECK(stat_of("chain").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
	CHECK(stat_of("ab/").filetype == __WASI_FILETYPE_DIRECTORY);
	OK(path_filestat_get(ROOT, FOLLOW, S("chain"), &st));
	CHECK(st.filetype == __WASI_FILETYPE_REGULAR_FILE && st.size == 4);
	EXPECT(LOOP, path_open(ROOT, 0, S("chain"), 0, READ, 0, 0, &fd));
	EXPECT2(LOOP, NOTDIR, path_open(ROOT, 0, S("ab"), DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	OK(path_open(ROOT, FOLLOW, S("ab"), DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	/* a file is made through a link whose target is missing */
	make_link("c/made", "through");
	make_file("through", "new");
	CHECK(holds("c/made", "new"));
	EXPECT(EXIST, path_open(ROOT, FOLLOW, S("through"), CREATE | EXCL, BOTH, 0, 0, &fd));
	return 0;
}
