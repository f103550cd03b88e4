/* Under the old module name: arguments, environment, clocks, random bytes, the exit. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t count, size;
	char *list[4], buf[256];
	uint64_t a, b;

	OK(args_sizes_get(&count, &size));
	CHECK(count == 3);
	OK(args_get(list, buf));
	CHECK(strcmp(list[1], "one") == 0 && strcmp(list[2], "two") == 0);
	OK(environ_sizes_get(&count, &size));
	CHECK(count == 1 && size == 4);
	OK(environ_get(list, buf));
	CHECK(strcmp(list[0], "A=1") == 0);
	OK(clock_res_get(__WASI_CLOCKID_MONOTONIC, &a));
	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &a));
	OK(clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &b));
	CHECK(b >= a);
	OK(random_get(buf, 16));
	OK(sched_yield());
	return 21;
}
