/* All six kinds of advice are taken; others, and wrong ranges, are not. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);

	for (uint32_t advice = 0; advice < 6; advice++) {
		OK(fd_advise(fd, 0, 0, advice));
		OK(fd_advise(fd, 4096, 1 << 20, advice));
	}
	EXPECT(INVAL, fd_advise(fd, 0, 0, 6));
	EXPECT(INVAL, fd_advise(fd, 0, 0, 255));
	EXPECT(INVAL, fd_advise(fd, UINT64_MAX, 1, 0));
	EXPECT(BADF, fd_advise(ROOT, 0, 0, 0));
	return 0;
}
