/* The old record of a file: 56 bytes, a link count of 32 bits, nothing written behind it. */
#include "test/wasi/program.h"

struct old_filestat {
	uint64_t dev, ino;
	uint8_t type;
	uint32_t nlink;
	uint64_t size, atim, mtim, ctim;
};
_Static_assert(sizeof(struct old_filestat) == 56, "layout");

int main(void)
{
	struct {
		struct old_filestat st;
		uint8_t behind[16];
	} a, b;

	make_file("f", "12345");
	OK(path_link(ROOT, 0, S("f"), ROOT, S("g")));
	const uint32_t fd = open_file("f", 0, BOTH);

	OK(fd_filestat_set_times(fd, UINT64_C(1000000000), UINT64_C(2000000000),
				 __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
	memset(&a, 0xa5, sizeof(a));
	memset(&b, 0xa5, sizeof(b));
	OK(fd_filestat_get(fd, &a));
	OK(path_filestat_get(ROOT, 0, S("g"), &b));
	CHECK(memcmp(&a.st.size, &b.st.size, 32) == 0);
	CHECK(a.st.type == __WASI_FILETYPE_REGULAR_FILE && b.st.type == a.st.type);
	CHECK(a.st.nlink == 2 && a.st.size == 5);
	CHECK(a.st.ino == b.st.ino && a.st.dev == b.st.dev);
	CHECK(a.st.atim == UINT64_C(1000000000) && a.st.mtim == UINT64_C(2000000000));
	for (int i = 0; i < 16; i++)
		CHECK(a.behind[i] == 0xa5 && b.behind[i] == 0xa5);
	/* 56 bytes at the end of memory are enough */
	uint8_t *const end = (uint8_t *)(__builtin_wasm_memory_size(0) * 65536) - 56;

	OK(fd_filestat_get(fd, end));
	EXPECT(FAULT, fd_filestat_get(fd, end + 1));
	return 0;
}
