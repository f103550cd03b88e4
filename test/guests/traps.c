/* traps KIND: ends with that trap, after a line on standard output that must not be lost. */
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the compiler must not know. */
static volatile int g_zero = 0, g_seven = 7;
static volatile int g_min = INT_MIN;
static volatile float g_large = 1e30f, g_nan = NAN;
static volatile uintptr_t g_far = 0xfffffff0u;

static int add_one(int x)
{
	return x + 1;
}

/* A pointer to it is called with another type. */
static void *volatile g_function = (void *)add_one;

__attribute__((noinline)) static int descend(volatile int *outer)
{
	volatile int here[16] = {*outer};
	if (here[0] == 1) /* never, but the compiler cannot know */
		return 0;
	return descend(here) + here[3];
}

/* Grows until the runtime says no; that is an answer, not a trap. */
static int grow(void)
{
	size_t pages = 0;
	while (__builtin_wasm_memory_grow(0, 16) != SIZE_MAX)
		pages += 16;
	printf("grew %s\n", pages > 0 ? "some" : "nothing");
	return 0;
}

/* The same with every page in use. */
static int fill(void)
{
	size_t chunks = 0;
	char *p;
	while ((p = malloc(1 << 20)) != NULL && chunks < 4096) {
		memset(p, 0x5a, 1 << 20);
		chunks++;
	}
	printf("filled %s\n", chunks > 0 ? "some" : "nothing");
	return 0;
}

__attribute__((noinline)) static int trap_inner(const char *kind)
{
	volatile int sink;
	if (strcmp(kind, "unreachable") == 0)
		__builtin_trap();
	if (strcmp(kind, "load") == 0)
		sink = *(volatile int *)g_far;
	if (strcmp(kind, "store") == 0)
		*(volatile int *)g_far = 1;
	if (strcmp(kind, "divide") == 0)
		sink = g_seven / g_zero;
	if (strcmp(kind, "overflow") == 0)
		sink = g_min / (g_zero - 1);
	if (strcmp(kind, "truncate") == 0)
		sink = __builtin_wasm_trunc_s_i32_f32(g_large);
	if (strcmp(kind, "nan") == 0)
		sink = __builtin_wasm_trunc_s_i32_f32(g_nan);
	if (strcmp(kind, "signature") == 0)
		((void (*)(double))g_function)(1.0);
	if (strcmp(kind, "null") == 0)
		((void (*)(void))(uintptr_t)g_zero)();
	if (strcmp(kind, "table") == 0)
		((void (*)(void))(uintptr_t)(g_zero + 100000))();
	if (strcmp(kind, "recursion") == 0) {
		volatile int start[16] = {0};
		sink = descend(start);
	}
	if (strcmp(kind, "abort") == 0)
		abort();
	(void)sink;
	return 3;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	puts("before");
	fflush(stdout);
	if (strcmp(kind, "grow") == 0)
		return grow();
	if (strcmp(kind, "fill") == 0)
		return fill();
	return trap_inner(kind);
}
