/* Two names of one file, opened each: still the same bytes at once, whichever name is used. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t f = open_file("f", 0, BOTH), g = open_file("g", 0, BOTH);
	char buf[16];
	size_t done;

	put(f, "from f");
	CHECK(stat_fd(g).size == 6 && size_of("g") == 6);
	CHECK(get(g, buf, 16) == 6 && memcmp(buf, "from f", 6) == 0);
	OK(fd_pwrite(g, IOV("F", 1), 0, &done));
	OK(fd_pread(f, IOV(buf, 6), 0, &done));
	CHECK(done == 6 && memcmp(buf, "From f", 6) == 0);
	OK(fd_filestat_set_size(f, 1));
	OK(fd_pread(g, IOV(buf, 6), 0, &done));
	CHECK(done == 1);
	put(g, "!");
	CHECK(size_of("f") == 7);
	return 0;
}
