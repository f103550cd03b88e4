/*
 * The program of the test image when it has threads: what they do at once, and how they end.
 * Supplies program_thread_run and program_interrupt (program/program.h).
 */
#include "test/image/probe_threads.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/mutex.h"
#include "base/park.h"
#include "enclave/layout.h"
#include "enclave/memory.h"
#include "enclave/thread.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"
#include "program/program.h"
#include "test/image/guest.h"
#include "test/image/probe.h"
#include "test/image/script.h"

GUEST(guest_load);

#define WINDOW_WORD 0x5257494e444f5721ull /* stands at the start of the window */
#define MS	    1000000u

static struct {
	struct mutex mutex; /* held over each start, as program.h asks */
	struct {
		uint64_t (*run)(uint64_t a);
		uint64_t a;
	} work[PROGRAM_THREADS_MAX]; /* under the mutex */
	_Atomic uint32_t started;
	_Atomic uint32_t over;
	_Atomic uint64_t sum; /* of what they returned */
	uint64_t guest_entry;
	_Atomic uint32_t interrupted;
	_Atomic uint32_t turn; /* of the ping-pong */
	_Atomic uint32_t inside;
	uint64_t count; /* under `mutex2` */
	struct mutex mutex2;
} g;

void program_thread_run(uint32_t thread)
{
	uint64_t (*run)(uint64_t);
	uint64_t a;

	must(thread == thread_index(thread_self()) && thread == park_self());
	if (script_run_thread(thread))
		return;
	mutex_lock(&g.mutex);
	run = g.work[thread].run;
	a = g.work[thread].a;
	mutex_unlock(&g.mutex);
	atomic_fetch_add(&g.sum, run(a));
	atomic_fetch_add(&g.over, 1);
	unpark(0);
}

void program_interrupt(void)
{
	must(thread_index(thread_self()) == LAYOUT_THREAD_COUNT - 1);
	atomic_fetch_add(&g.interrupted, 1);
	(void)hostcall_interrupt(true);
	for (uint32_t i = 0; i < PROGRAM_THREADS_MAX; i++)
		unpark(i);
}

static bool start_one(uint64_t (*run)(uint64_t), uint64_t a)
{
	uint32_t thread = 0;

	mutex_lock(&g.mutex);
	enum err err = program_thread_start(&thread);

	if (err == E_OK) {
		g.work[thread].run = run;
		g.work[thread].a = a;
		atomic_fetch_add(&g.started, 1);
	}
	mutex_unlock(&g.mutex);
	must(err == E_OK ? thread >= 1 && thread < PROGRAM_THREADS_MAX : err == E_LIMIT);
	return err == E_OK;
}

static void wait_for_all(void)
{
	while (atomic_load(&g.over) != atomic_load(&g.started))
		(void)park(PARK_FOREVER);
}

/* `count` further threads run it, and this one. The sum of all. */
static uint64_t run_beside(uint64_t count, uint64_t (*run)(uint64_t), uint64_t a)
{
	for (uint64_t i = 0; i < count; i++)
		must(start_one(run, a));
	uint64_t own = run(a);

	wait_for_all();
	return own + atomic_load(&g.sum);
}

/* ---- at once -------------------------------------------------------------------------------- */

static bool traps_and_loads(void)
{
	return (guest_enter(g.guest_entry, LAYOUT_MEMORY_MAX, 0) & GUEST_TRAPPED) &&
	       guest_enter(g.guest_entry, 0, 0) == WINDOW_WORD;
}

static bool heap_holds(uint64_t round)
{
	const size_t size = 24 + (size_t)(round * 37 % 3000) + (round % 64 == 0 ? 300000 : 0);
	uint8_t *p = heap_alloc(size);
	bool ok = p != NULL;

	for (size_t i = 0; i < size && ok; i++)
		ok = p[i] == 0;
	if (p) {
		memset(p, (int)park_self() + 1, size);
		ok = ok && hostcall_yield() == HOST_SUCCESS && p[size - 1] == park_self() + 1;
	}
	heap_free(p);
	return ok;
}

/* Traps, heap, randomness and host calls, each of which all threads do at the same time. */
static uint64_t work(uint64_t rounds)
{
	uint8_t random[32] = {0};
	uint64_t ok = 0;

	for (uint64_t i = 0; i < rounds; i++)
		ok += traps_and_loads() && heap_holds(i) &&
		      platform_random(random, sizeof(random)) == E_OK;
	return ok;
}

