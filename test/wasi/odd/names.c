/* Prints what is in a directory: for each entry its name and what its file holds, behind a NUL each. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char path[1024], text[64];
	DIR *d = opendir("/");
	struct dirent *e;

	if (!d)
		return 1;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "/%s", e->d_name);
		const int fd = open(path, O_RDONLY);
		const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

		if (n < 0) {
			perror(path);
			return 1;
		}
		close(fd);
		fwrite(e->d_name, 1, strlen(e->d_name) + 1, stdout);
		fwrite(text, 1, (size_t)n, stdout);
		putchar(0);
	}
	return closedir(d);
}
