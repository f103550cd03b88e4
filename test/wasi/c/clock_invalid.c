/* Clocks that do not exist: INVAL; processor time is given or refused, never wrong. */
#include "test/wasi/program.h"

static void processor_time(uint32_t id)
{
	uint64_t a, b;
	const uint32_t e = wasi_clock_time_get(id, 0, &a);

	if (e == 0) {
		OK(clock_time_get(id, 0, &b));
		CHECK(b >= a);
		OK(clock_res_get(id, &b));
		return;
	}
	EXPECT2(NOTSUP, INVAL, clock_time_get(id, 0, &a));
	EXPECT2(NOTSUP, INVAL, clock_res_get(id, &a));
}

int main(void)
{
	uint64_t ns;

	EXPECT(INVAL, clock_time_get(4, 0, &ns));
	EXPECT(INVAL, clock_time_get(UINT32_MAX, 0, &ns));
	EXPECT(INVAL, clock_res_get(4, &ns));
	EXPECT(FAULT, clock_time_get(__WASI_CLOCKID_REALTIME, 0, NOWHERE));
	EXPECT(FAULT, clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, (void *)0xfffffff9));
	EXPECT(FAULT, clock_res_get(__WASI_CLOCKID_REALTIME, NOWHERE));
	processor_time(__WASI_CLOCKID_PROCESS_CPUTIME_ID);
	processor_time(__WASI_CLOCKID_THREAD_CPUTIME_ID);
	return 0;
}
