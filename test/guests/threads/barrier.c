/* barrier THREADS: a wave equation in phases; a thread that runs ahead spoils it. Then waits that end
 * by time, by a wrong value, and by a count of wakes. */
#include <stdio.h>
#include <stdlib.h>

#include "test/guests/threads/thread.h"

#define CELLS  512u
#define PHASES 100u

static uint32_t g_cells[2][CELLS];
static struct barrier g_barrier;
static _Atomic uint32_t g_late, g_word, g_sleeping;

static void work(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg, count = g_barrier.count;

	for (uint32_t phase = 0; phase < PHASES; phase++) {
		const uint32_t *from = g_cells[phase & 1];
		uint32_t *to = g_cells[~phase & 1];

		for (uint32_t i = number; i < CELLS; i += count)
			to[i] = from[(i + CELLS - 1) % CELLS] * 3 + from[i] +
				from[(i + 1) % CELLS] + phase;
		barrier_wait(&g_barrier);
	}
}

static void doze(void *arg)
{
	(void)arg;
	g_sleeping++;
	if (futex_wait(&g_word, 0, -1) == WAIT_NOT_EQUAL)
		g_late++;
}

static uint32_t alone(void)
{
	static uint32_t cells[2][CELLS];
	uint32_t sum = 0;

	for (uint32_t i = 0; i < CELLS; i++)
		cells[0][i] = i * i;
	for (uint32_t phase = 0; phase < PHASES; phase++) {
		for (uint32_t i = 0; i < CELLS; i++)
			cells[~phase & 1][i] = cells[phase & 1][(i + CELLS - 1) % CELLS] * 3 +
					       cells[phase & 1][i] +
					       cells[phase & 1][(i + 1) % CELLS] + phase;
	}
	for (uint32_t i = 0; i < CELLS; i++)
		sum = sum * 31 + cells[PHASES & 1][i];
	return sum;
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 4, sum = 0, woken = 0;
	int numbers[THREADS_MAX];

	g_barrier.count = count;
	for (uint32_t i = 0; i < CELLS; i++)
		g_cells[0][i] = i * i;
	for (uint32_t i = 0; i < count; i++) {
		numbers[i] = thread_spawn(work, (void *)(uintptr_t)i);
		if (numbers[i] < 0) {
			fprintf(stderr, "barrier: no thread %u\n", (unsigned)i);
			return 2;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		thread_join(numbers[i]);
	for (uint32_t i = 0; i < CELLS; i++)
		sum = sum * 31 + g_cells[PHASES & 1][i];

	int timed = futex_wait(&g_word, 0, 1000000), unequal = futex_wait(&g_word, 1, -1);

	for (uint32_t i = 0; i < count; i++)
		numbers[i] = thread_spawn(doze, NULL);
	while (g_sleeping < count)
		futex_wait(&g_sleeping, g_sleeping, 100000);
	/* Each one sleeps, or is about to: one by one, and no more than are there. */
	while (woken < count) {
		uint32_t n = futex_wake(&g_word, 1);

		if (n > 1)
			return 3;
		woken += n;
	}
	for (uint32_t i = 0; i < count; i++)
		thread_join(numbers[i]);
	printf("%08x %d %d %u %u\n", (unsigned)sum, timed, unequal, (unsigned)woken,
	       (unsigned)futex_wake(&g_word, UINT32_MAX));
	return sum == alone() && timed == WAIT_TIMED_OUT && unequal == WAIT_NOT_EQUAL && !g_late
		       ? 0
		       : 1;
}
