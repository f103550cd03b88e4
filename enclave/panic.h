/* The end of an enclave whose invariant broke: no entry does anything after it. */
#ifndef ENCLAVE_PANIC_H
#define ENCLAVE_PANIC_H

#include "base/cc.h"

/* Has a panic happened, on any thread? */
bool enclave_is_dead(void);

/* Marks the enclave dead and leaves it for good (entry.S). */
NORETURN void enclave_die(void);

#endif
