/* Several buffers, some empty, are written as one text. */
#include "test/wasi/program.h"

int main(void)
{
	const iov v[] = {{(const uint8_t *)"one ", 4},
			 {NULL, 0},
			 {(const uint8_t *)"two ", 4},
			 {(const uint8_t *)"", 0},
			 {(const uint8_t *)"three\n", 6}};
	size_t done;

	OK(fd_write(1, v, 5, &done));
	CHECK(done == 14);
	OK(fd_write(1, v, 0, &done));
	CHECK(done == 0);
	say(2, "and errors\n");
	return 0;
}
