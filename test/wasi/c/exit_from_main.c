/* What main returns is the status. */
#include "test/wasi/program.h"

int main(void)
{
	OK(sched_yield());
	return 7;
}
