/* What was written before APPEND was put on stays where it belongs. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	make_file("f", "0123456789");
	fd = open_file("f", 0, BOTH);
	put(fd, "ab");
	OK(fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
	put(fd, "yz");
	OK(fd_fdstat_set_flags(fd, 0));
	put(fd, "!");
	OK(fd_close(fd));
	CHECK(holds("f", "ab23456789yz!"));
	return 0;
}
