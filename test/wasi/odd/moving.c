/*
 * Reads a file that the host makes longer and shorter all the time. Each byte is a function of its offset, so
 * whatever is read has to be that, or 0: Linux clears what it cuts off a page before a reader that is under way
 * has copied it. Sizes are between 0 and the largest. Prints how many lengths were seen.
 */
#include <stdio.h>

#include "test/wasi/program.h"

#define LARGEST (256 << 10)

static uint8_t g_buf[8192];

static void verify(uint64_t off, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK(g_buf[i] == (uint8_t)((off + i) % 251) || g_buf[i] == 0);
}

/* Reads to the end, as far as it is at that time: where that was. */
static uint64_t pass(uint32_t fd, size_t step)
{
	uint64_t off;
	size_t n, done;

	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	while ((n = get(fd, g_buf, step)) > 0) {
		verify(off, n);
		off += n;
	}
	CHECK(off <= LARGEST && offset_of(fd) == off);
	OK(fd_pread(fd, IOV(g_buf, step), off / 2, &done));
	verify(off / 2, done);
	return off;
}

int main(void)
{
	static uint64_t lengths[400];
	const uint32_t fd = open_file("f", 0, BOTH);
	unsigned different = 0;

	for (int i = 0; i < 400; i++) {
		uint64_t end;

		lengths[i] = pass(fd, i % 2 ? 4096 : 1000);
		different += i > 0 && lengths[i] != lengths[i - 1];
		CHECK(stat_fd(fd).size <= LARGEST);
		OK(fd_seek(fd, 0, __WASI_WHENCE_END, &end));
		CHECK(end <= LARGEST);
	}
	printf("%u changes\n", different);
	return 0;
}
