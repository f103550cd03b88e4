/* Opened for one direction: the other is refused, also for the size. */
#include "test/wasi/program.h"

int main(void)
{
	char c;
	size_t done;

	make_file("f", "text");
	const uint32_t r = open_file("f", 0, READ);

	CHECK(!(status_of(r).fs_rights_base & RIGHT(FD_WRITE)));
	EXPECT2(BADF, NOTCAPABLE, fd_write(r, IOV("x", 1), &done));
	CHECK(get(r, &c, 1) == 1);
	const uint32_t w = open_file("f", 0, WRITE);

	CHECK(!(status_of(w).fs_rights_base & RIGHT(FD_READ)));
	EXPECT2(BADF, NOTCAPABLE, fd_read(w, IOV(&c, 1), &done));
	put(w, "T");
	CHECK(holds("f", "Text"));
	const uint32_t neither = open_file("f", 0, RIGHT(FD_FILESTAT_GET));

	EXPECT2(BADF, NOTCAPABLE, fd_read(neither, IOV(&c, 1), &done));
	EXPECT2(BADF, NOTCAPABLE, fd_write(neither, IOV("x", 1), &done));
	CHECK(stat_fd(neither).size == 4);
	return 0;
}
