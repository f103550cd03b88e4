/* Without a variable given there is none. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t count = 7, size = 7;

	OK(environ_sizes_get(&count, &size));
	CHECK(count == 0);
	CHECK(size == 0);
	OK(environ_get(NULL, NULL));
	return 0;
}
