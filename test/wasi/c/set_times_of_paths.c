/* By path: of the file or of the symlink itself; contradictions are refused. */
#include "test/wasi/program.h"

#define NS   UINT64_C(1000000000)
#define MTIM __WASI_FSTFLAGS_MTIM

int main(void)
{
	make_file("f", "");
	make_link("f", "link");
	OK(path_filestat_set_times(ROOT, 0, S("f"), 1 * NS, 2 * NS, MTIM | __WASI_FSTFLAGS_ATIM));
	CHECK(stat_of("f").atim == 1 * NS && stat_of("f").mtim == 2 * NS);
	OK(path_filestat_set_times(ROOT, 0, S("link"), 0, 3 * NS, MTIM));
	CHECK(stat_of("link").mtim == 3 * NS && stat_of("f").mtim == 2 * NS);
	OK(path_filestat_set_times(ROOT, FOLLOW, S("link"), 0, 4 * NS, MTIM));
	CHECK(stat_of("link").mtim == 3 * NS && stat_of("f").mtim == 4 * NS);
	OK(path_filestat_set_times(ROOT, 0, S("f"), 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
	CHECK(stat_of("f").mtim > 1000 * NS && stat_of("f").atim == 1 * NS);
	EXPECT(INVAL,
	       path_filestat_set_times(ROOT, 0, S("f"), 0, 0, MTIM | __WASI_FSTFLAGS_MTIM_NOW));
	EXPECT(INVAL, path_filestat_set_times(ROOT, 0, S("f"), 0, 0,
					      __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
	EXPECT(INVAL, path_filestat_set_times(ROOT, 0, S("f"), 0, 0, 0xffff));
	EXPECT(NOENT, path_filestat_set_times(ROOT, 0, S("none"), 0, 0, MTIM));
	CHECK(stat_of("f").atim == 1 * NS);
	return 0;
}
