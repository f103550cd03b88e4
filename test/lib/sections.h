/*
 * What the test image is given besides a script or a module: sections of native code (struct
 * engine_config), and how tests get them from the compiler.
 */
#ifndef TEST_LIB_SECTIONS_H
#define TEST_LIB_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer; p is freed by the caller. Without memory the program ends. */
struct sections {
	uint8_t *p;
	size_t size;
	size_t capacity;
};

void sections_append(struct sections *s, const void *p, size_t size);

/* A payload after its size. */
void sections_add(struct sections *s, const uint8_t *payload, size_t size);

#define SECTIONS_MORE_MAX 8

struct sections_options {
	const char *compiler;		     /* the command retwine-compile */
	const char *level;		     /* "0" .. "3" */
	const char *more[SECTIONS_MORE_MAX]; /* further words for the compiler */
	unsigned more_count;
};

/*
 * Compiles every module in a script (test/wast/script.h), for memory 0 in the window and elsewhere, and
 * adds the sections. A module that the compiler refuses has none. False, with a message on standard
 * error: the compiler could not be run, or died.
 */
bool sections_compile_script(struct sections *out, const uint8_t *script, size_t size,
			     const struct sections_options *options);

#endif
