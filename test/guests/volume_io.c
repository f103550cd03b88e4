/*
 * Works on a directory as the tests of trusted volumes need it:
 *   write FILE MIB     that many MiB of a pattern, synced; reads and checks it
 *   read FILE          reads and checks all of it
 *   reread FILE        reads and checks it again and again; says so after the first time; until an error
 *   names DIR COUNT    makes that many empty files, lists them, each once, and removes them
 *   fill FILE          writes until there is no room, makes room, and writes again
 * The first error is printed and ends it with status 1, wrong data with 99.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536u

static unsigned char g_piece[PIECE], g_wanted[PIECE];

static void fail(const char *what)
{
	printf("%s: %s\n", what,
	       errno == EIO	 ? "EIO"
	       : errno == ENOSPC ? "ENOSPC"
	       : errno == EROFS	 ? "EROFS"
				 : strerror(errno));
	exit(1);
}

static void pattern(unsigned char *p, unsigned piece)
{
	for (unsigned i = 0; i < PIECE; i++)
		p[i] = (unsigned char)(i * 31 + i / 256 + piece * 7);
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags, 0666);

	if (fd < 0)
		fail("open");
	return fd;
}

/* A write is short where room ends; the next one says why. */
static void write_piece(int fd)
{
	for (size_t at = 0; at < PIECE;) {
		ssize_t n = write(fd, g_piece + at, PIECE - at);

		if (n < 0)
			fail("write");
		at += (size_t)n;
	}
}

static unsigned read_all(int fd)
{
	for (unsigned i = 0;; i++) {
		ssize_t n = pread(fd, g_piece, PIECE, (off_t)i * PIECE);

		if (n < 0)
			fail("read");
		if (n == 0)
			return i / 16;
		pattern(g_wanted, i);
		if (n != (ssize_t)PIECE || memcmp(g_piece, g_wanted, PIECE) != 0) {
			printf("read: WRONG DATA\n");
			exit(99);
		}
	}
}

static void do_write(const char *path, unsigned mib)
{
	int fd = open_file(path, O_RDWR | O_CREAT | O_TRUNC);

	for (unsigned i = 0; i < mib * 16; i++) {
		pattern(g_piece, i);
		write_piece(fd);
	}
	if (fsync(fd) != 0)
		fail("fsync");
	if (read_all(fd) != mib) {
		printf("read: WRONG SIZE\n");
		exit(99);
	}
	(void)close(fd);
}

static void do_reread(const char *path)
{
	int fd = open_file(path, O_RDONLY);

	printf("read %u MiB\n", read_all(fd));
	(void)fflush(stdout);
	for (;;)
		(void)read_all(fd);
}

static void name_of(char *path, size_t size, const char *dir, unsigned i)
{
	(void)snprintf(path, size, "%s/name%u", dir, i);
}

/* How many entries, after checking that each is there once. */
static unsigned list(const char *path, unsigned char *seen, unsigned count)
{
	struct dirent *e;
	DIR *dir = opendir(path);
	unsigned found = 0;

	if (!dir)
		fail("opendir");
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		unsigned long number = strtoul(e->d_name + 4, NULL, 10);

		if (number >= count || seen[number]++ != 0)
			printf("%s is listed twice, or is none of them\n", e->d_name);
		found++;
	}
	(void)closedir(dir);
	return found;
}

static void do_names(const char *dir, unsigned count)
{
	unsigned char *seen = calloc(count, 1);
	char path[200];

	for (unsigned i = 0; i < count; i++) {
		name_of(path, sizeof(path), dir, i);
		(void)close(open_file(path, O_WRONLY | O_CREAT | O_EXCL));
	}
	printf("listed %u\n", list(dir, seen, count));
	for (unsigned i = 0; i < count; i++) {
		name_of(path, sizeof(path), dir, i);
		if (unlink(path) != 0)
			fail("unlink");
	}
	memset(seen, 0, count);
	printf("left %u\n", list(dir, seen, count));
	free(seen);
}

static void do_fill(const char *path)
{
	int fd = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
	ssize_t n;

	do
		n = write(fd, g_piece, PIECE);
	while (n > 0);
	printf("write: %s\n", errno == ENOSPC ? "ENOSPC" : strerror(errno));
	if (ftruncate(fd, 0) != 0)
		fail("ftruncate");
	if (fsync(fd) != 0)
		fail("fsync");
	if (pwrite(fd, "after", 5, 0) != 5)
		fail("pwrite");
	if (fsync(fd) != 0)
		fail("fsync");
	printf("written again\n");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	unsigned n = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	if (strcmp(verb, "write") == 0)
		do_write(argv[2], n);
	else if (strcmp(verb, "read") == 0)
		printf("read %u MiB\n", read_all(open_file(argv[2], O_RDONLY)));
	else if (strcmp(verb, "reread") == 0)
		do_reread(argv[2]);
	else if (strcmp(verb, "names") == 0)
		do_names(argv[2], n);
	else if (strcmp(verb, "fill") == 0)
		do_fill(argv[2]);
	else
		return 2;
	return 0;
}
