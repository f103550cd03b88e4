/*
 * What the compressors use and Debian's wasi-libc does not have. Included before each of their sources
 * (-include). WASI preview1 has no owners and no permission bits: to set them does nothing.
 */
#ifndef TEST_WASI_TOOLS_POSIX_H
#define TEST_WASI_TOOLS_POSIX_H

#include <stdio.h> /* zstd takes it from elsewhere */
#include <sys/stat.h>
#include <unistd.h>

#define PRETEND static inline __attribute__((unused))

PRETEND int chmod(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

PRETEND int fchmod(int fd, mode_t mode)
{
	(void)fd;
	(void)mode;
	return 0;
}

PRETEND int chown(const char *path, uid_t user, gid_t group)
{
	(void)path;
	(void)user;
	(void)group;
	return 0;
}

PRETEND int fchown(int fd, uid_t user, gid_t group)
{
	(void)fd;
	(void)user;
	(void)group;
	return 0;
}

PRETEND mode_t umask(mode_t mode)
{
	(void)mode;
	return 022;
}

#endif
