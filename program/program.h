/*
 * From a launch record and a module to an exit status: the one place where launch, wasm, the
 * engines, wasi and platform meet. Knows no enclave; builds natively for the tests.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"

struct wasi_streams;
struct wasi_given;

/* All in memory that nobody else can change; untrusted in content. */
struct program_input {
	const uint8_t *launch_record;
	size_t launch_size;
	const uint8_t *module;
	size_t module_size;

	/* Of a delivery: its program gets nothing of the host. Zeros otherwise. */
	bool delivered;
	const struct wasi_streams *streams; /* NULL: the host's */
	const struct wasi_given *files;	    /* into its mounts in memory */
	size_t file_count;
	const struct wasi_given *keys; /* of its mount of attestation */
	size_t key_count;
};

struct program_frame {
	uint32_t func;	  /* function index */
	uint32_t offset;  /* in the module's bytes */
	const char *name; /* in the module's bytes, not terminated; NULL without one */
	uint32_t name_size;
};

/* How it ended. Names point into the module of the input. */
struct program_outcome {
	enum run_kind kind;
	uint32_t code; /* exit status, enum wasm_trap or enum err, by kind */
	uint64_t detail[2];
	uint32_t frame_count;
	struct program_frame frame[RUN_FRAMES_MAX];
	uint32_t value_count; /* results of an invoked function */
	struct run_value value[RUN_VALUES_MAX];
	uint32_t text_size;
	char text[2 * RUN_NAME_MAX]; /* the name that an error speaks of */
	uint32_t volume_count;
	struct run_volume volume[RUN_VOLUMES_MAX];
};

/* Most bytes of an outcome, encoded. */
#define PROGRAM_RESULT_MAX                                                                         \
	(sizeof(struct run_result) + RUN_FRAMES_MAX * (sizeof(struct run_frame) + RUN_NAME_MAX) +  \
	 RUN_VALUES_MAX * sizeof(struct run_value) + (size_t)2 * RUN_NAME_MAX +                    \
	 RUN_VOLUMES_MAX * sizeof(struct run_volume))

/* The outcome as struct run_result and, right behind it, its data (boundary/abi.h). Returns the size. */
size_t program_result_encode(uint8_t out[PROGRAM_RESULT_MAX],
			     const struct program_outcome *outcome);

/*
 * Checks the record against the platform's launch binding and the module against the record, then
 * runs the program to its end. Always fills *out. Nothing of the program runs, and no host call
 * about its files is made, before every check has passed.
 */
void program_run(const struct program_input *in, struct program_outcome *out);

/*
 * Runs what the program gave thread `thread` (1 .. PROGRAM_THREADS_MAX - 1) to do, to its end. Called on
 * the new thread after program_thread_start asked for it, perhaps before that call has returned;
 * then the number may be asked for again.
 */
void program_thread_run(uint32_t thread);

/*
 * Ends the program by its timeout or its owner's wish: sets what its threads look at and wakes those
 * that are parked (unpark). Comes at any time while program_run or program_thread_run is on its way,
 * on a thread that is none of the program's; does nothing when no program runs. The host's word.
 */
void program_interrupt(void);

/* Threads that a program can have at once, the first included: numbers 0 .. PROGRAM_THREADS_MAX - 1. */
#define PROGRAM_THREADS_MAX 7

/*
 * Asks for one more thread: *thread is its number, on which program_thread_run will be called.
 * E_LIMIT when none is left, also when the host has none; first it gives threads that are on their way
 * out of program_thread_run some time. With an error it never comes. What the new thread needs is
 * put in place under a mutex that is held over this call and taken first by program_thread_run.
 * Supplied by the surroundings (enclave/threads.c inside).
 */
MUST_USE enum err program_thread_start(uint32_t *thread);

struct wasm_memory_ops;

/* Where the program's memories stand: supplied by the surroundings (the guest window inside). */
const struct wasm_memory_ops *program_memory_ops(void);

#endif
