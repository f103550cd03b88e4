/* One that has read several pieces in a row sees at once what another does to the next: a change, a cut, an end
 * that moved. */
#include "test/wasi/program.h"

/* Reads pieces in a row, as many as make it worth to read ahead. */
static void read_on(uint32_t fd)
{
	char buf[8];

	for (int i = 0; i < 5; i++)
		CHECK(get(fd, buf, 8) == 8);
}

int main(void)
{
	const uint32_t w = open_file("f", CREATE, BOTH);
	char buf[8];
	size_t done;

	for (int i = 0; i < 100; i++)
		put(w, "........");
	const uint32_t r = open_file("f", 0, READ);

	read_on(r);
	OK(fd_pwrite(w, IOV("changed!", 8), offset_of(r), &done));
	CHECK(get(r, buf, 8) == 8 && memcmp(buf, "changed!", 8) == 0);
	read_on(r);
	OK(fd_filestat_set_size(w, offset_of(r) + 3));
	CHECK(get(r, buf, 8) == 3);
	CHECK(get(r, buf, 8) == 0);
	OK(fd_filestat_set_size(w, 800));
	OK(fd_pwrite(w, IOV("again", 5), offset_of(r), &done));
	CHECK(get(r, buf, 5) == 5 && memcmp(buf, "again", 5) == 0);
	read_on(r);
	OK(fd_close(open_file("f", TRUNC, BOTH)));
	CHECK(get(r, buf, 8) == 0);
	OK(fd_filestat_set_size(w, 800));
	read_on(r);
	if (wasi_fd_allocate(w, 0, 1000) == 0)
		CHECK(stat_fd(r).size == 1000);
	CHECK(get(r, buf, 8) == 8);
	return 0;
}
