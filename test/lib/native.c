/*
 * What the libraries need of their surroundings when they are built natively: the heap over malloc,
 * with a switch that makes the n-th allocation fail, host memory that may be mapped, and panic.
 */
#include "test/lib/native.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/heap.h"
#include "hostcall/hostcall.h"

static long g_fail_at = -1; /* allocations still to succeed; -1: all */
static const void *g_watched;
static size_t g_watched_size;
static bool g_seen;
static uint64_t g_forbidden, g_forbidden_size;

void native_heap_fail_at(long n)
{
	g_fail_at = n;
}

bool native_heap_failed(void)
{
	return g_fail_at == 0;
}

static bool heap_must_fail(void)
{
	if (g_fail_at < 0)
		return false;
	if (g_fail_at == 0)
		return true;
	g_fail_at--;
	return false;
}

void *heap_alloc(size_t size)
{
	return heap_must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *heap_alloc_array(size_t count, size_t size)
{
	size_t n;

	return checked_mul(&n, count, size) ? heap_alloc(n) : NULL;
}

void *heap_resize(void *p, size_t old_size, size_t new_size)
{
	uint8_t *q = heap_must_fail() ? NULL : realloc(p, new_size ? new_size : 1);

	if (q && new_size > old_size)
		memset(q + old_size, 0, new_size - old_size);
	return q;
}

void native_heap_watch(const void *bytes, size_t size)
{
	g_watched = bytes;
	g_watched_size = size;
	g_seen = false;
}

bool native_heap_seen(void)
{
	return g_seen;
}

void heap_free(void *p)
{
	if (g_watched && p && memmem(p, malloc_usable_size(p), g_watched, g_watched_size))
		g_seen = true;
	free(p);
}

/* Host memory is this process's, but what a test forbids. */
void native_forbid(uint64_t address, uint64_t size)
{
	g_forbidden = address;
	g_forbidden_size = size;
}

bool hostcall_outside(uint64_t address, uint64_t size)
{
	return address + size <= g_forbidden || address >= g_forbidden + g_forbidden_size;
}

bool hostcall_copy_words(void *dst, uint64_t address, size_t words)
{
	memcpy(dst, (const void *)(uintptr_t)address, words * sizeof(uint64_t));
	return true;
}

void panic(const char *file, int line)
{
	fprintf(stderr, "panic: %s:%d\n", file, line);
	abort();
}
