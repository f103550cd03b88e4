/* Two openings of one file are two views of the same bytes, at once: contents, size, and by path. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_file("f", CREATE, BOTH), b = open_file("f", 0, BOTH);
	char buf[32];

	put(a, "one ");
	CHECK(stat_fd(b).size == 4);
	CHECK(size_of("f") == 4);
	CHECK(get(b, buf, 32) == 4 && memcmp(buf, "one ", 4) == 0);
	CHECK(get(b, buf, 32) == 0);
	put(a, "two ");
	CHECK(get(b, buf, 32) == 4 && memcmp(buf, "two ", 4) == 0);
	put(b, "three");
	CHECK(get(a, buf, 32) == 5 && memcmp(buf, "three", 5) == 0);
	OK(fd_filestat_set_size(b, 4));
	CHECK(stat_fd(a).size == 4);
	CHECK(get(a, buf, 32) == 0);
	uint64_t off;

	OK(fd_seek(a, 4, __WASI_WHENCE_SET, &off));
	put(a, "second");
	CHECK(holds("f", "one second"));
	return 0;
}
