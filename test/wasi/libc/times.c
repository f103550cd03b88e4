/* futimens, utimensat, clock_gettime, time, nanosleep. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	const struct timespec set[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};
	const struct timespec other[] = {{.tv_sec = 5}, {.tv_sec = 1500000000, .tv_nsec = 1000}};
	const struct timespec wait = {.tv_nsec = 15000000};
	struct timespec a, b;
	struct stat st;
	const int fd = open("/f", O_RDWR | O_CREAT, 0666);

	assert(futimens(fd, set) == 0 && fstat(fd, &st) == 0 && st.st_mtim.tv_sec == 1000000000);
	assert(st.st_atim.tv_sec > 1000000000);
	assert(utimensat(AT_FDCWD, "/f", other, 0) == 0 && stat("/f", &st) == 0);
	assert(st.st_atim.tv_sec == 5 && st.st_mtim.tv_sec == 1500000000);
	assert(utimensat(AT_FDCWD, "/none", set, 0) == -1 && errno == ENOENT);
	assert(utimensat(AT_FDCWD, "/f", set, 0) == 0);
	assert(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && nanosleep(&wait, NULL) == 0);
	assert(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
	assert((b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec >= 15000000);
	assert(time(NULL) > 1600000000);
	assert(clock_getres(CLOCK_REALTIME, &a) == 0 && a.tv_sec == 0 && a.tv_nsec > 0);
	return 0;
}
