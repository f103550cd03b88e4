/* Reads the files that are named, keeps them in memory, says how much that is, and waits until it is ended. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP_MAX (1u << 20)

int main(int argc, char **argv)
{
	size_t total = 0;
	char *keep = malloc(KEEP_MAX);

	if (!keep)
		return 1;
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		total += fread(keep + total, 1, KEEP_MAX - total, file);
		(void)fclose(file);
	}
	printf("holding %zu bytes\n", total);
	(void)fflush(stdout);
	for (;;)
		(void)sleep(1);
}
