/*
 * What SQLite's shell uses and Debian's wasi-libc does not have. Included before each of its
 * sources
 * (-include), for the WebAssembly build only.
 */
#ifndef EXAMPLES_SQLITE_WASI_H
#define EXAMPLES_SQLITE_WASI_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* WASI preview1 has no permission bits. */
static inline int chmod(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

/* The shell only prints the result. */
static inline char *realpath(const char *path, char *resolved)
{
	if (resolved != NULL) {
		errno = EINVAL;
		return NULL;
	}
	return strdup(path);
}

#endif
