/*
 * Shared memories: wait and notify, growth, and stopping of those who wait, by several threads. What
 * the threads do to the bytes is atomic, so that the thread sanitizer sees only the library's races.
 */
#include "wasm/instance.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "host/base/park.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "wasm/limits.h"
#include "wasm/store.h"

#define THREADS	  4u
#define MS	  1000000
#define DEADLINE  120 /* seconds; a wake-up that is lost would last for ever */
#define FOR_EVER  (-1)
#define LOCK_AT	  64u
#define COUNT_AT  128u
#define ROUNDS	  3000u
#define MAX_PAGES 64u

struct shared {
	struct wasm_store store;
	struct wasm_memory_instance *memory;
	struct wasm_control control;
	uint32_t inside; /* atomic: threads in alone_resize */
};

/* Memories on the heap that see to it that one thread at a time is in here. */
static bool alone_resize(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	uint32_t *inside = env;

	CHECK_EQ(__atomic_fetch_add(inside, 1, __ATOMIC_RELAXED), 0);
	sched_yield();
	bool ok = wasm_memory_heap_ops.resize(NULL, m, size);

	__atomic_fetch_sub(inside, 1, __ATOMIC_RELAXED);
	return ok;
}

static void alone_release(void *env, struct wasm_memory_instance *m)
{
	(void)env;
	wasm_memory_heap_ops.release(NULL, m);
}

static const struct wasm_memory_ops alone_ops = {alone_resize, alone_release};

static void start(struct shared *s)
{
	const struct wasm_memory_type type = {{1, MAX_PAGES, true}, true};
	const struct wasm_store_config config = {
		.memory_ops = &alone_ops, .memory_env = &s->inside, .control = &s->control};

	*s = (struct shared){0};
	CHECK_EQ(wasm_store_init(&s->store, &config), E_OK);
	CHECK_EQ(wasm_memory_add(&s->store, &type, &s->memory), E_OK);
}

static uint32_t *word_at(const struct shared *s, uint32_t address)
{
	return (uint32_t *)(void *)(s->memory->base + address);
}

static enum wasm_trap wait32(struct shared *s, uint64_t address, uint64_t expected, int64_t timeout,
			     uint32_t *result)
{
	return wasm_memory_wait(&s->store, s->memory, address, false, expected, timeout, result);
}

static uint32_t notify(struct shared *s, uint64_t address, uint32_t count)
{
	uint32_t woken = UINT32_MAX;

	CHECK_EQ(wasm_memory_notify(s->memory, address, count, &woken), TRAP_NONE);
	return woken;
}

static uint32_t waiting(struct shared *s)
{
	uint32_t n = 0;

	mutex_lock(&s->memory->lock);
	for (const struct wasm_waiter *w = s->memory->waiters; w; w = w->next)
		n++;
	mutex_unlock(&s->memory->lock);
	return n;
}

static void until_waiting(struct shared *s, uint32_t count)
{
	while (waiting(s) < count)
		sched_yield();
}

/* ---- one thread ------------------------------------------------------------------------------ */

