/* Prints the files that are named. */
#include <stdio.h>

int main(int argc, char **argv)
{
	static char buffer[4096];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t n;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
			(void)fwrite(buffer, 1, n, stdout);
		(void)fclose(file);
	}
	return 0;
}
