/*
 * What the linked libraries ask of a C library, inside the enclave. Their self tests and seed
 * files, which print and open files, share object files with the code that is used; nothing calls
 * them, and to be called is a broken invariant.
 * Trust: the callers are the linked libraries, which pass sizes of their own.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/heap.h"

/* Glibc's checked variants: the compiler knew the room and passes it. */
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *__memset_chk(void *to, int byte, size_t size, size_t room);
int __printf_chk(int flag, const char *format, ...);
int __snprintf_chk(char *out, size_t size, int flag, size_t room, const char *format, ...);
struct tm *gmtime_r(const time_t *time, struct tm *out); /* POSIX, not C17 */

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	must(size <= room);
	return memcpy(to, from, size);
}

void *__memset_chk(void *to, int byte, size_t size, size_t room)
{
	must(size <= room);
	return memset(to, byte, size);
}

/*
 * Without memory the enclave ends. The host decides whether there is any, and the library in this version
 * does not look at every failure: where it makes and checks the Finished messages of a handshake it
 * would go on with what stands on the stack (CVE-2025-27810).
 */
void *calloc(size_t count, size_t size)
{
	void *p = heap_alloc_array(count, size);

	must(p);
	return p;
}

void free(void *p)
{
	heap_free(p);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* There is no clock to be believed in here: in a hello the field counts for nothing (RFC 5246,
 * 7.4.1.2), and to the library, which cannot tell the date, every certificate is out of date. */
time_t time(time_t *out)
{
	if (out)
		*out = 0;
	return 0;
}

struct tm *gmtime_r(const time_t *time UNUSED, struct tm *out UNUSED)
{
	return NULL;
}

/* mbedTLS locks each DRBG; ours stands under a lock of its own (platform/random.c). */
int pthread_mutex_init(pthread_mutex_t *mutex UNUSED, const pthread_mutexattr_t *attributes UNUSED)
{
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex UNUSED)
{
	return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex UNUSED)
{
	return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex UNUSED)
{
	return 0;
}

/* From here on: linked, never called. */

int __printf_chk(int flag UNUSED, const char *format UNUSED, ...)
{
	panic(__FILE__, __LINE__);
}

int puts(const char *text UNUSED)
{
	panic(__FILE__, __LINE__);
}

int putchar(int c UNUSED)
{
	panic(__FILE__, __LINE__);
}

FILE *fopen(const char *name UNUSED, const char *mode UNUSED)
{
	panic(__FILE__, __LINE__);
}

int fclose(FILE *file UNUSED)
{
	panic(__FILE__, __LINE__);
}

int ferror(FILE *file UNUSED)
{
	panic(__FILE__, __LINE__);
}

size_t fread(void *to UNUSED, size_t size UNUSED, size_t n UNUSED, FILE *file UNUSED)
{
	panic(__FILE__, __LINE__);
}

size_t fwrite(const void *from UNUSED, size_t size UNUSED, size_t n UNUSED, FILE *file UNUSED)
{
	panic(__FILE__, __LINE__);
}

int __snprintf_chk(char *out UNUSED, size_t size UNUSED, int flag UNUSED, size_t room UNUSED,
		   const char *format UNUSED, ...)
{
	panic(__FILE__, __LINE__);
}

int snprintf(char *restrict out UNUSED, size_t size UNUSED, const char *restrict format UNUSED, ...)
{
	panic(__FILE__, __LINE__);
}

char *strchr(const char *text UNUSED, int c UNUSED)
{
	panic(__FILE__, __LINE__);
}

char *strstr(const char *text UNUSED, const char *part UNUSED)
{
	panic(__FILE__, __LINE__);
}

char *fgets(char *restrict out UNUSED, int size UNUSED, FILE *restrict file UNUSED)
{
	panic(__FILE__, __LINE__);
}

int fseek(FILE *file UNUSED, long off UNUSED, int whence UNUSED)
{
	panic(__FILE__, __LINE__);
}

long ftell(FILE *file UNUSED)
{
	panic(__FILE__, __LINE__);
}

int stat(const char *restrict name UNUSED, struct stat *restrict out UNUSED)
{
	panic(__FILE__, __LINE__);
}

DIR *opendir(const char *name UNUSED)
{
	panic(__FILE__, __LINE__);
}

struct dirent *readdir(DIR *directory UNUSED)
{
	panic(__FILE__, __LINE__);
}

int closedir(DIR *directory UNUSED)
{
	panic(__FILE__, __LINE__);
}

int *__errno_location(void)
{
	panic(__FILE__, __LINE__);
}
