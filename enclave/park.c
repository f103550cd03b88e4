/*
 * Parking inside the enclave: the token is the enclave's own, the host only lets the thread sleep.
 * Trust: that the host woke a thread, or that time passed, is its word; a wake-up without a token
 * is one that base/park.h allows.
 * Invariant: a token is TOKEN_WAITED_FOR only between a thread's own look at it and its next; whoever
 * replaces that with TOKEN_THERE asks the host to wake the thread.
 */
#include "base/park.h"

#include <stdatomic.h>

#include "base/err.h"
#include "enclave/layout.h"
#include "enclave/thread.h"
#include "hostcall/hostcall.h"

static_assert(LAYOUT_THREAD_COUNT <= PARK_THREADS_MAX, "thread numbers");
static_assert(PARK_FOREVER == HOST_PARK_FOREVER, "for ever");

enum token {
	TOKEN_NONE,
	TOKEN_THERE,
	TOKEN_WAITED_FOR,
};

static _Atomic uint32_t g_token[LAYOUT_THREAD_COUNT]; /* enum token */

uint32_t park_self(void)
{
	return (uint32_t)thread_index(thread_self());
}

bool park(uint64_t timeout_ns)
{
	_Atomic uint32_t *token = &g_token[park_self()];
	uint32_t none = TOKEN_NONE;
	bool passed = false;

	if (!atomic_compare_exchange_strong(token, &none, TOKEN_WAITED_FOR)) {
		atomic_exchange(token, TOKEN_NONE);
		return true;
	}
	if (hostcall_park(timeout_ns, &passed) != HOST_SUCCESS)
		passed = false;
	return atomic_exchange(token, TOKEN_NONE) == TOKEN_THERE || !passed;
}

void unpark(uint32_t thread)
{
	must(thread < PARK_THREADS_MAX);
	if (thread >= LAYOUT_THREAD_COUNT)
		return;
	if (atomic_exchange(&g_token[thread], TOKEN_THERE) != TOKEN_WAITED_FOR)
		return;
	/* A host that does not wake it stops it, which it may do at any time. */
	(void)hostcall_unpark(thread);
}
