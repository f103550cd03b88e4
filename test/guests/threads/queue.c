/* queue PRODUCERS CONSUMERS: a bounded queue under a mutex and two condition variables; every item
 * arrives once. */
#include <stdio.h>
#include <stdlib.h>

#include "test/guests/threads/thread.h"

#define SIZE  8u
#define ITEMS 500u /* of each producer */

static struct mutex g_mutex;
static struct condition g_not_empty, g_not_full;
static uint32_t g_items[SIZE], g_head, g_count;
static uint32_t g_seen[THREADS_MAX * ITEMS];
static uint32_t g_left, g_wrong;

static void produce(void *arg)
{
	uint32_t first = (uint32_t)(uintptr_t)arg * ITEMS;

	for (uint32_t i = first; i < first + ITEMS; i++) {
		mutex_lock(&g_mutex);
		while (g_count == SIZE)
			condition_wait(&g_not_full, &g_mutex);
		g_items[(g_head + g_count++) % SIZE] = i;
		condition_signal(&g_not_empty);
		mutex_unlock(&g_mutex);
	}
}

static void consume(void *arg)
{
	(void)arg;
	for (;;) {
		mutex_lock(&g_mutex);
		while (g_count == 0 && g_left > 0)
			condition_wait(&g_not_empty, &g_mutex);
		if (g_count == 0) {
			mutex_unlock(&g_mutex);
			return;
		}
		uint32_t item = g_items[g_head];

		g_head = (g_head + 1) % SIZE;
		g_count--;
		if (g_seen[item]++)
			g_wrong++;
		if (--g_left == 0)
			condition_broadcast(&g_not_empty);
		condition_signal(&g_not_full);
		mutex_unlock(&g_mutex);
	}
}

int main(int argc, char **argv)
{
	int producers = argc > 1 ? atoi(argv[1]) : 2, consumers = argc > 2 ? atoi(argv[2]) : 2;
	int numbers[THREADS_MAX], n = 0;
	uint64_t sum = 0;

	g_left = (uint32_t)producers * ITEMS;
	for (int i = 0; i < producers + consumers; i++) {
		numbers[n] = thread_spawn(i < producers ? produce : consume, (void *)(uintptr_t)i);
		if (numbers[n++] < 0) {
			fprintf(stderr, "queue: no thread %d\n", i);
			return 2;
		}
	}
	while (n > 0)
		thread_join(numbers[--n]);
	for (uint32_t i = 0; i < (uint32_t)producers * ITEMS; i++)
		sum += g_seen[i] * (uint64_t)(i + 1);
	printf("%llu, %u wrong, %u left\n", (unsigned long long)sum, (unsigned)g_wrong,
	       (unsigned)g_left);
	return g_wrong || g_left ? 1 : 0;
}
