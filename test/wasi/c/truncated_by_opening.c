/* TRUNC empties the file for those who have it open as well; they go on where they were. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_file("f", CREATE, BOTH);
	char buf[16];

	put(a, "0123456789");
	const uint32_t b = open_file("f", TRUNC, BOTH);

	CHECK(stat_fd(a).size == 0 && stat_fd(b).size == 0);
	CHECK(get(a, buf, 16) == 0);
	put(a, "ab");
	CHECK(stat_fd(b).size == 12);
	CHECK(get(b, buf, 16) == 12 && memcmp(buf, "\0\0\0\0\0\0\0\0\0\0ab", 12) == 0);
	return 0;
}
