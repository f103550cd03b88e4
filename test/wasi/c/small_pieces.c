/* 100,000 writes of three bytes, with a look at the size, then as many reads: nothing is lost or doubled. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[7];
	size_t total = 0, n;
	uint64_t off;

	for (int i = 0; i < 100000; i++)
		CHECK(put(fd, "qqq") == 3);
	CHECK(stat_fd(fd).size == 300000);
	CHECK(size_of("f") == 300000);
	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	while ((n = get(fd, buf, sizeof(buf))) > 0) {
		for (size_t i = 0; i < n; i++)
			CHECK(buf[i] == 'q');
		total += n;
	}
	CHECK(total == 300000);
	return 0;
}
