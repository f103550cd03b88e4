/*
 * Who may enter with ENTER_THREAD.
 * Trust: the host enters when it likes, twice, or never; what it answers to THREAD_START is its word.
 * Invariant: LIFE_FREE -> LIFE_ASKED by the program, LIFE_ASKED -> LIFE_RUNNING by the thread itself,
 * LIFE_RUNNING -> LIFE_FREE by it again; each step is one compare-and-exchange, so that of two who
 * try only one does it.
 */
#include "enclave/threads.h"

#include <stdatomic.h>

#include "base/err.h"
#include "enclave/layout.h"
#include "hostcall/hostcall.h"
#include "program/program.h"

static_assert(PROGRAM_THREADS_MAX == LAYOUT_THREAD_COUNT - 1, "one is kept for ENTER_INTERRUPT");

#define LEAVE_TRIES 200 /* host calls, while no number is free */

enum life {
	LIFE_FREE,
	LIFE_ASKED,
	LIFE_RUNNING,
};

static _Atomic uint32_t g_life[PROGRAM_THREADS_MAX]; /* enum life; [0] is not in use */

static bool life_change(uint64_t thread, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&g_life[thread], &from, to);
}

bool threads_enter(uint64_t thread)
{
	return thread >= 1 && thread < PROGRAM_THREADS_MAX &&
	       life_change(thread, LIFE_ASKED, LIFE_RUNNING);
}

void threads_leave(uint64_t thread)
{
	must(life_change(thread, LIFE_RUNNING, LIFE_FREE));
}

/* A host that says no and enters all the same has started it. (The thread cannot be through and
 * asked for anew by now: program.h has the caller hold a mutex that it needs.) */
static enum err threads_ask(uint32_t thread)
{
	if (hostcall_thread_start(thread) == HOST_SUCCESS)
		return E_OK;
	return life_change(thread, LIFE_ASKED, LIFE_FREE) ? E_LIMIT : E_OK;
}

/* Takes a number that is free, or 0. */
static uint32_t threads_take(void)
{
	for (uint32_t i = 1; i < PROGRAM_THREADS_MAX; i++) {
		if (life_change(i, LIFE_FREE, LIFE_ASKED))
			return i;
	}
	return 0;
}

enum err program_thread_start(uint32_t *thread)
{
	uint32_t taken = threads_take();

	/* One that the program no longer counts may be on its way out. */
	for (uint32_t i = 0; taken == 0 && i < LEAVE_TRIES; i++) {
		(void)hostcall_yield();
		taken = threads_take();
	}
	enum err err = taken == 0 ? E_LIMIT : threads_ask(taken);

	if (err == E_OK)
		*thread = taken;
	return err;
}
