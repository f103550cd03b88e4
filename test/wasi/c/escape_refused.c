/* No function leaves the directory: by an absolute path, by "..", by a symlink of any form. */
#include "test/wasi/program.h"

static void by(const char *p)
{
	const size_t n = strlen(p);
	char buf[64];
	uint32_t out;

	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, FOLLOW, p, n, 0, READ, 0, 0, &out));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, FOLLOW, p, n, CREATE, BOTH, 0, 0, &out));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, FOLLOW, p, n, TRUNC, BOTH, 0, 0, &out));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, FOLLOW, p, n, DIRECTORY, READ, 0, 0, &out));
	EXPECT2(PERM, NOTCAPABLE, path_filestat_get(ROOT, FOLLOW, p, n, buf));
	EXPECT2(PERM, NOTCAPABLE,
		path_filestat_set_times(ROOT, FOLLOW, p, n, 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
}

static void below(const char *p)
{
	const size_t n = strlen(p);
	char buf[64];
	uint32_t out;

	by(p);
	EXPECT2(PERM, NOTCAPABLE, path_filestat_get(ROOT, 0, p, n, buf));
	EXPECT2(PERM, NOTCAPABLE, path_create_directory(ROOT, p, n));
	EXPECT2(PERM, NOTCAPABLE, path_remove_directory(ROOT, p, n));
	EXPECT2(PERM, NOTCAPABLE, path_unlink_file(ROOT, p, n));
	EXPECT2(PERM, NOTCAPABLE, path_readlink(ROOT, p, n, buf, 64, &out));
	EXPECT2(PERM, NOTCAPABLE, path_symlink(S("x"), ROOT, p, n));
	EXPECT2(PERM, NOTCAPABLE, path_link(ROOT, 0, p, n, ROOT, S("new")));
	EXPECT2(PERM, NOTCAPABLE, path_link(ROOT, 0, S("f"), ROOT, p, n));
	EXPECT2(PERM, NOTCAPABLE, path_rename(ROOT, p, n, ROOT, S("new")));
	EXPECT2(PERM, NOTCAPABLE, path_rename(ROOT, S("f"), ROOT, p, n));
}

int main(void)
{
	make_file("f", "text");
	below("/");
	below("/etc/passwd");
	below("//f");
	below("..");
	below("../secret");
	below("../new");
	below("d/../../secret");
	below("d/../../root/f");
	below("./../secret");
	below("abs/passwd");
	below("up/secret");
	below("up/root/f");
	by("out");
	by("abs");
	by("d/deep");
	by("up");
	CHECK(holds("f", "text"));
	CHECK(!exists("new"));
	return 0;
}
