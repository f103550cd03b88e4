/* Times of an open file: given, now, or left alone; contradictions are refused. */
#include "test/wasi/program.h"

#define SECOND_NS UINT64_C(1000000000)
#define BOTH_SET  (__WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM)

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	uint64_t now;

	OK(fd_filestat_set_times(fd, 1000 * SECOND_NS, 2000 * SECOND_NS, BOTH_SET));
	CHECK(stat_fd(fd).atim == 1000 * SECOND_NS);
	CHECK(stat_fd(fd).mtim == 2000 * SECOND_NS);
	OK(fd_filestat_set_times(fd, 7, 3000 * SECOND_NS + 123456789, __WASI_FSTFLAGS_MTIM));
	CHECK(stat_fd(fd).atim == 1000 * SECOND_NS);
	CHECK(stat_fd(fd).mtim / SECOND_NS == 3000);
	OK(fd_filestat_set_times(fd, 1, 1, 0));
	CHECK(stat_fd(fd).atim == 1000 * SECOND_NS);
	OK(fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_ATIM_NOW));
	OK(clock_time_get(__WASI_CLOCKID_REALTIME, 0, &now));
	CHECK(stat_fd(fd).atim + 100 * SECOND_NS > now);
	CHECK(stat_fd(fd).mtim / SECOND_NS == 3000);
	EXPECT(INVAL,
	       fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
	EXPECT(INVAL,
	       fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
	EXPECT(INVAL, fd_filestat_set_times(fd, 0, 0, 16));
	OK(fd_filestat_set_times(ROOT, 0, 5000 * SECOND_NS, __WASI_FSTFLAGS_MTIM));
	CHECK(stat_fd(ROOT).mtim == 5000 * SECOND_NS);
	return 0;
}
