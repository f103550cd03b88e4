/*
 * The exception entry (CSSA 1): turns faults of guest code into Wasm traps, a fault of the
 * host-copy routine into a failed copy, and everything else into the end of the enclave.
 */
#ifndef ENCLAVE_EXCEPTION_H
#define ENCLAVE_EXCEPTION_H

#include "base/cc.h"

struct thread_block;

/* Called by entry.S on the exception stack. Returns EXIT_HANDLED (resume the thread), or panics. */
uint64_t exception_enter(struct thread_block *thread);

#endif
