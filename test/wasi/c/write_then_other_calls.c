/* What was written by small pieces counts at once for each other call on the file. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_file("f", CREATE, BOTH);
	uint32_t b;
	char buf[16];
	size_t done;
	uint64_t off;

	put(a, "abc");
	OK(fd_seek(a, 0, __WASI_WHENCE_END, &off));
	CHECK(off == 3);
	put(a, "def");
	OK(path_rename(ROOT, S("f"), ROOT, S("g")));
	OK(path_link(ROOT, 0, S("g"), ROOT, S("h")));
	CHECK(size_of("g") == 6 && size_of("h") == 6);
	put(a, "ghi");
	OK(path_open(ROOT, 0, S("h"), 0, BOTH, 0, __WASI_FDFLAGS_APPEND, &b));
	put(b, "JKL");
	CHECK(holds("g", "abcdefghiJKL"));
	put(a, "mno");
	CHECK(holds("g", "abcdefghimno"));
	OK(fd_pwrite(b, IOV("x", 1), 0, &done));
	OK(fd_pread(a, IOV(buf, 12), 0, &done));
	CHECK(done >= 12 && memcmp(buf + 1, "bcdefghimno", 11) == 0);
	put(a, "p");
	if (wasi_fd_allocate(a, 0, 4) == 0)
		CHECK(stat_fd(b).size >= 13);
	put(a, "q");
	OK(fd_close(a));
	CHECK(stat_fd(b).size >= 14);
	OK(path_unlink_file(ROOT, S("g")));
	CHECK(stat_of("h").size >= 14 && stat_of("h").nlink == 1);
	return 0;
}
