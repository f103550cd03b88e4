/*
 * What the translator writes with: the ops of one function, and a model of its operand stack at
 * translation time. An operand is where its value is found: in its own slot of the frame, in the
 * slot of a local that it was read from, or nowhere yet, being a constant. So local.get and
 * constants cost nothing until an op needs them, and an op's result may go straight to a local.
 *
 * Everything is counted in slots. A v128 is two entries of the stack: the lower one is the operand,
 * marked wide, and the upper one is OPERAND_HIGH and says nothing more.
 */
#ifndef INTERP_EMIT_H
#define INTERP_EMIT_H

#include "base/err.h"
#include "interp/op.h"
#include "wasm/instance.h"

/* Slots above 16 bits ("far") are copied to and from one of these, two for each of four values. */
#define EMIT_SCRATCH  8u
#define EMIT_SLOT_MAX 65535u

/* Slots for constants, at most. */
#define EMIT_POOL_MAX 32u

enum operand_kind { OPERAND_HOME, OPERAND_LOCAL, OPERAND_CONST, OPERAND_HIGH };

struct operand {
	uint8_t kind;
	bool wide;	/* a v128: two slots from `slot` on */
	uint32_t slot;	/* home or local */
	uint32_t older; /* local: the next older entry for the same local, index + 1; 0: none */
	uint64_t bits;	/* const */
	uint64_t high;	/* const, wide: its upper half */
};

/* Where a local lies, if the function has v128 values. */
struct emit_local {
	uint32_t slot : 31;
	uint32_t wide : 1;
};

struct emitter {
	const struct wasm_body *body;
	uint32_t param_slots;
	struct emit_local *locals; /* NULL: the slot is the index, and no value is wide */
	enum err err;		   /* the first one; nothing is to be used then */

	struct interp_op *ops;
	uint32_t *offsets; /* of the instruction in the module, per op; NULL: not wanted */
	uint32_t count;
	uint32_t capacity;
	uint32_t offset; /* of the instruction that is being translated */

	/* The stack. Entries below `flushed` are at home, whatever the array says; with `locals` it
	 * still says which are wide. */
	struct operand *stack;
	uint32_t height;
	uint32_t flushed;
	uint32_t stack_base;  /* slot of entry 0 */
	uint32_t *local_uses; /* per slot: index + 1 of the newest entry that is OPERAND_LOCAL */

	/* The op that made the newest entry, index + 1; 0: none, or something followed it. Jumps
	 * come to the op `barrier`, so what was before it is no longer changed. */
	uint32_t producer;
	uint32_t barrier;
	uint32_t counted;  /* the last op whose result went to a local at once, index + 1 */
	uint32_t negation; /* the last op that is `eqz` of what the op before it made, index + 1 */
	struct interp_op spare; /* takes the writes after an error */

	/* Constants that ops in loops use: each has a slot, a wide one two, filled when the function
	 * is entered, if room was reserved; without it they are only collected. */
	uint64_t pool[EMIT_POOL_MAX];
	uint32_t pool_count;
	uint32_t pool_reserved;
	uint32_t pool_base; /* slot of the first */
	uint32_t scratch_base;
	uint32_t loops; /* open ones */
};

/* For a function that has a body. pool: slots to reserve for constants. Errors: E_NOMEM. */
MUST_USE enum err emitter_init(struct emitter *e, const struct wasm_func_instance *func,
			       uint32_t pool, bool want_offsets);
void emitter_fini(struct emitter *e);

/* ---- ops ------------------------------------------------------------------------------------- */

/* Appends an op; its fields are to be filled at once. */
struct interp_op *emit_op(struct emitter *e, enum interp_op_id id);
void emit_word(struct emitter *e, uint64_t value, uint32_t ab, uint32_t imm);

/* The slot of a local by its index, and whether it is a v128. */
static inline uint32_t emit_local_slot(const struct emitter *e, uint32_t local)
{
	return e->locals ? e->locals[local].slot : local;
}

static inline bool emit_local_is_wide(const struct emitter *e, uint32_t local)
{
	return e->locals && e->locals[local].wide;
}

/* slot = what x is; if x is wide, the two slots. */
void emit_move(struct emitter *e, uint32_t slot, const struct operand *x);

/* Jumps come to the next op. */
static inline void emit_label(struct emitter *e)
{
	e->barrier = e->count;
	e->producer = 0;
}

/* ---- the stack ------------------------------------------------------------------------------- */

static inline uint32_t stack_home(const struct emitter *e, uint32_t idx)
{
	return e->stack_base + idx;
}

/* n values of one slot, or one v128, or values of the given types: `slots` in all; at home. */
void stack_push_home(struct emitter *e, uint32_t n);
void stack_push_wide(struct emitter *e);
void stack_push_values(struct emitter *e, const uint32_t *types, uint32_t count, uint32_t slots);
void stack_push_local(struct emitter *e, uint32_t local); /* by its index */
void stack_push_const(struct emitter *e, uint64_t bits);
void stack_push_const_wide(struct emitter *e, uint64_t bits, uint64_t high);

/* Is the newest value a v128? */
static inline bool stack_top_is_wide(const struct emitter *e)
{
	return e->locals && e->height && e->stack[e->height - 1].kind == OPERAND_HIGH;
}

/* The newest value, which is of one slot; or a v128; or what it happens to be. */
struct operand stack_pop(struct emitter *e);
struct operand stack_pop_wide(struct emitter *e);

static inline struct operand stack_pop_any(struct emitter *e)
{
	return stack_top_is_wide(e) ? stack_pop_wide(e) : stack_pop(e);
}

/* A value that was just popped, at home now or not needed any more: what follows is not reached, or
 * reads it from where it was. */
static inline void stack_push_again(struct emitter *e, const struct operand *x)
{
	if (x->wide)
		stack_push_wide(e);
	else
		stack_push_home(e, 1);
}

/* Forgets the newest n entries: whole values. */
void stack_drop(struct emitter *e, uint32_t n);

/* Brings the newest n entries, or all, to their home slots. */
void stack_flush_top(struct emitter *e, uint32_t n);
void stack_flush(struct emitter *e);

/* Cuts the stack down to a height, every entry below being at home. */
void stack_reset(struct emitter *e, uint32_t height);

/* Before a local (its slot) changes: entries that mean it take its value. */
void stack_save_local(struct emitter *e, uint32_t slot);

/* ---- operands of an op ----------------------------------------------------------------------- */

/* A constant that has a slot of its own is from now on what is in that slot. */
void operand_pool(struct emitter *e, struct operand *x);

/* The slot of x, the first of two if x is wide, as a 16-bit number; a constant comes from the pool
 * or goes to its home first, a far slot goes to scratch k. */
uint16_t operand_slot(struct emitter *e, const struct operand *x, unsigned k);

/* The op that made x, if it is the last one and may still be changed or taken back; or NULL. */
struct interp_op *operand_producer(struct emitter *e, const struct operand *x);

/* Appends an op, with its second word or NULL, whose result goes to field a, which is set here, and
 * is pushed: a value of one slot, or a v128. */
void emit_result(struct emitter *e, struct interp_op op, const struct interp_op *word);
void emit_result_wide(struct emitter *e, struct interp_op op, const struct interp_op *word);

/* Takes the producer back. */
static inline void emit_undo(struct emitter *e)
{
	e->count = e->producer - 1;
	e->producer = 0;
}

#endif
