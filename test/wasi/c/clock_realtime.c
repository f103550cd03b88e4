/* Real time lies in this century and agrees with the time that a new file gets. */
#include "test/wasi/program.h"

int main(void)
{
	uint64_t now, res;

	OK(clock_res_get(__WASI_CLOCKID_REALTIME, &res));
	CHECK(res > 0);
	OK(clock_time_get(__WASI_CLOCKID_REALTIME, 1000, &now));
	CHECK(now > UINT64_C(1700000000) * 1000000000);
	CHECK(now < UINT64_C(4102444800) * 1000000000);
	return 0;
}
