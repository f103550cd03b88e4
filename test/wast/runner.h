/*
 * Executes a script (script.h): decodes, validates and instantiates its modules, calls, compares.
 * Freestanding: the same code runs natively under sanitizers and inside an enclave image of its
 * own.
 */
#ifndef TEST_WAST_RUNNER_H
#define TEST_WAST_RUNNER_H

#include "test/engine/engine.h"

/* Why a command is not run. All but the first: a module asks for a feature that Retwine refuses by
 * name, or a command depends on such a module. */
enum wast_skip {
	WAST_SKIP_NONE,
	WAST_SKIP_TEXT,
	WAST_SKIP_GC,
	WAST_SKIP_MEMORY64, /* or 64-bit tables */
	WAST_SKIP_COUNT
};

struct wast_counts {
	uint32_t passed;
	uint32_t failed;
	uint32_t skipped;
	uint32_t skipped_for[WAST_SKIP_COUNT];
	uint32_t lifted; /* of passed: modules that an earlier version held for invalid */
};

/* What the runner needs of its surroundings; outlives the run. */
struct wast_host {
	/* Takes one line of text for people, without a newline. Any thread. */
	void (*print)(void *env, const char *line, size_t len);
	/* Starts a thread on which wast_thread_run(*thread) is called, perhaps before this returns;
	 * its number is below PARK_THREADS_MAX and is park_self() there. NULL: there are none. */
	enum err (*thread_start)(void *env, uint32_t *thread);
	void *env;
	struct engine_config engine;
	bool failures_only; /* are printed */
};

/*
 * Runs every command. A failure is a line `FILE:LINE: ...` and counts; then come, if wanted, a line
 * `N skipped: REASON` for each reason, `N turned around: REASON`, and `N passed, N failed,
 * N skipped`. The script is untrusted.
 * Errors, with counts so far: E_MALFORMED (of the script), E_NOMEM.
 */
MUST_USE enum err wast_run(const void *script, size_t size, const struct wast_host *host,
			   struct wast_counts *counts);

/* Runs what a script gave the thread to do; false: nothing. */
bool wast_thread_run(uint32_t thread);

#endif
