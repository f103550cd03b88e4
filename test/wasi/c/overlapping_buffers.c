/* Buffers that overlap each other, or the place of the count: the bytes come in their order. */
#include "test/wasi/program.h"

int main(void)
{
	union {
		char text[16];
		size_t done;
	} u;
	iov v[2] = {{(uint8_t *)u.text, 8}, {(uint8_t *)u.text + 4, 8}};

	make_file("f", "0123456789abcdef");
	const uint32_t fd = open_file("f", 0, READ);
	size_t done;

	OK(fd_read(fd, v, 2, &done));
	CHECK(done == 16);
	CHECK(memcmp(u.text, "012389abcdef", 12) == 0);
	CHECK(offset_of(fd) == 16);
	v[0] = (iov){(uint8_t *)v, 16};
	uint64_t off;

	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	OK(fd_read(fd, v, 1, &done));
	CHECK(done == 16 && memcmp(v, "0123456789abcdef", 16) == 0);
	return 0;
}
