/* The script runner as a program of the test image. */
#ifndef TEST_IMAGE_SCRIPT_H
#define TEST_IMAGE_SCRIPT_H

#include "program/program.h"

/* Runs the script that stands in place of the module; text goes to standard output, the counts into
 * detail (passed << 32 | failed, skipped) and the exit status is 1 when one failed. */
void script_run(const struct program_input *in, struct program_outcome *out);

/* program_thread_run for a thread of a script; false: no script asked for it. */
bool script_run_thread(uint32_t thread);

#endif
