/*
 * volume_end DIR HOW: writes a file and syncs it, changes it and makes another without a sync, and ends: "exit",
 * "trap" or "spin", which somebody else has to end. HOW "show" says what is there instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *name, const char *text, int sync)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    (sync && fsync(fd) != 0)) {
		perror(name);
		exit(9);
	}
	/* Not closed: what is open at the end counts as well. */
}

static void show(const char *name)
{
	char text[100];
	const int fd = open(name, O_RDONLY);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	printf("%s: %s\n", name, fd < 0 ? "missing" : text);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]) != 0)
		return 8;
	if (strcmp(argv[2], "show") == 0) {
		show("one");
		show("two");
		return 0;
	}
	put("one", "synced", 1);
	put("one", "not synced", 0);
	put("two", "not synced", 0);
	if (strcmp(argv[2], "trap") == 0)
		__builtin_trap();
	while (strcmp(argv[2], "spin") == 0)
		continue;
	return 3;
}
