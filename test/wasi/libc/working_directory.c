/* chdir is the C library's own: relative paths lead on from there. */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char buf[64];

	assert(mkdir("/a", 0777) == 0 && mkdir("a/b", 0777) == 0);
	assert(chdir("/a") == 0 && chdir("b") == 0);
	assert(getcwd(buf, sizeof(buf)) && strcmp(buf, "/a/b") == 0);
	const int fd = open("f", O_WRONLY | O_CREAT, 0666);

	assert(fd >= 0 && write(fd, "text", 4) == 4 && close(fd) == 0);
	assert(access("/a/b/f", R_OK) == 0 && access("../b/f", R_OK) == 0);
	return 0;
}
