/*
 * files DIR: what programs do with files, in an empty directory. Every step prints what came of it,
 * so that the output can be compared with the native build's. Leaves the directory empty.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, long long result)
{
	printf("%s: %lld\n", what, result);
}

/* Numbers and words of errors differ between systems. */
static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EBADF, "EBADF"},   {EEXIST, "EEXIST"},	  {EINVAL, "EINVAL"},
		{EISDIR, "EISDIR"}, {ELOOP, "ELOOP"},	  {ENOENT, "ENOENT"},
		{EPERM, "EPERM"},   {ENOTDIR, "ENOTDIR"}, {ENOTEMPTY, "ENOTEMPTY"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return strerror(error);
}

static void say_error(const char *what, long long result)
{
	if (result < 0)
		printf("%s: %s\n", what, error_name(errno));
	else
		printf("%s: ok\n", what);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	char *names[64];
	int count = 0;
	DIR *dir = opendir(path);
	if (dir == NULL) {
		say_error("opendir", -1);
		return;
	}
	struct dirent *entry;
	while ((entry = readdir(dir)) != NULL && count < 64)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[count++] = strdup(entry->d_name);
	closedir(dir);
	qsort(names, (size_t)count, sizeof(names[0]), compare_names);
	printf("list:");
	for (int i = 0; i < count; i++) {
		printf(" %s", names[i]);
		free(names[i]);
	}
	printf("\n");
}

static void read_and_write(void)
{
	char buffer[64] = {0};
	int fd = open("a.txt", O_CREAT | O_EXCL | O_RDWR, 0666);
	say("write", write(fd, "hello, file system", 18));
	say("seek set", lseek(fd, 7, SEEK_SET));
	say("read", read(fd, buffer, 4));
	printf("content: %s\n", buffer);
	say("seek cur", lseek(fd, 0, SEEK_CUR));
	say("seek end", lseek(fd, -6, SEEK_END));
	say("write", write(fd, "SYSTEM", 6));
	say_error("seek before the start", lseek(fd, -1, SEEK_SET));
	say("pread", pread(fd, buffer, 5, 0));
	printf("content: %.5s\n", buffer);
	say("pwrite behind the end", pwrite(fd, "x", 1, 5000));
	say("read in the hole", pread(fd, buffer, 3, 4000));
	printf("content: %d %d %d\n", buffer[0], buffer[1], buffer[2]);
	say("ftruncate", ftruncate(fd, 12));
	say("fsync", fsync(fd));
	struct stat st;
	say("fstat", fstat(fd, &st));
	printf("size %lld, regular %d\n", (long long)st.st_size, S_ISREG(st.st_mode) != 0);
	close(fd);
	say_error("read after close", read(fd, buffer, 1));
}

static void open_flags(void)
{
	say_error("exclusive create of what exists",
		  open("a.txt", O_CREAT | O_EXCL | O_RDWR, 0666));
	say_error("open what is missing", open("missing", O_RDONLY));
	say_error("write to a read-only descriptor", write(open("a.txt", O_RDONLY), "x", 1));
	say_error("open a directory for writing", open(".", O_WRONLY));
	say_error("a file as a directory", open("a.txt", O_RDONLY | O_DIRECTORY));
	say_error("a file within a path", open("a.txt/b", O_RDONLY));

	int fd = open("a.txt", O_WRONLY | O_APPEND);
	lseek(fd, 0, SEEK_SET);
	say("append", write(fd, "++", 2));
	close(fd);
	char buffer[64] = {0};
	fd = open("a.txt", O_RDONLY);
	say("read", read(fd, buffer, sizeof(buffer) - 1));
	printf("content: %s\n", buffer);
	close(fd);
	close(open("a.txt", O_WRONLY | O_TRUNC));
	struct stat st;
	stat("a.txt", &st);
	say("size after O_TRUNC", (long long)st.st_size);
}

static void directories(void)
{
	say_error("mkdir", mkdir("d", 0777));
	say_error("mkdir again", mkdir("d", 0777));
	say_error("mkdir in what is missing", mkdir("no/d", 0777));
	say_error("mkdir nested", mkdir("d/e", 0777));
	say_error("rmdir of what is not empty", rmdir("d"));
	close(open("d/f", O_CREAT | O_WRONLY, 0666));
	say_error("rmdir of a file", rmdir("d/f"));
	say_error("unlink of a directory", unlink("d/e") == 0 ? 0 : (errno = EPERM, -1));
	list(".");
	list("d");
	list("d/../d/./e");
	struct stat st;
	say("stat", stat("d", &st));
	printf("directory %d\n", S_ISDIR(st.st_mode) != 0);
}

static void names(void)
{
	char buffer[64] = {0};
	say_error("rename", rename("a.txt", "d/b.txt"));
	say_error("stat of the old name", access("a.txt", F_OK));
	say_error("rename of what is missing", rename("a.txt", "c"));
	say_error("rename of a file onto a directory", rename("d/b.txt", "d/e"));
	say_error("link", link("d/b.txt", "hard"));
	say_error("link onto what exists", link("d/b.txt", "hard"));
	say_error("symlink", symlink("d/b.txt", "soft"));
	say("readlink", readlink("soft", buffer, sizeof(buffer)));
	printf("content: %s\n", buffer);
	say_error("readlink of a file", readlink("hard", buffer, sizeof(buffer)));
	int fd = open("soft", O_WRONLY);
	say("write through a symlink", write(fd, "linked", 6));
	close(fd);
	struct stat st;
	stat("hard", &st);
	say("size through the hard link", (long long)st.st_size);
	lstat("soft", &st);
	printf("symlink %d\n", S_ISLNK(st.st_mode) != 0);
	say_error("open without following", open("soft", O_RDONLY | O_NOFOLLOW));
	say_error("symlink to itself", symlink("loop", "loop"));
	say_error("open a loop", open("loop", O_RDONLY));
}

static void times(void)
{
	struct timespec t[2] = {{.tv_sec = 1000000000, .tv_nsec = 5000}, {.tv_sec = 1100000000}};
	struct stat st;
	say_error("utimensat", utimensat(AT_FDCWD, "hard", t, 0));
	stat("hard", &st);
	printf("times %lld %lld\n", (long long)st.st_atim.tv_sec, (long long)st.st_mtim.tv_sec);
}

static void removal(void)
{
	int fd = open("hard", O_RDONLY);
	say_error("unlink", unlink("hard"));
	say_error("unlink again", unlink("hard"));
	unlink("d/b.txt");
	char buffer[8] = {0};
	say("read of an unlinked file", read(fd, buffer, 6));
	printf("content: %s\n", buffer);
	close(fd);
	unlink("soft");
	unlink("loop");
	unlink("d/f");
	say_error("rmdir", rmdir("d/e"));
	say_error("rmdir", rmdir("d"));
	list(".");
}

static void stdio(void)
{
	FILE *file = fopen("stdio", "w+");
	long long sum = 0;
	for (int i = 0; i < 20000; i++)
		fprintf(file, "%d\n", i * 7);
	rewind(file);
	int value, count = 0;
	while (fscanf(file, "%d", &value) == 1) {
		sum += value;
		count++;
	}
	fclose(file);
	printf("stdio %d %lld\n", count, sum);
	say_error("remove", remove("stdio"));
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) != 0) {
		fprintf(stderr, "usage: files DIR\n");
		return 2;
	}
	list(".");
	read_and_write();
	open_flags();
	directories();
	names();
	times();
	removal();
	stdio();
	return 0;
}
