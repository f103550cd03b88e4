/* proc_exit ends the program at once with its status. */
#include "test/wasi/program.h"

__attribute__((noinline)) static uint32_t deep(uint32_t n)
{
	if (n == 0)
		wasi_proc_exit(33);
	return deep(n - 1) + 1;
}

int main(void)
{
	say(1, "before\n");
	if (deep(100) != 0)
		say(1, "behind\n");
	return 1;
}
