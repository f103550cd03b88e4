/* fcntl: what O_APPEND and O_NONBLOCK do to an open file; what a terminal is not. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	char buf[8];
	int fd = open("/f", O_RDWR | O_CREAT, 0666);

	assert(write(fd, "abc", 3) == 3 && lseek(fd, 0, SEEK_SET) == 0);
	assert((fcntl(fd, F_GETFL) & (O_APPEND | O_RDWR)) == O_RDWR);
	assert(fcntl(fd, F_SETFL, O_APPEND) == 0 && (fcntl(fd, F_GETFL) & O_APPEND));
	assert(write(fd, "d", 1) == 1 && pread(fd, buf, 8, 0) == 4 && buf[3] == 'd');
	assert(close(fd) == 0 && (fd = open("/f", O_WRONLY | O_APPEND)) >= 0);
	assert(write(fd, "e", 1) == 1 && read(fd, buf, 1) == -1 && errno == EBADF);
	assert(!isatty(fd) && !isatty(0));
	assert(fcntl(0, F_SETFL, O_NONBLOCK) == 0);
	assert(fcntl(99, F_GETFL) == -1 && errno == EBADF);
	return 0;
}
