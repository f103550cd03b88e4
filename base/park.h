/*
 * Making a thread wait and waking it. Each thread has a number and a token, which is there or not:
 * park takes it and waits while it is not there; unpark puts it there and never waits. A token put
 * before park is taken at once, so a wake-up is never lost, and two that come before one park are
 * one. Who links the libraries supplies the implementation: enclave/park.c inside (host calls),
 * host/base/park.c outside.
 *
 * Use: make the condition that the other waits for true, then unpark it; who waits looks at its
 * condition in a loop around park. Everything before unpark is seen after the park that took its
 * token.
 */
#ifndef BASE_PARK_H
#define BASE_PARK_H

#include "base/cc.h"

/* Thread numbers are below this: a set of threads fits into 64 bits. */
#define PARK_THREADS_MAX 64

#define PARK_FOREVER UINT64_MAX

/* The calling thread's number. */
uint32_t park_self(void);

/*
 * Waits for the calling thread's token and takes it; false when timeout_ns passed first, so never
 * with PARK_FOREVER. May return true without any unpark. How long a nanosecond is, and whether the
 * wait ends at all, is in the surroundings' hands: inside the enclave in the host's.
 */
bool park(uint64_t timeout_ns);

/* Gives the token to a thread (below PARK_THREADS_MAX), which need not exist. */
void unpark(uint32_t thread);

#endif
