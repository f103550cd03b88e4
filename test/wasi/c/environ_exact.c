/* The environment is what was given, all of it and nothing of the host's. */
#include "test/wasi/program.h"

int main(void)
{
	static const char *const want[] = {"A=1", "EMPTY=", "EQ=x=y=z", "LONG=a b\tc"};
	uint32_t count, size;
	char *env[8], buf[256];
	uint32_t total = 0;

	OK(environ_sizes_get(&count, &size));
	CHECK(count == 4);
	OK(environ_get(env, buf));
	for (uint32_t i = 0; i < count; i++) {
		CHECK(strcmp(env[i], want[i]) == 0);
		total += (uint32_t)strlen(want[i]) + 1;
	}
	CHECK(total == size);
	return 0;
}
