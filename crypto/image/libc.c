/*
 * What the linked libraries ask of a C library, inside the enclave. Their self tests and seed
 * files, which print and open files, share object files with the code that is used; nothing calls
 * them, and to be called is a broken invariant.
 * Trust: the callers are the linked libraries, which pass sizes of their own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/heap.h"

/* Glibc's checked variants: the compiler knew the room and passes it. */
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *__memset_chk(void *to, int byte, size_t size, size_t room);
int __printf_chk(int flag, const char *format, ...);
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

void *calloc(size_t count, size_t size)
{
	return heap_alloc_array(count, size);
}

void free(void *p)
{
	heap_free(p);
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

struct tm *gmtime_r(const time_t *time UNUSED, struct tm *out UNUSED)
{
	panic(__FILE__, __LINE__);
}
