/* Writing from many buffers, and vectors that reach outside of memory: then nothing is written. */
#include "test/wasi/program.h"

int main(void)
{
	iov v[26];
	size_t done;
	const uint32_t fd = open_file("f", CREATE, BOTH);
	static const char letters[] = "zyxwvutsrqponmlkjihgfedcba";

	for (int i = 0; i < 26; i++)
		v[i] = (iov){(const uint8_t *)letters + 25 - i, 1};
	OK(fd_write(fd, v, 26, &done));
	CHECK(done == 26);
	CHECK(holds("f", "abcdefghijklmnopqrstuvwxyz"));
	v[25] = (iov){NOWHERE, 17};
	EXPECT(FAULT, fd_write(fd, v, 26, &done));
	EXPECT(FAULT, fd_write(fd, NOWHERE, 4, &done));
	EXPECT(FAULT, fd_write(fd, IOV("x", 1), NOWHERE));
	CHECK(stat_fd(fd).size == 26);
	CHECK(offset_of(fd) == 26);
	return 0;
}
