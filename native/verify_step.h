/*
 * One instruction of the verifier's machine, as far as it goes on to the next one: what it may touch, and what
 * is known after it.
 */
#ifndef NATIVE_VERIFY_STEP_H
#define NATIVE_VERIFY_STEP_H

#include "native/verify_state.h"

struct step {
	const struct verify_image *image;
	const struct x86_insn *insn;
	uint32_t next; /* in the image, after the instruction */
	struct state *s;
};

/* Where the read-only data begin, from the code. */
uint32_t image_rodata_at(const struct verify_image *image);

/* The word that a jump table's entry is. It lies inside the read-only data. */
int32_t image_word(const struct verify_image *image, int64_t at);

/* Reads operand i, and checks that it may be read. Of fewer than 8 bytes: zero-extended. */
MUST_USE enum verify_reason step_read(const struct step *t, unsigned i, struct value *v);

/* Any instruction but jumps, calls, returns and traps. */
MUST_USE enum verify_reason step_execute(const struct step *t);

#endif
