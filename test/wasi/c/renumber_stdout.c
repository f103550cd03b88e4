/* As dup2: standard output goes to a file. */
#include "test/wasi/program.h"

int main(void)
{
	say(1, "first\n");
	OK(fd_renumber(open_file("f", CREATE, BOTH), 1));
	say(1, "second\n");
	return 0;
}
