/* There are no signals. */
#include "test/wasi/program.h"

int main(void)
{
	EXPECT(NOSYS, proc_raise(6));
	EXPECT(NOSYS, proc_raise(0));
	return 0;
}
