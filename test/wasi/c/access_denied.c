/* What the host's own permissions refuse: ACCES, and nothing changes. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[64];
	uint32_t fd;

	CHECK(holds("readable", "text\n"));
	EXPECT(ACCES, path_open(ROOT, 0, S("secret"), 0, READ, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, S("readable"), 0, BOTH, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, S("new"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, S("closed/f"), 0, READ, 0, 0, &fd));
	EXPECT(ACCES, path_filestat_get(ROOT, 0, S("closed/f"), buf));
	EXPECT(ACCES, path_create_directory(ROOT, S("new")));
	EXPECT(ACCES, path_rename(ROOT, S("readable"), ROOT, S("new")));
	EXPECT(ACCES, path_unlink_file(ROOT, S("sticky/f")));
	EXPECT(ACCES, path_symlink(S("x"), ROOT, S("new")));
	EXPECT2(PERM, ACCES, path_link(ROOT, 0, S("readable"), ROOT, S("new")));
	return 0;
}
