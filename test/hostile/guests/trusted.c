/*
 * trusted HOST TMP: keeps a secret in its memory and in a file of TMP (the enclave's memory), works with files of
 * HOST meanwhile, and looks at the secret again and again. Ends with 0 when every call went well, 1 when some
 * did not, and 99 when what is trusted was not what it must be. The secret is made at run time; it stands
 * neither in the module nor in anything that the host gave.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECRET 32
#define ROUNDS 60

static int g_errors;

static void secret_make(unsigned char *p)
{
	unsigned x = 0x2545f491u;

	for (int i = 0; i < SECRET; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (unsigned char)(x >> 11);
	}
}

static void wrong(const char *what)
{
	fprintf(stderr, "WRONG: %s\n", what);
	_Exit(99);
}

static void must_be(const unsigned char *p, const char *what)
{
	unsigned char again[SECRET];

	secret_make(again);
	if (memcmp(p, again, SECRET) != 0)
		wrong(what);
	memset(again, 0, sizeof(again));
}

static void tmp_write(const char *dir, int i, const unsigned char *secret)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/secret%d", dir, i);
	FILE *f = fopen(path, "w+");

	if (!f || fwrite(secret, 1, SECRET, f) != SECRET || fclose(f) != 0)
		wrong("a file in memory cannot be written");
}

static void tmp_check(const char *dir, int i)
{
	unsigned char got[SECRET];
	char path[100];
	struct stat st;

	snprintf(path, sizeof(path), "%s/secret%d", dir, i);
	FILE *f = fopen(path, "r");

	if (!f || fread(got, 1, SECRET, f) != SECRET || fgetc(f) != EOF)
		wrong("a file in memory cannot be read");
	fclose(f);
	must_be(got, "a file in memory holds something else");
	if (stat(path, &st) != 0 || st.st_size != SECRET || !S_ISREG(st.st_mode))
		wrong("a file in memory is described wrongly");
}

static void count(int good)
{
	g_errors += !good;
}

static void list(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	count(d != NULL);
	while (d && (e = readdir(d)) != NULL)
		if (e->d_name[0] == 0 || strchr(e->d_name, '/') || strlen(e->d_name) > 255)
			wrong("a name that is none");
	if (d)
		closedir(d);
}

static void host_work(const char *dir, int i)
{
	char path[100], other[100], buf[3000];
	struct stat st;

	snprintf(path, sizeof(path), "%s/public%d", dir, i % 5);
	snprintf(other, sizeof(other), "%s/other%d", dir, i % 3);
	memset(buf, 'p', sizeof(buf));
	const int fd = open(path, O_RDWR | O_CREAT, 0600);

	count(fd >= 0);
	if (fd >= 0) {
		const ssize_t n = pwrite(fd, buf, sizeof(buf), i * 100);

		if (n > (ssize_t)sizeof(buf))
			wrong("more was written than there is");
		count(fsync(fd) == 0);
		memset(buf, 0, sizeof(buf));
		if (pread(fd, buf, 1000, i * 50) > 1000)
			wrong("more was read than there is room");
		for (size_t k = 1000; k < sizeof(buf); k++)
			if (buf[k] != 0)
				wrong("a read wrote beside its buffer");
		count(ftruncate(fd, 5000) == 0);
		count(close(fd) == 0);
	}
	count(stat(path, &st) == 0);
	count(rename(path, other) == 0);
	count(symlink("public0", path) == 0);
	count(readlink(path, buf, sizeof(buf)) > 0);
	count(unlink(path) == 0);
	list(dir);
}

static void clock_check(void)
{
	static struct timespec last;
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
		g_errors++;
		return;
	}
	if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec))
		wrong("the monotonic clock went back");
	last = now;
}

int main(int argc, char **argv)
{
	static unsigned char secret[SECRET];
	unsigned char *heap = malloc(1 << 20);

	if (argc != 3 || !heap)
		return 2;
	secret_make(secret);
	memcpy(heap + 500000, secret, SECRET);
	for (int i = 0; i < ROUNDS; i++) {
		tmp_write(argv[2], i % 7, secret);
		host_work(argv[1], i);
		printf("round %d\n", i);
		count(fflush(stdout) == 0);
		clearerr(stdout);
		clock_check();
		tmp_check(argv[2], i % 7);
		must_be(secret, "memory");
		must_be(heap + 500000, "the heap");
	}
	return g_errors != 0;
}
