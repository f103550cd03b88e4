/* Under the old module name: files, directories, names, rights. */
#include "test/wasi/program.h"

int main(void)
{
	uint8_t buf[256];
	__wasi_prestat_t pre;
	size_t used;
	uint32_t fd;

	OK(fd_prestat_get(ROOT, &pre));
	OK(fd_prestat_dir_name(ROOT, buf, pre.u.dir.pr_name_len));
	EXPECT(BADF, fd_prestat_get(SECOND, &pre));
	make_dir("d");
	make_file("d/one", "one");
	fd = open_at(ROOT, "d/one", 0, BOTH, __WASI_FDFLAGS_APPEND);
	put(fd, "two");
	OK(fd_sync(fd));
	OK(path_rename(ROOT, S("d/one"), ROOT, S("d/two")));
	make_link("d/two", "link");
	CHECK(holds("link", "onetwo"));
	OK(fd_readdir(open_dir("d"), buf, sizeof(buf), 0, &used));
	CHECK(used == 3 * sizeof(__wasi_dirent_t) + 6);
	EXPECT(NOENT, path_open(ROOT, 0, S("none"), 0, READ, 0, 0, &fd));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, 0, S("../x"), 0, READ, 0, 0, &fd));
	EXPECT(NOTSOCK, sock_shutdown(ROOT, __WASI_SDFLAGS_RD));
	EXPECT(NOSYS, proc_raise(1));
	say(1, "done\n");
	return 0;
}
