/* Reading over many buffers, and vectors that reach outside of memory: then nothing is read. */
#include "test/wasi/program.h"

int main(void)
{
	char bytes[64];
	iov v[64];
	size_t done;

	make_file("f", "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz");
	const uint32_t fd = open_file("f", 0, READ);

	for (int i = 0; i < 64; i++)
		v[i] = (iov){(uint8_t *)bytes + 63 - i, 1};
	OK(fd_read(fd, v, 64, &done));
	CHECK(done == 62);
	CHECK(bytes[63] == 'a' && bytes[62] == 'b' && bytes[2] == 'z');
	OK(fd_read(fd, v, 64, &done));
	CHECK(done == 0);
	const uint32_t again = open_file("f", 0, READ);

	v[1] = (iov){NOWHERE, 100};
	EXPECT(FAULT, fd_read(again, v, 2, &done));
	EXPECT(FAULT, fd_read(again, NOWHERE, 4, &done));
	EXPECT(FAULT, fd_read(again, IOV(bytes, 1), NOWHERE));
	CHECK(offset_of(again) == 0);
	OK(fd_read(again, v, 0, &done));
	CHECK(done == 0);
	return 0;
}
