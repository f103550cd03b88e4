/* Under --strict no directory of the host: the program does not even start. */
#include "test/wasi/program.h"

int main(void)
{
	say(1, "started");
	return 0;
}
