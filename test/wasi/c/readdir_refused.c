/* Not of a file, not of a stream, not into nowhere; an empty directory has its two entries. */
#include "test/wasi/program.h"

int main(void)
{
	uint8_t buf[256];
	size_t used;

	make_file("f", "text");
	make_dir("d");
	const uint32_t fd = open_file("f", 0, READ);

	EXPECT2(NOTDIR, BADF, fd_readdir(fd, buf, sizeof(buf), 0, &used));
	EXPECT(NOTDIR, fd_readdir(0, buf, sizeof(buf), 0, &used));
	EXPECT(FAULT, fd_readdir(ROOT, NOWHERE, 256, 0, &used));
	EXPECT(FAULT, fd_readdir(ROOT, buf, sizeof(buf), 0, NOWHERE));
	OK(fd_readdir(open_dir("d"), buf, sizeof(buf), 0, &used));
	CHECK(used == 2 * sizeof(__wasi_dirent_t) + 3);
	return 0;
}
