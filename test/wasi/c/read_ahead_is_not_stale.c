/* A reader that is in the middle of a file sees what is changed before and behind its place. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t w = open_file("f", CREATE, BOTH);
	uint32_t r;
	char buf[8];
	size_t done;
	uint64_t off;

	for (int i = 0; i < 1000; i++)
		put(w, "........");
	r = open_file("f", 0, READ);
	for (int i = 0; i < 900; i += 100) {
		CHECK(get(r, buf, 8) == 8);
		CHECK(memcmp(buf, "........", 8) == 0);
		off = offset_of(r);
		OK(fd_pwrite(w, IOV("changed!", 8), off, &done));
		CHECK(get(r, buf, 8) == 8);
		CHECK(memcmp(buf, "changed!", 8) == 0);
		OK(fd_filestat_set_size(w, off + 8));
		CHECK(get(r, buf, 8) == 0);
		OK(fd_seek(w, 0, __WASI_WHENCE_END, &off));
		put(w, "........");
		OK(fd_filestat_set_size(w, 8000));
		CHECK(get(r, buf, 8) == 8);
		CHECK(memcmp(buf, "........", 8) == 0);
		OK(fd_seek(r, 0, __WASI_WHENCE_SET, &off));
		OK(fd_filestat_set_size(w, 0));
		CHECK(get(r, buf, 8) == 0);
		OK(fd_seek(w, 0, __WASI_WHENCE_SET, &off));
		for (int n = 0; n < 100; n++)
			put(w, "........");
	}
	return 0;
}