static uint64_t probe_work(uint64_t a)
{
	must(memory_grow(MEMORY_WINDOW, 65536) == E_OK);
	*(uint64_t *)(void *)memory_base(MEMORY_WINDOW) = WINDOW_WORD;
	g.guest_entry = guest_place(guest_load, guest_load_end);
	return run_beside(PROGRAM_THREADS_MAX - 1, work, a);
}

static uint64_t count_up(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		mutex_lock(&g.mutex2);
		g.count++;
		if (i % 512 == 0) /* so that the others come to sleep */
			(void)hostcall_yield();
		mutex_unlock(&g.mutex2);
	}
	return 0;
}

static uint64_t probe_mutex(uint64_t a)
{
	return run_beside(PROGRAM_THREADS_MAX - 1, count_up, a) + g.count;
}

/* Threads 0 and 1 take turns. */
static uint64_t ping_pong(uint64_t rounds)
{
	const uint32_t self = park_self();

	for (uint64_t i = 0; i < rounds; i++) {
		while (atomic_load(&g.turn) != self)
			(void)park(PARK_FOREVER);
		atomic_store(&g.turn, 1 - self);
		unpark(1 - self);
	}
	return rounds;
}

static uint64_t now(void)
{
	uint64_t ns = 0;

	must(hostcall_clock(HOST_CLOCK_MONOTONIC, &ns) == HOST_SUCCESS);
	return ns;
}

/* A token before park is taken at once; without one the time passes. */
static uint64_t probe_park(uint64_t a)
{
	uint64_t start = now(), wrong = 0;

	unpark(0);
	unpark(0);
	wrong += !park(PARK_FOREVER);
	wrong += park(a * MS);
	wrong += now() - start < a * MS;
	unpark(PARK_THREADS_MAX - 1); /* nobody */
	return wrong;
}

/* ---- numbers and limits --------------------------------------------------------------------- */

static uint64_t wait_for_turn(uint64_t turn)
{
	while (atomic_load(&g.turn) != turn)
		(void)park(PARK_FOREVER);
	return 1;
}

static void all_take_turn(uint32_t turn)
{
	atomic_store(&g.turn, turn);
	for (uint32_t i = 0; i < PROGRAM_THREADS_MAX; i++)
		unpark(i);
}

/* As many as there are; then they end. Results: how many, and how many the second time. */
static uint64_t probe_limit(void)
{
	uint64_t first = 0, second = 0;

	while (start_one(wait_for_turn, 1))
		first++;
	all_take_turn(1);
	wait_for_all();
	for (uint64_t end = now() + 20 * MS; now() < end;) /* the last ones are on their way out */
		(void)park(MS);
	while (start_one(wait_for_turn, 2))
		second++;
	all_take_turn(2);
	wait_for_all();
	return first << 8 | second;
}

static uint64_t one(uint64_t a)
{
	(void)a;
	return 1;
}

static uint64_t probe_reuse(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		must(start_one(one, 0));
		wait_for_all();
	}
	return atomic_load(&g.sum);
}

/* ---- ends ----------------------------------------------------------------------------------- */

static uint64_t compute_forever(uint64_t a)
{
	atomic_fetch_add(&g.inside, 1);
	for (volatile uint64_t x = a;; x++)
		;
}

static uint64_t sleep_forever(uint64_t a)
{
	(void)a;
	atomic_fetch_add(&g.inside, 1);
	for (;;)
		(void)hostcall_poll(NULL, 0, HOST_POLL_FOREVER);
}

static uint64_t read_forever(uint64_t a)
{
	uint8_t byte;
	size_t done;

	(void)a;
	atomic_fetch_add(&g.inside, 1);
	for (;;)
		(void)hostcall_read(HOST_HANDLE_STDIN, &byte, 1, &done);
}

/* Ends only if the time is said to be over that there is none of. */
static uint64_t park_forever(uint64_t a)
{
	(void)a;
	atomic_fetch_add(&g.inside, 1);
	while (park(PARK_FOREVER))
		;
	return 3;
}

static uint64_t call_forever(uint64_t a)
{
	(void)a;
	atomic_fetch_add(&g.inside, 1);
	for (;;)
		(void)hostcall_yield();
}

static uint64_t die(uint64_t how)
{
	if (how == 0)
		panic(__FILE__, __LINE__);
	return *(volatile uint64_t *)(uintptr_t)((uint64_t)memory_base(MEMORY_WINDOW) +
						 LAYOUT_MEMORY_MAX);
}

