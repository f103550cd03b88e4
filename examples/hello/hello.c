/* The smallest program: a line for each argument after the first line. */
#include <stdio.h>

int main(int argc, char **argv)
{
	puts("hello from WebAssembly");
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	return 0;
}
