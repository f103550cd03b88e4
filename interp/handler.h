/*
 * What the files of handlers share: the shape of a handler, its operands, its ways out. A handler
 * is one small function per op, declared here for each op of the list, and ends in a tail call of
 * the next op's handler.
 * Invariant: a slot that holds 32 bits has its upper half zero. memory and size are those of memory
 * 0 of t->instance, or between two MEMORY_USE of another one; the size of a shared memory may be an
 * earlier, smaller one. Every access is checked against size.
 */
#ifndef INTERP_HANDLER_H
#define INTERP_HANDLER_H

#include "interp/float.h"
#include "interp/thread.h"

/* interp_run_NAME does op INTERP_NAME. */
#define EACH(name) interp_handler interp_run_##name;
#include "interp/op_each.h"

#define HANDLER_OF(name)                                                                           \
	KEEP_CALL_USED_REGS PRESERVE_NONE enum wasm_trap name(                                     \
		const struct interp_op *pc, uint64_t *fp, uint8_t *memory, uint64_t size,          \
		struct interp_thread *t)
#define RUN(name)	  HANDLER_OF(interp_run_##name)
#define HANDLER(name)	  static HANDLER_OF(name)
#define GOTO(pc)	  (pc)->run((pc), fp, memory, size, t)
#define NEXT(words)	  GOTO(pc + (words))
#define TAIL(handler)	  handler(pc, fp, memory, size, t)
#define WAY(pc)		  ((pc) + (int32_t)(pc)->imm)
#define POINTER(type, op) ((type *)(uintptr_t)(op).value)

/* ---- operands -------------------------------------------------------------------------------- */

typedef uint32_t type_I32;
typedef uint64_t type_I64;
typedef float type_F32;
typedef double type_F64;

#define GET_I32(slot) ((uint32_t)fp[slot])
#define GET_I64(slot) (fp[slot])
#define GET_F32(slot) f32_of_bits((uint32_t)fp[slot])
#define GET_F64(slot) f64_of_bits(fp[slot])

#define SET_I32(slot, value) (fp[slot] = (uint64_t)(uint32_t)(value))
#define SET_I64(slot, value) (fp[slot] = (value))
#define SET_F32(slot, value) (fp[slot] = f32_bits(value))
#define SET_F64(slot, value) (fp[slot] = f64_bits(value))

/* Immediates are sign-extended, those of jumps from 16 bits. */
#define IMM_I32(imm) ((uint32_t)(int32_t)(imm))
#define IMM_I64(imm) ((uint64_t)(int64_t)(imm))

/* ---- traps ----------------------------------------------------------------------------------- */

/* trap_NAME ends the run with that trap. */
#define TRAP(name, words)                                                                          \
	UNUSED HANDLER(trap_##name)                                                                \
	{                                                                                          \
		(void)fp, (void)memory, (void)size;                                                \
		return interp_trap(t, pc, TRAP_##name);                                            \
	}
#include "wasm/trap.def"
#undef TRAP

/* ---- memory ---------------------------------------------------------------------------------- */

/* Addresses are at most 33 bits, so that neither sum can overflow. The builtin copies are inlined
 * in a freestanding build too. */
#define ADDRESS_S(base)	       ((uint64_t)GET_I32(base) + pc->imm)
#define ADDRESS_SI(base)       ((uint64_t)(GET_I32(base) + pc->imm))
#define ADDRESS_SS(x, y)       ((uint64_t)(GET_I32(x) + GET_I32(y)) + pc->d)
#define ADDRESS_SX(x, y, unit) ((uint64_t)(GET_I32(x) + GET_I32(y) * (uint32_t)(unit)) + pc->d)

/* For an access beyond `size`: does the op again if it was only that the memory, being shared, has
 * grown since size was fetched; else traps. */
interp_handler interp_memory_bounds;

/* The one check of an access, and the access: fills the variable v from `at`, or writes it there. */
#define CHECK_ACCESS(v, at)                                                                        \
	if (unlikely((at) + sizeof(v) > size))                                                     \
	MUSTTAIL return TAIL(interp_memory_bounds)
#define FETCH(v, at)                                                                               \
	CHECK_ACCESS(v, at);                                                                       \
	__builtin_memcpy(&(v), memory + (at), sizeof(v))
#define PUT(v, at)                                                                                 \
	CHECK_ACCESS(v, at);                                                                       \
	__builtin_memcpy(memory + (at), &(v), sizeof(v))

/* Where handlers fetch memory and size after something that may have changed them. */
static ALWAYS_INLINE uint8_t *memory_base(const struct interp_thread *t)
{
	const struct wasm_memory_instance *m = wasm_instance_memory(t->instance);

	return m ? m->base : NULL;
}

static ALWAYS_INLINE uint64_t memory_size(const struct interp_thread *t)
{
	const struct wasm_memory_instance *m = wasm_instance_memory(t->instance);

	return m ? wasm_memory_size(m) : 0;
}

#endif