TEST(wait_and_notify_check_their_address)
{
	const uint64_t end = WASM_PAGE_SIZE;
	struct shared s;
	uint32_t r = 7;

	start(&s);
	for (uint32_t i = 1; i < 4; i++) {
		CHECK_EQ(wait32(&s, i, 0, 0, &r), TRAP_UNALIGNED_ATOMIC);
		CHECK_EQ(wasm_memory_notify(s.memory, i, 1, &r), TRAP_UNALIGNED_ATOMIC);
	}
	CHECK_EQ(wasm_memory_wait(&s.store, s.memory, 4, true, 0, 0, &r), TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(wait32(&s, end, 0, 0, &r), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wait32(&s, 1ull << 32, 0, 0, &r), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wait32(&s, UINT64_MAX - 3, 0, 0, &r), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wasm_memory_wait(&s.store, s.memory, end, true, 0, 0, &r), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wasm_memory_notify(s.memory, end, 1, &r), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(r, 7);
	CHECK_EQ(wait32(&s, end - 4, 1, 0, &r), TRAP_NONE);
	CHECK_EQ(r, 1);
	CHECK_EQ(wasm_memory_wait(&s.store, s.memory, end - 8, true, 1, 0, &r), TRAP_NONE);
	CHECK_EQ(notify(&s, end - 4, 1), 0);
	wasm_store_fini(&s.store);
}

TEST(only_a_shared_memory_can_be_waited_on)
{
	const struct wasm_memory_type type = {{1, 1, true}, false};
	struct wasm_store store;
	struct wasm_memory_instance *m;
	uint32_t r = 7;

	CHECK_EQ(wasm_store_init(&store, &(struct wasm_store_config){0}), E_OK);
	CHECK_EQ(wasm_memory_add(&store, &type, &m), E_OK);
	CHECK_EQ(wasm_memory_wait(&store, m, 0, false, 0, 0, &r), TRAP_EXPECTED_SHARED);
	CHECK_EQ(wasm_memory_wait(&store, m, 1, false, 0, 0, &r), TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(r, 7);
	CHECK_EQ(wasm_memory_notify(m, 0, 1, &r), TRAP_NONE);
	CHECK_EQ(r, 0);
	wasm_store_fini(&store);
}

TEST(another_value_is_not_waited_for)
{
	struct shared s;
	uint32_t r = 7;

	start(&s);
	memcpy(s.memory->base + 8, &(uint64_t){0x100000002}, 8);
	CHECK_EQ(wait32(&s, 8, 3, FOR_EVER, &r), TRAP_NONE);
	CHECK_EQ(r, 1);
	/* wait32 sees four bytes and the low half of what is expected, wait64 all eight */
	CHECK_EQ(wait32(&s, 8, 0x500000002, 0, &r), TRAP_NONE);
	CHECK_EQ(r, 2);
	r = 7;
	CHECK_EQ(wasm_memory_wait(&s.store, s.memory, 8, true, 2, FOR_EVER, &r), TRAP_NONE);
	CHECK_EQ(r, 1);
	CHECK_EQ(wasm_memory_wait(&s.store, s.memory, 8, true, 0x100000002, 0, &r), TRAP_NONE);
	CHECK_EQ(r, 2);
	wasm_store_fini(&s.store);
}

TEST(who_is_late_is_no_longer_in_the_list)
{
	struct shared s;
	uint32_t r = 7;

	start(&s);
	CHECK_EQ(wait32(&s, 8, 0, 2 * MS, &r), TRAP_NONE);
	CHECK_EQ(r, 2);
	CHECK(s.memory->waiters == NULL);
	CHECK_EQ(notify(&s, 8, UINT32_MAX), 0);
	/* a token that is left over does not count as woken */
	unpark(park_self());
	CHECK_EQ(wait32(&s, 8, 0, 2 * MS, &r), TRAP_NONE);
	CHECK_EQ(r, 2);
	wasm_store_fini(&s.store);
}

TEST(who_is_to_stop_does_not_wait)
{
	struct shared s;
	uint32_t r;

	start(&s);
	s.control.stop = TRAP_TIMEOUT;
	CHECK_EQ(wait32(&s, 8, 0, FOR_EVER, &r), TRAP_TIMEOUT);
	CHECK(s.memory->waiters == NULL);
	wasm_store_fini(&s.store);
}

/* ---- several threads ------------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	uint32_t number; /* 1 up: the main thread is 0 */
	struct shared *shared;
	uint32_t address;
	enum wasm_trap trap;
	uint32_t result;
	uint32_t done; /* atomic */
};

static void worker_start(struct worker *w, struct shared *s, uint32_t number, void *(*run)(void *))
{
	w->number = number;
	w->shared = s;
	CHECK_EQ(pthread_create(&w->thread, NULL, run, w), 0);
}

static void *wait_once(void *arg)
{
	struct worker *w = arg;

	park_enter(w->number);
	w->result = UINT32_MAX;
	w->trap = wait32(w->shared, w->address, 0, FOR_EVER, &w->result);
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void until_done(struct worker *w)
{
	while (!__atomic_load_n(&w->done, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void workers_join(struct worker *w, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		CHECK_EQ(pthread_join(w[i].thread, NULL), 0);
}

TEST(who_waited_longest_is_woken_first_and_only_at_its_address)
{
	struct worker w[THREADS] = {0};
	struct shared s;

	start(&s);
	for (uint32_t i = 0; i < THREADS; i++) {
		w[i].address = i == 1 ? 72 : 64;
		worker_start(&w[i], &s, THREADS - i, wait_once);
		until_waiting(&s, i + 1);
	}
	CHECK_EQ(notify(&s, 68, UINT32_MAX), 0);
	CHECK_EQ(notify(&s, 64, 0), 0);
	CHECK_EQ(notify(&s, 64, 1), 1);
	until_done(&w[0]);
	CHECK(!w[1].done && !w[2].done && !w[3].done);
	CHECK_EQ(waiting(&s), 3);
	CHECK_EQ(notify(&s, 64, 1), 1);
	until_done(&w[2]);
	CHECK_EQ(notify(&s, 64, 5), 1);
	CHECK_EQ(notify(&s, 64, 5), 0);
	CHECK_EQ(waiting(&s), 1);
	CHECK_EQ(notify(&s, 72, UINT32_MAX), 1);
	workers_join(w, THREADS);
	for (uint32_t i = 0; i < THREADS; i++) {
		CHECK_EQ(w[i].trap, TRAP_NONE);
		CHECK_EQ(w[i].result, 0);
	}
	wasm_store_fini(&s.store);
}

TEST(tokens_for_something_else_wake_nobody)
{
	struct worker w = {.address = 64};
	struct shared s;

	start(&s);
	worker_start(&w, &s, 1, wait_once);
	until_waiting(&s, 1);
	for (int i = 0; i < 100; i++) {
		unpark(1);
		wasm_memory_wake_all(s.memory);
		sched_yield();
	}
	CHECK_EQ(waiting(&s), 1);
	CHECK_EQ(notify(&s, 64, 1), 1);
	workers_join(&w, 1);
	CHECK_EQ(w.result, 0);
	wasm_store_fini(&s.store);
}

TEST(all_who_wait_can_be_stopped)
{
	struct worker w[THREADS] = {0};
	struct shared s;

	start(&s);
	for (uint32_t i = 0; i < THREADS; i++) {
		w[i].address = 64 + i * 8;
		worker_start(&w[i], &s, i + 1, wait_once);
	}
	/* some wait by now, some come later */
	until_waiting(&s, 2);
	__atomic_store_n(&s.control.stop, TRAP_INTERRUPTED, __ATOMIC_RELEASE);
	wasm_memory_wake_all(s.memory);
	workers_join(w, THREADS);
	for (uint32_t i = 0; i < THREADS; i++)
		CHECK_EQ(w[i].trap, TRAP_INTERRUPTED);
	CHECK(s.memory->waiters == NULL);
	wasm_store_fini(&s.store);
}

/* The lock of a C library on a futex: 0 free, 1 taken, 2 taken and waited for. */
static void guest_lock(struct shared *s)
{
	uint32_t *word = word_at(s, LOCK_AT), was = 0, r;

	if (__atomic_compare_exchange_n(word, &was, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_SEQ_CST) != 0)
		CHECK_EQ(wait32(s, LOCK_AT, 2, FOR_EVER, &r), TRAP_NONE);
}

static void guest_unlock(struct shared *s)
{
	if (__atomic_exchange_n(word_at(s, LOCK_AT), 0, __ATOMIC_SEQ_CST) == 2)
		(void)notify(s, LOCK_AT, 1);
}

static void *count_locked(void *arg)
{
	struct worker *w = arg;
	struct shared *s = w->shared;

	park_enter(w->number);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		guest_lock(s);
		uint32_t n = __atomic_load_n(word_at(s, COUNT_AT), __ATOMIC_RELAXED);

		if (i % 16 == 0)
			sched_yield();
		__atomic_store_n(word_at(s, COUNT_AT), n + 1, __ATOMIC_RELAXED);
		guest_unlock(s);
	}
	return NULL;
}

TEST(a_lock_on_wait_and_notify_excludes_and_loses_no_wake_up)
{
	struct worker w[THREADS] = {0};
	struct shared s;

	start(&s);
	for (uint32_t i = 0; i < THREADS; i++)
		worker_start(&w[i], &s, i + 1, count_locked);
	workers_join(w, THREADS);
	CHECK_EQ(*word_at(&s, COUNT_AT), THREADS * ROUNDS);
	CHECK(s.memory->waiters == NULL);
	wasm_store_fini(&s.store);
}

/* Every notify either wakes somebody or comes before a value that is not waited for. */
static void *take_turns(void *arg)
{
	struct worker *w = arg;
	uint32_t *word = word_at(w->shared, COUNT_AT), r;

	park_enter(w->number);
	for (uint32_t turn = w->number - 1; turn < 2 * ROUNDS; turn += 2) {
		uint32_t now;

		while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != turn)
			CHECK_EQ(wait32(w->shared, COUNT_AT, now, turn % 3 ? FOR_EVER : MS, &r),
				 TRAP_NONE);
		__atomic_store_n(word, turn + 1, __ATOMIC_SEQ_CST);
		(void)notify(w->shared, COUNT_AT, 1);
	}
	return NULL;
}

TEST(two_threads_take_turns)
{
	struct worker w[2] = {0};
	struct shared s;

	start(&s);
	worker_start(&w[0], &s, 1, take_turns);
	worker_start(&w[1], &s, 2, take_turns);
	workers_join(w, 2);
	CHECK_EQ(*word_at(&s, COUNT_AT), 2 * ROUNDS);
	wasm_store_fini(&s.store);
}

/* Grows while it can; each time the pages up to the size are there, and new ones are zero. */
static void *grow_all(void *arg)
{
	struct worker *w = arg;
	struct wasm_memory_instance *m = w->shared->memory;
	uint32_t old;

	park_enter(w->number);
	while ((old = wasm_memory_grow(m, 1)) != UINT32_MAX) {
		uint64_t size = wasm_memory_size(m);

		CHECK(size >= (old + 1) * (uint64_t)WASM_PAGE_SIZE);
		CHECK(size <= MAX_PAGES * (uint64_t)WASM_PAGE_SIZE);
		CHECK_EQ(*word_at(w->shared, old * WASM_PAGE_SIZE), 0);
		__atomic_store_n(word_at(w->shared, old * WASM_PAGE_SIZE), w->number,
				 __ATOMIC_RELAXED);
		(void)__atomic_load_n(word_at(w->shared, (uint32_t)size - 4), __ATOMIC_RELAXED);
		w->result++;
	}
	return NULL;
}

TEST(threads_that_grow_one_memory_get_a_page_each)
{
	struct worker w[THREADS] = {0};
	struct shared s;
	uint32_t pages = 0;

	start(&s);
	const uint8_t *base = s.memory->base;

	for (uint32_t i = 0; i < THREADS; i++)
		worker_start(&w[i], &s, i + 1, grow_all);
	workers_join(w, THREADS);
	for (uint32_t i = 0; i < THREADS; i++)
		pages += w[i].result;
	CHECK_EQ(pages, MAX_PAGES - 1);
	CHECK_EQ(wasm_memory_size(s.memory), MAX_PAGES * (uint64_t)WASM_PAGE_SIZE);
	CHECK_EQ(s.store.memory_pages, MAX_PAGES);
	CHECK(s.memory->base == base);
	wasm_store_fini(&s.store);
}

int main(void)
{
	(void)alarm(DEADLINE);
	RUN(wait_and_notify_check_their_address);
	RUN(only_a_shared_memory_can_be_waited_on);
	RUN(another_value_is_not_waited_for);
	RUN(who_is_late_is_no_longer_in_the_list);
	RUN(who_is_to_stop_does_not_wait);
	RUN(who_waited_longest_is_woken_first_and_only_at_its_address);
	RUN(tokens_for_something_else_wake_nobody);
	RUN(all_who_wait_can_be_stopped);
	RUN(a_lock_on_wait_and_notify_excludes_and_loses_no_wake_up);
	RUN(two_threads_take_turns);
	RUN(threads_that_grow_one_memory_get_a_page_each);
	return check_report();
}
