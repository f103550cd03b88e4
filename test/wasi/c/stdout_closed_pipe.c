/* A pipe that nobody reads: PIPE, not the end of the program. */
#include "test/wasi/program.h"

int main(void)
{
	size_t done;

	EXPECT(PIPE, fd_write(1, IOV("text", 4), &done));
	EXPECT(PIPE, fd_write(1, IOV("text", 4), &done));
	return 0;
}
