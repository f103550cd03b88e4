/*
 * From a launch record and a module to an exit status: the one place where launch, wasm, interp,
 * wasi and platform meet. Knows no enclave; builds natively for the tests.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"

/* Both in memory that nobody else can change; untrusted in content. */
struct program_input {
	const uint8_t *launch_record;
	size_t launch_size;
	const uint8_t *module;
	size_t module_size;
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
};

/*
 * Checks the record against the platform's launch binding and the module against the record, then
 * runs the program to its end. Always fills *out. Nothing of the program runs, and no host call
 * about its files is made, before every check has passed.
 */
void program_run(const struct program_input *in, struct program_outcome *out);

struct wasm_memory_ops;

/* Where the program's memories stand: supplied by the surroundings (the guest window inside). */
const struct wasm_memory_ops *program_memory_ops(void);

#endif
