/* An opening takes the lowest free number. */
#include "test/wasi/program.h"

int main(void)
{
	make_file("f", "");
	for (uint32_t i = 4; i < 100; i++)
		CHECK(open_file("f", 0, READ) == i);
	OK(fd_close(50));
	OK(fd_close(7));
	OK(fd_close(99));
	CHECK(open_file("f", 0, READ) == 7);
	CHECK(open_file("f", 0, READ) == 50);
	CHECK(open_file("f", 0, READ) == 99);
	CHECK(open_file("f", 0, READ) == 100);
	return 0;
}
