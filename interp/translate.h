/*
 * What the files of the translator share: the function that is being translated, its open blocks,
 * and the jumps to their labels.
 */
#ifndef INTERP_TRANSLATE_H
#define INTERP_TRANSLATE_H

#include "interp/emit.h"
#include "interp/unwind.h"
#include "wasm/code.h"

/* A legacy try is BLOCK_TRY up to its first catch, then BLOCK_CATCH. */
enum block_kind { BLOCK_BLOCK, BLOCK_LOOP, BLOCK_IF, BLOCK_TRY, BLOCK_CATCH, BLOCK_FUNC };

struct block {
	uint8_t kind;
	uint32_t height; /* of the stack below the parameters */
	struct wasm_block_type type;
	uint32_t param_slots;
	uint32_t result_slots;
	uint32_t start;	     /* loop: the op to jump to */
	uint32_t pending;    /* jumps to the end, linked by imm: index + 1 of the newest; 0: none */
	uint32_t if_false;   /* if: the same, for the jump over the first branch */
	uint32_t caught;     /* clauses whose label is the end, linked by target, the same way */
	uint32_t region;     /* around what is inside */
	uint32_t own_region; /* what this block catches, or INTERP_NO_REGION */
	uint32_t last_clause; /* of own_region, index + 1 */
	uint32_t stub;	      /* the op that jumps here with its values, for the br_table at ... */
	uint32_t stub_table;  /* ... this op */
};

struct translator {
	struct emitter e;
	const struct wasm_func_instance *func;
	const struct wasm_instance *instance;
	const struct wasm_module *module;
	struct block *blocks;
	uint32_t depth;
	uint32_t dead; /* 0: code is reached; else 1 + blocks opened in unreachable code */

	/* Room for as many as the body can have. */
	struct interp_region *regions;
	struct interp_clause *clauses;
	uint32_t region_count;
	uint32_t clause_count;

	bool metered;
	bool polled;
	uint32_t run; /* the op that pays for the instructions since the last label, index + 1 */
};

/* ---- blocks and jumps (translate.c, translate_control.c) --------------------------------------- */

struct block *translate_block_at(const struct translator *t, uint32_t label);

/* How many slots a jump to the block's label takes along. */
uint32_t translate_label_slots(const struct block *b);

/* Brings the stack home and opens a block. */
struct block *translate_block_open(struct translator *t, const struct wasm_insn *insn,
				   enum block_kind kind);

/* Jumps, clauses come to the next op: between these two their targets are set to the number of ops.
 * poll: this may be the head of a loop. */
void translate_label_begin(struct translator *t, bool *poll);
void translate_label_end(struct translator *t, bool poll);

/* Unconditional, with values; the stack is as before. */
void translate_br(struct translator *t, struct block *b);

/* The end of the innermost block, of whatever kind. */
void translate_end(struct translator *t);

/* Instructions of control; false: it is something else. */
bool translate_control(struct translator *t, const struct wasm_insn *insn);

/* ---- the others ------------------------------------------------------------------------------ */

static inline uint64_t translate_word(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* The arguments come home: the slot of the first (translate_call.c). */
uint32_t translate_arguments(struct translator *t, const struct wasm_func_type *type);

/* Calls and tail calls (translate_call.c); false: it is something else. */
bool translate_call(struct translator *t, const struct wasm_insn *insn);

/* Exceptions (translate_try.c); false: it is something else. The others: the end of the innermost
 * block as far as it catches, and the arrival of the clauses that have its end as their label. */
bool translate_try(struct translator *t, const struct wasm_insn *insn);
void translate_try_end(struct translator *t, struct block *b);
void translate_clauses_land(struct translator *t, struct block *b);

/* Tables, memories as a whole, atomics (translate_memory.c). Everything that nobody else knows. */
void translate_memory(struct translator *t, const struct wasm_insn *insn);

#endif
