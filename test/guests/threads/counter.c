/* counter THREADS: one counter under a mutex, atomic counters of each width and operation, and
 * thread-local ones. */
#include <stdio.h>
#include <stdlib.h>

#include "test/guests/threads/thread.h"

#define ROUNDS 2000u

static struct mutex g_mutex;
static struct {
	uint64_t plain;
	_Atomic uint8_t add8;
	_Atomic uint16_t add16;
	_Atomic uint32_t add32, sub32, or32, xor32, max32;
	_Atomic uint64_t add64, swapped, exchanged;
} g;
static _Thread_local uint32_t g_own = 5;
static _Atomic uint32_t g_own_wrong;

static void work(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		mutex_lock(&g_mutex);
		g.plain = g.plain + 1;
		mutex_unlock(&g_mutex);
		g.add8++;
		g.add16++;
		g.add32++;
		g.sub32--;
		g.or32 |= 1u << (i + number) % 32;
		g.xor32 ^= 1u << (i + number) % 32;
		g.add64 += 0x100000001u;
		g.swapped += __c11_atomic_exchange(&g.exchanged, i, __ATOMIC_SEQ_CST) != i;

		uint32_t seen = g.max32;

		while (seen < i * 64 + number &&
		       !__c11_atomic_compare_exchange_weak(&g.max32, &seen, i * 64 + number,
							   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		}
		g_own++;
	}
	if (g_own != 5 + ROUNDS || thread_id() == 0)
		g_own_wrong++;
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 4;
	uint32_t n = count * ROUNDS;
	int numbers[THREADS_MAX];

	for (uint32_t i = 0; i < count; i++) {
		numbers[i] = thread_spawn(work, (void *)(uintptr_t)i);
		if (numbers[i] < 0) {
			fprintf(stderr, "counter: no thread %u\n", (unsigned)i);
			return 2;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		thread_join(numbers[i]);

	uint32_t xored = 0;

	for (uint32_t i = 0; i < n; i++)
		xored ^= 1u << (i % ROUNDS + i / ROUNDS) % 32;
	printf("%llu %u %u %u %u %llx\n", (unsigned long long)g.plain, (unsigned)g.add8,
	       (unsigned)g.add16, (unsigned)g.add32, (unsigned)-g.sub32,
	       (unsigned long long)g.add64);
	return g.plain == n && g.add8 == (uint8_t)n && g.add16 == (uint16_t)n && g.add32 == n &&
			       g.sub32 == -n && g.or32 == UINT32_MAX && g.xor32 == xored &&
			       g.max32 == (ROUNDS - 1) * 64 + count - 1 &&
			       g.add64 == n * 0x100000001u && g_own == 5 && !g_own_wrong
		       ? 0
		       : 1;
}
