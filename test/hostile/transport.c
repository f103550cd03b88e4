/*
 * The enclave's own transport (enclave/transport.c), outside of an enclave: its host memory is the slot of
 * test/hostile/host.c, and its thread this one.
 */
#include <stdint.h>

/* In the place of enclave/thread.h, whose block only an enclave has. */
#define ENCLAVE_THREAD_H

struct thread_block {
	uint32_t call_seq;
};

static struct thread_block *thread_self(void)
{
	static struct thread_block t;

	return &t;
}

#include "enclave/transport.c"
