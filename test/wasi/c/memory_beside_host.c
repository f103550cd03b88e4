/* A directory of the host and one in memory side by side: two devices, and only one is left behind. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_prestat_t st;
	uint32_t fd;

	OK(fd_prestat_get(SECOND, &st));
	make_file("kept", "text");
	OK(path_open(SECOND, 0, S("gone"), CREATE, BOTH, 0, 0, &fd));
	put(fd, "text");
	CHECK(stat_fd(fd).dev != stat_of("kept").dev || stat_fd(fd).ino != stat_of("kept").ino);
	EXPECT(XDEV, path_rename(ROOT, S("kept"), SECOND, S("kept")));
	EXPECT(XDEV, path_rename(SECOND, S("gone"), ROOT, S("gone")));
	EXPECT(XDEV, path_link(SECOND, 0, S("gone"), ROOT, S("gone")));
	EXPECT2(PERM, NOTCAPABLE, path_open(SECOND, 0, S("../kept"), 0, READ, 0, 0, &fd));
	return 0;
}
