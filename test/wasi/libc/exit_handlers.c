/* exit runs the handlers backwards and writes what stdio still holds. */
#include <stdio.h>
#include <stdlib.h>

static void first(void)
{
	fputs(", handler 1", stdout);
}

static void second(void)
{
	fputs(", handler 2", stdout);
}

int main(void)
{
	if (atexit(first) != 0 || atexit(second) != 0)
		return 1;
	fputs("buffered", stdout);
	fputs("at once", stderr);
	exit(5);
}
