/*
 * What `make bench-volume` runs on a volume and on a host directory: one large file written and read as a plain C
 * program does it, 4 KiB at a time in a row and at random places, and 1 MiB at a time. Prints a line each phase: name,
 * operations, bytes of one, nanoseconds of all. A phase that writes ends with fsync, which is in its time. What is
 * read is checked: every block carries its number in eight places. -first: what the host has mapped is touched for the
 * first time in this process; the other phases that read find it mapped.
 *
 * Usage: make FILE MIB | measure FILE [PHASE,...]
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	 4096u
#define PART	 (1u << 20)
#define STAMPS	 8u
#define DISTANCE (BLOCK / STAMPS)

static unsigned char g_part[PART];
static int g_file;
static const char *g_only; /* NULL: all phases */
static uint64_t g_blocks, g_random = 0x9e3779b97f4a7c15u;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		fail("clock_gettime");
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t random_below(uint64_t bound)
{
	g_random += 0x9e3779b97f4a7c15u;
	return mix(g_random) % bound;
}

static void stamp(unsigned char *block, uint64_t index)
{
	for (uint64_t i = 0; i < STAMPS; i++) {
		uint64_t word = mix(index * STAMPS + i);

		memcpy(block + i * DISTANCE, &word, sizeof(word));
	}
}

static void check(const unsigned char *block, uint64_t index)
{
	for (uint64_t i = 0; i < STAMPS; i++) {
		uint64_t word;

		memcpy(&word, block + i * DISTANCE, sizeof(word));
		if (word != mix(index * STAMPS + i)) {
			fprintf(stderr, "block %llu is not what was written\n",
				(unsigned long long)index);
			exit(1);
		}
	}
}

static void read_at(uint64_t first, uint32_t size)
{
	if (pread(g_file, g_part, size, (off_t)(first * BLOCK)) != (ssize_t)size)
		fail("pread");
	for (uint32_t i = 0; i < size / BLOCK; i++)
		check(g_part + i * BLOCK, first + i);
}

static void write_at(uint64_t first, uint32_t size)
{
	for (uint32_t i = 0; i < size / BLOCK; i++)
		stamp(g_part + i * BLOCK, first + i);
	if (pwrite(g_file, g_part, size, (off_t)(first * BLOCK)) != (ssize_t)size)
		fail("pwrite");
}

static int is_wanted(const char *name)
{
	size_t size = strlen(name);

	if (!g_only)
		return 1;
	for (const char *at = g_only; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == 0))
			return 1;
	}
	return 0;
}

/* The whole file once, or as many blocks of it at random. */
static void phase(const char *name, uint32_t size, int at_random, int writes)
{
	uint64_t count = g_blocks * BLOCK / size, start = now();

	if (!is_wanted(name))
		return;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t first = (at_random ? random_below(count) : i) * (size / BLOCK);

		if (writes)
			write_at(first, size);
		else
			read_at(first, size);
	}
	if (writes && fsync(g_file) != 0)
		fail("fsync");
	printf("%s %llu %u %llu\n", name, (unsigned long long)count, size,
	       (unsigned long long)(now() - start));
}

static void make(const char *path, uint64_t mib)
{
	g_file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (g_file < 0)
		fail(path);
	g_blocks = mib * (PART / BLOCK);
	phase("make", PART, 0, 1);
}

static void measure(const char *path)
{
	struct stat st;

	g_file = open(path, O_RDWR);
	if (g_file < 0 || fstat(g_file, &st) != 0)
		fail(path);
	g_blocks = (uint64_t)st.st_size / BLOCK;
	phase("read-4k-first", BLOCK, 0, 0);
	phase("read-4k", BLOCK, 0, 0);
	phase("read-4k-random", BLOCK, 1, 0);
	phase("read-1m", PART, 0, 0);
	phase("write-4k", BLOCK, 0, 1);
	phase("write-4k-random", BLOCK, 1, 1);
	phase("write-1m", PART, 0, 1);
}

int main(int argc, char **argv)
{
	for (uint32_t i = 0; i < PART; i++)
		g_part[i] = (unsigned char)mix(i);
	g_only = argc == 4 && strcmp(argv[1], "measure") == 0 ? argv[3] : NULL;
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		make(argv[2], strtoull(argv[3], NULL, 10));
	else if ((argc == 3 || argc == 4) && strcmp(argv[1], "measure") == 0)
		measure(argv[2]);
	else
		return 2;
	if (close(g_file) != 0)
		fail("close");
	return 0;
}
