/* A path that lies outside of memory, in every function that takes one. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[64];
	uint32_t out;
	const char *const p = NOWHERE;

	make_file("f", "text");
	EXPECT(FAULT, path_create_directory(ROOT, p, 32));
	EXPECT(FAULT, path_filestat_get(ROOT, 0, p, 32, buf));
	EXPECT(FAULT, path_filestat_set_times(ROOT, 0, p, 32, 0, 0, 0));
	EXPECT(FAULT, path_link(ROOT, 0, p, 32, ROOT, S("new")));
	EXPECT(FAULT, path_link(ROOT, 0, S("f"), ROOT, p, 32));
	EXPECT(FAULT, path_open(ROOT, 0, p, 32, CREATE, BOTH, 0, 0, &out));
	EXPECT(FAULT, path_open(ROOT, 0, S("new"), CREATE, BOTH, 0, 0, NOWHERE));
	EXPECT(FAULT, path_readlink(ROOT, p, 32, buf, 64, &out));
	EXPECT(FAULT, path_remove_directory(ROOT, p, 32));
	EXPECT(FAULT, path_rename(ROOT, p, 32, ROOT, S("new")));
	EXPECT(FAULT, path_rename(ROOT, S("f"), ROOT, p, 32));
	EXPECT(FAULT, path_symlink(p, 32, ROOT, S("new")));
	EXPECT(FAULT, path_symlink(S("x"), ROOT, p, 32));
	EXPECT(FAULT, path_unlink_file(ROOT, p, 32));
	EXPECT(FAULT, path_unlink_file(ROOT, "f", UINT32_MAX));
	CHECK(holds("f", "text"));
	CHECK(!exists("new"));
	return 0;
}
