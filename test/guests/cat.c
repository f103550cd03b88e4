/* Copies standard input to standard output; says on standard error which side failed, and why. */
#include <stdio.h>
#include <unistd.h>

static int write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t written = write(1, p, n);
		if (written < 0)
			return -1;
		p += written;
		n -= (size_t)written;
	}
	return 0;
}

int main(void)
{
	static char buffer[10000];
	ssize_t n;
	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		if (write_all(buffer, (size_t)n) != 0) {
			perror("cat: write");
			return 1;
		}
	}
	if (n < 0) {
		perror("cat: read");
		return 1;
	}
	return 0;
}
