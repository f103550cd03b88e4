/*
 * Instructions that compute: which op does each, and which do two at once.
 */
#ifndef INTERP_FUSE_H
#define INTERP_FUSE_H

#include "interp/emit.h"
#include "wasm/code.h"

/* Translates a numeric instruction, a load, a store, or a select; false: it is something else. */
MUST_USE bool fuse_insn(struct emitter *e, const struct wasm_insn *insn);

/* Appends a jump that is taken if x is not zero (when), or if it is zero. Returns the index of the
 * op, whose imm is the caller's. */
uint32_t fuse_branch(struct emitter *e, const struct operand *x, bool when);

/* Words that an op takes. */
unsigned fuse_words(enum interp_op_id id);

#endif
