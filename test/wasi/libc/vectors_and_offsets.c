/* readv, writev, pread, pwrite, ftruncate, posix_fallocate, posix_fadvise, lseek. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	char a[4], b[4];
	struct stat st;
	struct iovec out[] = {{"one", 3}, {"two", 3}}, in[] = {{a, 2}, {b, 4}};
	const int fd = open("/f", O_RDWR | O_CREAT, 0666);

	assert(fd >= 0 && writev(fd, out, 2) == 6);
	assert(lseek(fd, 0, SEEK_SET) == 0 && readv(fd, in, 2) == 6);
	assert(memcmp(a, "on", 2) == 0 && memcmp(b, "etwo", 4) == 0);
	assert(pwrite(fd, "X", 1, 1) == 1 && pread(fd, a, 3, 0) == 3 && memcmp(a, "oXe", 3) == 0);
	assert(lseek(fd, 0, SEEK_CUR) == 6);
	assert(ftruncate(fd, 3) == 0 && fstat(fd, &st) == 0 && st.st_size == 3);
	const int e = posix_fallocate(fd, 0, 64);

	assert(e == 0 || e == ENOTSUP || e == EOPNOTSUPP);
	assert(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
	assert(fsync(fd) == 0 && fdatasync(fd) == 0);
	assert(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
	assert(close(fd) == 0 && write(fd, "x", 1) == -1 && errno == EBADF);
	return 0;
}