/* All kinds of threads that do not end, side by side. */
static void start_forever(void)
{
	static uint64_t (*const run[])(uint64_t) = {compute_forever, sleep_forever, read_forever,
						    park_forever, call_forever};

	for (uint32_t i = 0; i < COUNT_OF(run); i++)
		must(start_one(run[i], i));
	while (atomic_load(&g.inside) != COUNT_OF(run))
		(void)hostcall_yield();
}

static uint64_t probe_left_behind(uint64_t a)
{
	start_forever();
	if (a == 0)
		return 1;
	must(start_one(die, a - 1));
	return a % 2 == 0 ? compute_forever(0) : park_forever(0);
}

static uint64_t until_interrupted(uint64_t a)
{
	uint64_t x = a;

	while (atomic_load(&g.interrupted) == 0)
		x = x * 3 + 1;
	return x != 0 || a == 0;
}

static uint64_t park_until_interrupted(uint64_t a)
{
	(void)a;
	while (atomic_load(&g.interrupted) == 0)
		(void)park(PARK_FOREVER);
	return 1;
}

/* A wait of the host's that ends with HOST_INTR. */
static uint64_t sleep_until_interrupted(uint64_t a)
{
	enum host_errno error = HOST_SUCCESS;

	(void)a;
	while (error == HOST_SUCCESS)
		error = hostcall_poll(NULL, 0, HOST_POLL_FOREVER);
	return error == HOST_INTR;
}

/* How many threads came to an end by it, and how often program_interrupt was called. */
static uint64_t probe_interrupted(void)
{
	size_t done;

	must(start_one(park_until_interrupted, 0));
	must(start_one(sleep_until_interrupted, 0));
	must(start_one(until_interrupted, 1));
	uint64_t own = sleep_until_interrupted(0);

	wait_for_all();
	must(hostcall_interrupt(false) == HOST_SUCCESS);
	/* waits again, for a millisecond */
	own += hostcall_poll(NULL, 0, MS) == HOST_SUCCESS;
	own += hostcall_write(HOST_HANDLE_STDOUT, "", 0, &done) == HOST_SUCCESS;
	return (own + atomic_load(&g.sum)) << 8 | atomic_load(&g.interrupted);
}

/* The program ends by itself, on another thread than the first. */
static uint64_t end_from_here(uint64_t a)
{
	while (atomic_load(&g.inside) != a)
		(void)hostcall_yield();
	atomic_store(&g.interrupted, 1);
	for (uint32_t i = 0; i < PROGRAM_THREADS_MAX; i++)
		unpark(i);
	return hostcall_interrupt(true) == HOST_SUCCESS;
}

static uint64_t sleep_beside(uint64_t a)
{
	atomic_fetch_add(&g.inside, 1);
	return sleep_until_interrupted(a);
}

static uint64_t probe_end(void)
{
	must(start_one(sleep_beside, 0));
	must(start_one(end_from_here, 2));
	uint64_t own = sleep_beside(0);

	wait_for_all();
	return own + atomic_load(&g.sum);
}

static uint64_t probe_ask(uint64_t a)
{
	if (start_one(one, a))
		return park_forever(0);
	(void)hostcall_yield();
	return 2;
}

/* Past the enclave's own bookkeeping: a thread that comes is refused. */
static uint64_t probe_ask_host(uint64_t thread)
{
	return (uint64_t)hostcall_thread_start((uint32_t)thread);
}

static uint64_t spin_beside(uint64_t rounds)
{
	uint64_t x = 88172645463325252u;

	for (uint64_t i = 0; i < rounds * 1000000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

uint64_t probe_threads(uint64_t probe, uint64_t a)
{
	switch (probe) {
	case PROBE_THREADS_WORK:
		return probe_work(a);
	case PROBE_THREADS_MUTEX:
		return probe_mutex(a);
	case PROBE_THREADS_PING_PONG:
		return run_beside(1, ping_pong, a);
	case PROBE_THREADS_PARK:
		return probe_park(a);
	case PROBE_THREADS_LIMIT:
		return probe_limit();
	case PROBE_THREADS_REUSE:
		return probe_reuse(a);
	case PROBE_THREADS_LEFT_BEHIND:
		return probe_left_behind(a);
	case PROBE_THREADS_INTERRUPTED:
		return probe_interrupted();
	case PROBE_THREADS_END:
		return probe_end();
	case PROBE_THREADS_FOREVER:
		start_forever();
		return compute_forever(0);
	case PROBE_THREADS_ASK:
		return probe_ask(a);
	case PROBE_THREADS_ASK_HOST:
		return probe_ask_host(a);
	default:
		return run_beside(PROGRAM_THREADS_MAX - 1, spin_beside, a);
	}
}
