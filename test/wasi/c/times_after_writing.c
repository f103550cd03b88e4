/* A time that is set behind a write is the file's, although it is closed later. */
#include "test/wasi/program.h"

#define NS UINT64_C(1000000000)

int main(void)
{
	const uint32_t f = open_file("f", CREATE, BOTH), g = open_file("g", CREATE, BOTH);

	put(f, "text");
	OK(fd_filestat_set_times(f, 0, 1000 * NS, __WASI_FSTFLAGS_MTIM));
	CHECK(stat_fd(f).mtim == 1000 * NS);
	put(g, "text");
	OK(path_filestat_set_times(ROOT, 0, S("g"), 0, 2000 * NS, __WASI_FSTFLAGS_MTIM));
	OK(fd_close(f));
	OK(fd_close(g));
	CHECK(stat_of("f").mtim == 1000 * NS);
	CHECK(stat_of("g").mtim == 2000 * NS);
	return 0;
}
