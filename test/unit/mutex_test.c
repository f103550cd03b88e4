/* The sleeping mutex and parking outside an enclave; for the sanitizer of threads too. */
#include "base/mutex.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "base/err.h"
#include "host/base/park.h"
#include "test/lib/check.h"

#define THREADS	   4
#define INCREMENTS 250000
#define MS	   1000000u

static struct mutex g_mutex;
static uint64_t g_count;
static struct park_token g_token;
static atomic_bool g_done;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run_threads(void *(*entry)(void *), void (*beside)(void))
{
	pthread_t thread[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, entry, (void *)(uintptr_t)(i + 1)), 0);
	if (beside)
		beside();
	for (size_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

static void *count_up(void *number)
{
	park_enter((uint32_t)(uintptr_t)number);
	for (uint32_t i = 0; i < INCREMENTS; i++) {
		mutex_lock(&g_mutex);
		g_count++;
		mutex_unlock(&g_mutex);
	}
	return NULL;
}

TEST(mutex_counts_a_million)
{
	g_count = 0;
	run_threads(count_up, NULL);
	CHECK_EQ(g_count, THREADS * INCREMENTS);
	CHECK(g_mutex.held == 0 && g_mutex.waiters == 0);
}

/* Long enough inside that the others sleep. */
static void *hold(void *number)
{
	park_enter((uint32_t)(uintptr_t)number);
	for (uint32_t i = 0; i < 50; i++) {
		mutex_lock(&g_mutex);
		CHECK(!mutex_try_lock(&g_mutex));
		g_count++;
		sched_yield();
		(void)park(100000); /* may take a token that was meant to wake it for the mutex */
		g_count++;
		mutex_unlock(&g_mutex);
	}
	return NULL;
}

TEST(mutex_wakes_who_sleeps)
{
	g_count = 0;
	run_threads(hold, NULL);
	CHECK_EQ(g_count, THREADS * 50 * 2);
	CHECK(g_mutex.held == 0 && g_mutex.waiters == 0);
}

/* Tokens for everybody, all the time. */
static void wake_at_random(void)
{
	while (!atomic_load(&g_done))
		for (uint32_t i = 0; i < PARK_THREADS_MAX; i++)
			unpark(i);
}

static void *waker(void *context)
{
	(void)context;
	wake_at_random();
	return NULL;
}

TEST(mutex_bears_wake_ups_that_are_none)
{
	pthread_t thread;

	g_count = 0;
	atomic_store(&g_done, false);
	CHECK_EQ(pthread_create(&thread, NULL, waker, NULL), 0);
	run_threads(hold, NULL);
	atomic_store(&g_done, true);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(g_count, THREADS * 50 * 2);
}

/* Two threads in step: one unlocks at every moment of the other's way to sleep, and nobody comes after
 * it who would wake the sleeper. */
#define STEPS 8000

static _Atomic uint32_t g_step[2];

static void *lock_beside(void *context)
{
	(void)context;
	park_enter(1);
	for (uint32_t i = 1; i <= STEPS; i++) {
		while (atomic_load(&g_step[0]) != i)
			;
		mutex_lock(&g_mutex);
		mutex_unlock(&g_mutex);
		atomic_store(&g_step[1], i);
	}
	return NULL;
}

TEST(last_unlock_wakes_who_is_about_to_sleep)
{
	pthread_t thread;

	park_enter(0);
	CHECK_EQ(pthread_create(&thread, NULL, lock_beside, NULL), 0);
	for (uint32_t i = 1; i <= STEPS; i++) {
		mutex_lock(&g_mutex);
		atomic_store(&g_step[0], i);
		for (volatile uint32_t wait = i * 7919 % 16000; wait != 0; wait--)
			;
		mutex_unlock(&g_mutex);
		while (atomic_load(&g_step[1]) != i)
			;
	}
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

TEST(try_lock_takes_what_is_free_only)
{
	struct mutex m = {0};

	CHECK(mutex_try_lock(&m));
	CHECK(!mutex_try_lock(&m));
	mutex_unlock(&m);
	CHECK(mutex_try_lock(&m));
	mutex_unlock(&m);
}

TEST(token_is_one_and_waits)
{
	uint64_t start = now();

	park_enter(0);
	while (park(0)) /* left over from other tests */
		;
	unpark(0);
	unpark(0);
	CHECK(park(PARK_FOREVER));
	CHECK(!park(20 * MS));
	CHECK(now() - start >= 20 * MS);
	CHECK(!park(0));
}

static void *give(void *context)
{
	(void)context;
	park_token_give(&g_token);
	return NULL;
}

TEST(token_wakes_who_waits)
{
	pthread_t thread;

	for (int i = 0; i < 200; i++) {
		CHECK_EQ(pthread_create(&thread, NULL, give, NULL), 0);
		while (!park_token_take(&g_token, PARK_FOREVER))
			CHECK(false);
		CHECK_EQ(pthread_join(thread, NULL), 0);
		CHECK_EQ(atomic_load(&g_token.there), 0);
	}
}

TEST(longest_waits_do_not_overflow)
{
	park_token_give(&g_token);
	CHECK(park_token_take(&g_token, PARK_FOREVER - 1));
}

int main(void)
{
	RUN(mutex_counts_a_million);
	RUN(mutex_wakes_who_sleeps);
	RUN(mutex_bears_wake_ups_that_are_none);
	RUN(last_unlock_wakes_who_is_about_to_sleep);
	RUN(try_lock_takes_what_is_free_only);
	RUN(token_is_one_and_waits);
	RUN(token_wakes_who_waits);
	RUN(longest_waits_do_not_overflow);
	return check_report();
}
