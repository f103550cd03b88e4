/*
 * What `make bench` runs to count host calls: files read, written and walked over as a plain C program does it, with
 * open, read, stat and readdir, 4 KiB at a time. Usage: read FILE | write FILE MIB | make DIR | walk DIR
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096
#define DIRS  100
#define FILES 100 /* in each */

static char g_block[BLOCK];
static long g_files, g_bytes;

static void fail(const char *path)
{
	perror(path);
	exit(1);
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		fail(path);
	while ((n = read(fd, g_block, BLOCK)) > 0)
		g_bytes += n;
	if (n < 0 || close(fd) != 0)
		fail(path);
	g_files++;
}

static void write_file(const char *path, long blocks)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		fail(path);
	memset(g_block, 'r', BLOCK);
	for (long i = 0; i < blocks; i++, g_bytes += BLOCK) {
		if (write(fd, g_block, BLOCK) != BLOCK)
			fail(path);
	}
	if (close(fd) != 0)
		fail(path);
	g_files++;
}

static void make_tree(const char *root)
{
	char path[512];

	for (int d = 0; d < DIRS; d++) {
		snprintf(path, sizeof(path), "%s/%d", root, d);
		if (mkdir(path, 0755) != 0)
			fail(path);
		for (int f = 0; f < FILES; f++) {
			snprintf(path, sizeof(path), "%s/%d/%d", root, d, f);
			write_file(path, 1);
		}
	}
}

/* Two levels, as make_tree leaves them. */
static void walk(const char *dir, int depth)
{
	DIR *d = opendir(dir);
	char path[512];
	struct stat st;

	if (!d)
		fail(dir);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (stat(path, &st) != 0)
			fail(path);
		if (!S_ISDIR(st.st_mode))
			read_file(path);
		else if (depth > 0)
			walk(path, depth - 1);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		write_file(argv[2], atol(argv[3]) * 256);
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		read_file(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "make") == 0)
		make_tree(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "walk") == 0)
		walk(argv[2], 1);
	else
		return 2;
	printf("%ld files, %ld bytes\n", g_files, g_bytes);
	return 0;
}
