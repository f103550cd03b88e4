/* A stream can be closed, and its number is the next one's. */
#include "test/wasi/program.h"

int main(void)
{
	size_t done;

	OK(fd_close(1));
	EXPECT(BADF, fd_write(1, IOV("x", 1), &done));
	EXPECT(BADF, fd_close(1));
	CHECK(open_file("file", CREATE, BOTH) == 1);
	say(1, "text\n");
	return 0;
}
