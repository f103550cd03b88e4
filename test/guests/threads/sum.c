/* sum THREADS: adds a million numbers, which threads take in portions from a common counter. */
#include <stdio.h>
#include <stdlib.h>

#include "test/guests/threads/thread.h"

#define COUNT	1000000u
#define PORTION 1000u

static uint32_t g_numbers[COUNT];
static _Atomic uint32_t g_next;
static _Atomic uint64_t g_total;
static _Atomic uint32_t g_portions;

static void work(void *arg)
{
	uint32_t first;

	(void)arg;
	while ((first = __c11_atomic_fetch_add(&g_next, PORTION, __ATOMIC_RELAXED)) < COUNT) {
		uint64_t sum = 0;

		for (uint32_t i = first; i < first + PORTION; i++)
			sum += g_numbers[i];
		g_total += sum;
		g_portions++;
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 4;
	int numbers[THREADS_MAX];
	uint64_t expected = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		g_numbers[i] = i * 2654435761u;
		expected += g_numbers[i];
	}
	for (int i = 0; i < count; i++) {
		numbers[i] = thread_spawn(work, NULL);
		if (numbers[i] < 0) {
			fprintf(stderr, "sum: no thread %d\n", i);
			return 2;
		}
	}
	for (int i = 0; i < count; i++)
		thread_join(numbers[i]);
	printf("%llu in %u portions\n", (unsigned long long)g_total, (unsigned)g_portions);
	return g_total == expected && g_portions == COUNT / PORTION ? 0 : 1;
}
