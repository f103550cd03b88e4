/*
 * What program/ needs of its surroundings, outside of an enclave: threads of the process, memories on
 * the heap, the host-call service; and a host that plays tricks with threads.
 */
#ifndef TEST_LIB_NATIVE_PROGRAM_H
#define TEST_LIB_NATIVE_PROGRAM_H

#include "launch/launch.h"
#include "program/program.h"

enum native_threads {
	NATIVE_THREADS_COME,
	NATIVE_THREADS_REFUSED, /* the host has none */
	NATIVE_THREADS_NEVER,	/* it says yes and does not enter */
	NATIVE_THREADS_LATE,	/* it enters at native_threads_release */
};

void native_threads_use(enum native_threads how);

/* Lets those come that are late, and waits until all have left program_thread_run. */
void native_threads_release(void);

/* While a program runs, its allocation after n more successful ones fails, and all that follow; -1
 * switches that off. And did that happen to the last one, or would it have next? */
void native_program_fail_at(long n);
bool native_program_failed(void);

#define NATIVE_RECORD_MAX 65536

/* The record as bytes, with the digests of this module filled in: how many, and the launch digest. */
size_t native_program_encode(uint8_t out[NATIVE_RECORD_MAX], uint8_t launch_digest[32],
			     struct launch_record *record, const uint8_t *module, size_t size);

/*
 * Runs a program with the real host-call service on these streams, on a machine that was started for it
 * (test/lib/machine.h). The record's digests are filled in here. Who links this supplies
 * platform_random.
 */
void native_program_run(struct launch_record *record, const uint8_t *module, size_t size,
			const int streams[3], struct program_outcome *out);

#endif
