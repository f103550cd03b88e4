/* Tries to change the directory mounted read-only as /ro; prints `refused WHAT` or `ALLOWED WHAT`.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void report(const char *what, int result)
{
	printf("%s %s\n", result >= 0 ? "ALLOWED" : "refused", what);
}

int main(void)
{
	char buffer[16] = {0};
	int fd = open("/ro/file", O_RDONLY);
	ssize_t n = read(fd, buffer, sizeof(buffer) - 1);
	printf("%s read\n", n > 0 ? "inside" : "LOST");

	struct timespec t[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	report("truncate an open file", ftruncate(fd, 0));
	report("write to an open file", (int)write(fd, "x", 1));
	report("set times of an open file", futimens(fd, t));
	report("open for writing", open("/ro/file", O_WRONLY));
	report("open for both", open("/ro/file", O_RDWR));
	report("open with truncation", open("/ro/file", O_RDONLY | O_TRUNC));
	report("create", open("/ro/new", O_CREAT | O_RDONLY, 0666));
	report("create in a directory", open("/ro/dir/new", O_CREAT | O_WRONLY, 0666));
	report("mkdir", mkdir("/ro/newdir", 0777));
	report("rmdir", rmdir("/ro/dir"));
	report("unlink", unlink("/ro/file"));
	report("rename", rename("/ro/file", "/ro/other"));
	report("rename out of it", rename("/ro/file", "/rw/taken"));
	report("rename into it", rename("/rw/file", "/ro/given"));
	report("link", link("/ro/file", "/ro/hard"));
	report("link out of it", link("/ro/file", "/rw/hard"));
	report("symlink", symlink("file", "/ro/soft"));
	report("set times", utimensat(AT_FDCWD, "/ro/file", t, 0));
	return 0;
}
