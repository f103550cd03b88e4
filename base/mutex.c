/*
 * The sleeping mutex.
 * Trust: nothing from outside; park may return at any time, which costs a turn of the loop.
 * Invariant: a thread sleeps only with its bit among the waiters, set before its last try failed;
 * whoever clears another's bit wakes it. So an unlock after that try finds the bit, or somebody
 * who held the mutex in between did.
 */
#include "base/mutex.h"

#include "base/err.h"
#include "base/park.h"

#define SPINS 100 /* most are held for less time than a wake-up takes */

static uint64_t mutex_bit(uint32_t thread)
{
	must(thread < PARK_THREADS_MAX);
	return (uint64_t)1 << thread;
}

bool mutex_try_lock(struct mutex *m)
{
	return atomic_load_explicit(&m->held, memory_order_relaxed) == 0 &&
	       atomic_exchange(&m->held, 1) == 0;
}

static bool mutex_spin(struct mutex *m)
{
	for (int i = 0; i < SPINS; i++) {
		if (mutex_try_lock(m))
			return true;
		__builtin_ia32_pause();
	}
	return false;
}

/* Sequentially consistent: here the bit is written before `held` is read, in mutex_unlock `held` is
 * written before the bits are read; one of the two sees the other. */
static void mutex_wait(struct mutex *m)
{
	const uint64_t bit = mutex_bit(park_self());

	for (;;) {
		atomic_fetch_or(&m->waiters, bit);
		if (atomic_exchange(&m->held, 1) == 0)
			break;
		(void)park(PARK_FOREVER);
	}
	atomic_fetch_and(&m->waiters, ~bit);
}

void mutex_lock(struct mutex *m)
{
	if (!mutex_spin(m))
		mutex_wait(m);
}

/* The next thread in turn behind this one, so that none is passed over for ever. */
static uint32_t mutex_next(uint64_t waiters)
{
	const uint32_t first = (park_self() + 1) % PARK_THREADS_MAX;
	const uint64_t later = waiters >> first << first;

	return (uint32_t)__builtin_ctzll(later != 0 ? later : waiters);
}

void mutex_unlock(struct mutex *m)
{
	atomic_store(&m->held, 0);
	const uint64_t waiters = atomic_load(&m->waiters);

	if (likely(waiters == 0))
		return;
	const uint32_t next = mutex_next(waiters);

	/* Gone by itself, or woken by another: then that one sees to the rest. */
	if (atomic_fetch_and(&m->waiters, ~mutex_bit(next)) & mutex_bit(next))
		unpark(next);
}
