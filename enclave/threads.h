/*
 * The lives of the program's further threads: asked for by the program, entered by the host, over.
 * Thread 0 runs program_run; the last thread block is the host's for ENTER_INTERRUPT.
 */
#ifndef ENCLAVE_THREADS_H
#define ENCLAVE_THREADS_H

#include "base/cc.h"

/* ENTER_THREAD on this thread: true once for each time that the program asked for it. */
MUST_USE bool threads_enter(uint64_t thread);

/* What it was asked for is over; the program may ask for it again. */
void threads_leave(uint64_t thread);

#endif
