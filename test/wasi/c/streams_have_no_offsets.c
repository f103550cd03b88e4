/* What needs a position gives SPIPE on a stream. */
#include "test/wasi/program.h"

int main(void)
{
	char c;
	size_t done;

	EXPECT(SPIPE, fd_pread(0, IOV(&c, 1), 0, &done));
	EXPECT(SPIPE, fd_pwrite(1, IOV("x", 1), 0, &done));
	EXPECT(SPIPE, fd_advise(0, 0, 1, __WASI_ADVICE_NORMAL));
	EXPECT2(SPIPE, BADF, fd_allocate(1, 0, 1));
	EXPECT(SPIPE, fd_allocate(1, 0, 1));
	CHECK(get(0, &c, 1) == 1);
	return 0;
}
