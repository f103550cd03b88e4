/*
 * Instructions that compute: which op does each, and which do two at once.
 */
#ifndef INTERP_FUSE_H
#define INTERP_FUSE_H

#include "interp/emit.h"
#include "wasm/code.h"

/* Translates a numeric instruction, a load, a store, or a select; false: it is something else. */
MUST_USE bool fuse_insn(struct emitter *e, const struct wasm_insn *insn);

/* The same for the instructions of v128 values (fuse_simd.c). */
MUST_USE bool fuse_simd_insn(struct emitter *e, const struct wasm_insn *insn);

/* A load or store; id is that of its form name_S, which the other forms of address follow. wide: the
 * result is a v128. */
void fuse_load(struct emitter *e, const struct wasm_insn *insn, uint32_t id, bool wide);
void fuse_store(struct emitter *e, const struct wasm_insn *insn, uint32_t id);

/* Appends a jump that is taken if x is not zero (when), or if it is zero. Returns the index of the
 * op, whose imm is the caller's. */
uint32_t fuse_branch(struct emitter *e, const struct operand *x, bool when);

/* Words that an op takes. */
unsigned fuse_words(enum interp_op_id id);

#endif
