/* Two directories are two devices: nothing is moved or linked across, and names do not meet. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	make_file("f", "text");
	EXPECT(XDEV, path_rename(ROOT, S("f"), SECOND, S("f")));
	EXPECT(XDEV, path_link(ROOT, 0, S("f"), SECOND, S("f")));
	EXPECT(NOENT, path_open(SECOND, 0, S("f"), 0, READ, 0, 0, &fd));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, 0, S("../two"), DIRECTORY, READ, 0, 0, &fd));
	OK(path_open(SECOND, 0, S("f"), CREATE | EXCL, BOTH, 0, 0, &fd));
	CHECK(stat_fd(fd).ino != stat_of("f").ino || stat_fd(fd).dev != stat_of("f").dev);
	CHECK(holds("f", "text"));
	return 0;
}
