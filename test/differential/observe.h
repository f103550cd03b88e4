/*
 * What a module does, as text: it is instantiated, each exported function is called in order with
 * zeros, and all that comes of it is told. Imported functions tell their arguments and answer with
 * zeros. Freestanding: outside under sanitizers and inside the test image.
 */
#ifndef TEST_DIFFERENTIAL_OBSERVE_H
#define TEST_DIFFERENTIAL_OBSERVE_H

#include "test/engine/engine.h"

struct observe_options {
	uint64_t fuel; /* of each call; 0: unlimited */
	/*
	 * For two engines of ours: traps by their own names, what is left of the fuel after each call,
	 * all memories, tables and globals at the end. Otherwise what every engine tells alike, as
	 * test/differential/canonical.mjs does for V8.
	 */
	bool exact;
};

struct observe_out {
	void (*write)(void *env, const char *p, size_t size);
	void *env;
};

/* The module is untrusted. Errors, told too: E_NOMEM. */
MUST_USE enum err observe_module(const uint8_t *bytes, size_t size,
				 const struct engine_config *engine,
				 const struct observe_options *options,
				 const struct observe_out *out);

/* The name of an error, without its E_. */
const char *observe_err_name(enum err err);

#endif
