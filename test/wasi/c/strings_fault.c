/* Places outside of memory for arguments and environment: FAULT. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t n;
	char *list[4], buf[256];

	EXPECT(FAULT, args_sizes_get(NOWHERE, &n));
	EXPECT(FAULT, args_sizes_get(&n, (void *)0xffffffff));
	EXPECT(FAULT, args_get(NOWHERE, buf));
	EXPECT(FAULT, args_get(list, NOWHERE));
	EXPECT(FAULT, environ_sizes_get(NOWHERE, &n));
	EXPECT(FAULT, environ_sizes_get(&n, (void *)0xffffffff));
	EXPECT(FAULT, environ_get(NOWHERE, buf));
	EXPECT(FAULT, environ_get(list, NOWHERE));
	return 0;
}
