/* link, symlink, rename, unlink, rmdir and what stat says, with the errno that POSIX wants. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	struct stat st;
	char buf[16];
	const int fd = open("/f", O_RDWR | O_CREAT | O_EXCL, 0644);

	assert(fd >= 0 && write(fd, "text", 4) == 4 && close(fd) == 0);
	assert(link("/f", "/g") == 0 && stat("/g", &st) == 0 && st.st_nlink == 2 &&
	       st.st_size == 4);
	assert(symlink("g", "/s") == 0 && lstat("/s", &st) == 0 && S_ISLNK(st.st_mode));
	assert(stat("/s", &st) == 0 && S_ISREG(st.st_mode));
	assert(readlink("/s", buf, sizeof(buf)) == 1 && buf[0] == 'g');
	assert(rename("/f", "/h") == 0 && access("/f", F_OK) == -1 && errno == ENOENT);
	assert(mkdir("/d", 0755) == 0 && rename("/h", "/d") == -1 && errno == EISDIR);
	assert(rename("/d", "/h") == -1 && errno == ENOTDIR);
	assert(rename("/h", "/d/h") == 0 && rmdir("/d") == -1 && errno == ENOTEMPTY);
	assert(unlink("/d") == -1 && (errno == EISDIR || errno == EPERM));
	assert(rmdir("/d/h") == -1 && errno == ENOTDIR);
	assert(unlink("/d/h") == 0 && rmdir("/d") == 0 && unlink("/s") == 0);
	assert(open("/g", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
	assert(symlink("loop", "/loop") == 0);
	assert(open("/loop", O_RDONLY) == -1 && errno == ELOOP);
	assert(open("/../x", O_RDONLY) == -1);
	assert(remove("/g") == 0 && remove("/loop") == 0);
	return 0;
}
