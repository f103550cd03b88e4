/* The monotonic clock never goes back and has a resolution. */
#include "test/wasi/program.h"

int main(void)
{
	uint64_t last = 0, now, res, first;

	OK(clock_res_get(__WASI_CLOCKID_MONOTONIC, &res));
	CHECK(res > 0 && res <= 1000000000);
	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &first));
	for (int i = 0; i < 1000; i++) {
		OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, (uint64_t)i, &now));
		CHECK(now >= last);
		last = now;
	}
	CHECK(now > first);
	return 0;
}
