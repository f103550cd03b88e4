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

/* Result of guest_call: bit 63 and an enum wasm_trap where a trap ended the guest code. */
#define GUEST_TRAPPED ((uint64_t)1 << 63)

/* Runs guest code (entry.S). */
uint64_t guest_call(uint64_t code, uint64_t stack_top, const uint64_t args[6]);

#endif
