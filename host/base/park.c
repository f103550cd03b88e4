/*
 * Parking by futex.
 * Trust: nothing from outside the process.
 * Invariant: `there` is 0 or 1; only park_token_take makes it 0.
 */
#include "host/base/park.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define NS_PER_SECOND 1000000000u

static struct park_token g_tokens[PARK_THREADS_MAX];
static _Thread_local uint32_t g_self;

static long park_futex(struct park_token *token, int op, uint32_t value, const struct timespec *t)
{
	return syscall(SYS_futex, &token->there, op | FUTEX_PRIVATE_FLAG, value, t, NULL, 0);
}

bool park_token_take(struct park_token *token, uint64_t timeout_ns)
{
	const struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_SECOND),
				       .tv_nsec = (long)(timeout_ns % NS_PER_SECOND)};
	long result;

	if (atomic_exchange(&token->there, 0) != 0)
		return true;
	result = park_futex(token, FUTEX_WAIT, 0, timeout_ns == PARK_FOREVER ? NULL : &limit);
	const bool passed = result == -1 && errno == ETIMEDOUT;

	return atomic_exchange(&token->there, 0) != 0 || !passed;
}

void park_token_give(struct park_token *token)
{
	const int saved = errno;

	if (atomic_exchange(&token->there, 1) == 0)
		park_futex(token, FUTEX_WAKE, 1, NULL);
	errno = saved;
}

void park_enter(uint32_t thread)
{
	must(thread < PARK_THREADS_MAX);
	g_self = thread;
}

uint32_t park_self(void)
{
	return g_self;
}

bool park(uint64_t timeout_ns)
{
	return park_token_take(&g_tokens[g_self], timeout_ns);
}

void unpark(uint32_t thread)
{
	must(thread < PARK_THREADS_MAX);
	park_token_give(&g_tokens[thread]);
}
