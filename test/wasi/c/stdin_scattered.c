/* Standard input in pieces over several buffers, then its end, again and again. */
#include "test/wasi/program.h"

int main(void)
{
	static const char want[] = "0123456789abcdef";
	char a[3], b[5], rest[32];
	size_t done, total = 0;

	const iov v[] = {{(uint8_t *)a, 3}, {(uint8_t *)rest, 0}, {(uint8_t *)b, 5}};

	OK(fd_read(0, v, 3, &done));
	CHECK(done >= 3 && done <= 8);
	CHECK(memcmp(a, "012", 3) == 0);
	CHECK(memcmp(b, "34567", done - 3) == 0);
	total = done;
	while ((done = get(0, rest, sizeof(rest))) > 0) {
		CHECK(memcmp(rest, want + total, done) == 0);
		total += done;
	}
	CHECK(total == 16);
	CHECK(get(0, rest, sizeof(rest)) == 0);
	return 0;
}
