/* Past the limit MFILE or NFILE; a closed one makes room, and nothing of the others is lost. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd, last = 0, e;

	make_file("f", "text");
	while ((e = wasi_path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &fd)) == 0) {
		CHECK(fd < 100);
		last = fd;
	}
	EXPECT2(MFILE, NFILE, path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &fd));
	CHECK(last > 40);
	OK(fd_close(10));
	OK(path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &fd));
	CHECK(fd == 10);
	for (uint32_t i = 4; i <= last; i++)
		CHECK(stat_fd(i).size == 4);
	return 0;
}
