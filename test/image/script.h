/* What the test image runs in place of a program: test scripts, and modules to be observed. */
#ifndef TEST_IMAGE_SCRIPT_H
#define TEST_IMAGE_SCRIPT_H

#include <assert.h>

#include "program/program.h"

enum script_kind {
	SCRIPT_WAST,	/* test/wast/script.h */
	SCRIPT_OBSERVE, /* a module: test/differential/observe.h */
};

/* Bits. */
#define SCRIPT_NATIVE 0x1u /* by native code; else by the interpreter */
#define SCRIPT_HEAP   0x2u /* memories are on the heap, none is in the window */
#define SCRIPT_EXACT  0x4u /* struct observe_options */

/*
 * Stands in place of the launch record. In place of the module stand `size` bytes of script or module,
 * then the sections of native code (struct engine_config).
 */
struct script_request {
	uint32_t kind; /* enum script_kind */
	uint32_t flags;
	uint64_t size;
	uint64_t fuel;	 /* SCRIPT_OBSERVE */
	uint64_t window; /* which memory is in the window, counted from 0 as they are made; a script
			  * prints nothing but failures when that is not 0 */
};
static_assert(sizeof(struct script_request) == 32, "script request");

/* Text goes to standard output. Of a script: the counts into detail (passed << 32 | failed, memories made
 * << 32 | skipped), and the exit status is 1 when one failed. */
void script_run(const struct program_input *in, struct program_outcome *out);

/* program_thread_run for a thread of a script; false: no script asked for it. */
bool script_run_thread(uint32_t thread);

#endif
