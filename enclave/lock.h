/* A spin lock. The host may stop a thread that holds one: liveness is the host's anyway. */
#ifndef ENCLAVE_LOCK_H
#define ENCLAVE_LOCK_H

#include "base/cc.h"

struct lock {
	uint32_t held;
};

static inline void lock_take(struct lock *l)
{
	while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static inline void lock_release(struct lock *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

#endif
