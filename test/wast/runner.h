/*
 * Executes a script (script.h): decodes, validates and instantiates its modules, calls, compares.
 * Freestanding: the same code runs natively under sanitizers and inside an enclave image of its
 * own.
 */
#ifndef TEST_WAST_RUNNER_H
#define TEST_WAST_RUNNER_H

#include "base/err.h"

struct wast_counts {
	uint32_t passed;
	uint32_t failed;
	uint32_t skipped;
};

/* Takes one line of text for people, without a newline. */
typedef void wast_output(void *env, const char *line, size_t len);

/*
 * Runs every command. A failure is a line `FILE:LINE: ...` and counts; the last line is
 * `N passed, N failed, N skipped`. The script is untrusted. Errors, with counts so far: E_MALFORMED
 * (of the script), E_NOMEM.
 */
MUST_USE enum err wast_run(const void *script, size_t size, wast_output *output, void *env,
			   struct wast_counts *counts);

#endif
