/*
 * The handlers of numbers, of moving values and of jumps, and the table of all handlers.
 * Trust: the ops are the translator's, of a validated body, so slots and indices hold; the values
 * in slots and memory are the guest's.
 */
#include <string.h>

#include "interp/handler.h"

/* ---- numbers --------------------------------------------------------------------------------- */

#define INT_BINARY(name, T, value)                                                                 \
	RUN(name##_SS)                                                                             \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}                                                                                          \
	RUN(name##_SI)                                                                             \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = IMM_##T((int32_t)pc->imm);                        \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}

#define DIVIDE(name, T, overflow, value, divisor)                                                  \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = divisor;                                          \
		if (unlikely(y == 0))                                                              \
			MUSTTAIL return TAIL(trap_DIVIDE_BY_ZERO);                                 \
		if (unlikely(overflow))                                                            \
			MUSTTAIL return TAIL(trap_INTEGER_OVERFLOW);                               \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define INT_DIVIDE(name, T, overflow, value)                                                       \
	DIVIDE(name##_SS, T, overflow, value, GET_##T(pc->c))                                      \
	DIVIDE(name##_SI, T, overflow, value, IMM_##T((int32_t)pc->imm))

#define COMPARE_VALUE(name, T, truth, right)                                                       \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = right;                                            \
		SET_I32(pc->a, truth);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define COMPARE_JUMP(name, T, truth, right)                                                        \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->a), y = right;                                            \
		if (truth)                                                                         \
			MUSTTAIL return GOTO(WAY(pc));                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define INT_COMPARE(name, T, truth)                                                                \
	COMPARE_VALUE(name##_SS, T, truth, GET_##T(pc->c))                                         \
	COMPARE_VALUE(name##_SI, T, truth, IMM_##T((int32_t)pc->imm))                              \
	COMPARE_JUMP(name##_BR_SS, T, truth, GET_##T(pc->b))                                       \
	COMPARE_JUMP(name##_BR_SI, T, truth, IMM_##T((int16_t)pc->b))                              \
	COMPARE_JUMP(name##_BN_SS, T, !(truth), GET_##T(pc->b))                                    \
	COMPARE_JUMP(name##_BN_SI, T, !(truth), IMM_##T((int16_t)pc->b))
#define STEP_TO(name, truth, right)                                                                \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint32_t x = GET_I32(pc->a) + (uint32_t)pc[1].value;                               \
		SET_I32(pc->a, x);                                                                 \
		uint32_t y = right;                                                                \
		if (truth)                                                                         \
			MUSTTAIL return GOTO(WAY(pc));                                             \
		MUSTTAIL return NEXT(2);                                                           \
	}
#define STEP(name, truth)                                                                          \
	STEP_TO(name##_SS, truth, GET_I32(pc->b))                                                  \
	STEP_TO(name##_SI, truth, IMM_I32((int16_t)pc->b))
#define FLOAT_COMPARE(name, T, truth)                                                              \
	COMPARE_VALUE(name##_SS, T, truth, GET_##T(pc->c))                                         \
	COMPARE_JUMP(name##_BR_SS, T, truth, GET_##T(pc->b))                                       \
	COMPARE_JUMP(name##_BN_SS, T, !(truth), GET_##T(pc->b))

#define FLOAT_BINARY(name, T, value)                                                               \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define UNARY(name, from, to, value)                                                               \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		SET_##to(pc->a, value);                                                            \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high)                                    \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		if (unlikely(x != x))                                                              \
			MUSTTAIL return TAIL(trap_INVALID_CONVERSION);                             \
		if (unlikely(!(inside)))                                                           \
			MUSTTAIL return TAIL(trap_INTEGER_OVERFLOW);                               \
		SET_##to(pc->a, (type_##to)(ctype)x);                                              \
		MUSTTAIL return NEXT(1);                                                           \
	}                                                                                          \
	RUN(sat)                                                                                   \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		if (likely(inside))                                                                \
			SET_##to(pc->a, (type_##to)(ctype)x);                                      \
		else                                                                               \
			SET_##to(pc->a, x != x ? 0 : x < 0 ? (low) : (high));                      \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define TERNARY(name, T, value)                                                                    \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c), z = GET_##T(pc->d);               \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define SHIFTED(name, T, value)                                                                    \
	RUN(name)                                                                                  \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		unsigned k = pc->d;                                                                \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}

#define OP(name, words)

#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"

/* ---- moving values --------------------------------------------------------------------------- */

RUN(COPY)
{
	fp[pc->ab] = fp[pc->imm];
	MUSTTAIL return NEXT(1);
}

RUN(COPY_RANGE)
{
	memmove(fp + pc->ab, fp + pc->imm, pc[1].imm * sizeof(*fp));
	MUSTTAIL return NEXT(2);
}

RUN(CONST32)
{
	fp[pc->a] = pc->imm;
	MUSTTAIL return NEXT(1);
}

RUN(CONST64)
{
	fp[pc->a] = pc[1].value;
	MUSTTAIL return NEXT(2);
}

RUN(SELECT)
{
	uint64_t x = fp[pc->b], y = fp[pc->c];

	fp[pc->a] = GET_I32(pc->d) ? x : y;
	MUSTTAIL return NEXT(1);
}

RUN(GLOBAL_GET)
{
	fp[pc->a] = POINTER(const struct wasm_global_instance, pc[1])->value[0];
	MUSTTAIL return NEXT(2);
}

RUN(GLOBAL_SET)
{
	POINTER(struct wasm_global_instance, pc[1])->value[0] = fp[pc->a];
	MUSTTAIL return NEXT(2);
}

/* ---- jumps ------------------------------------------------------------------------------------ */

RUN(UNREACHABLE)
{
	MUSTTAIL return TAIL(trap_UNREACHABLE);
}

RUN(BR)
{
	MUSTTAIL return GOTO(WAY(pc));
}

RUN(BR_NZ)
{
	if (GET_I32(pc->a))
		MUSTTAIL return GOTO(WAY(pc));
	MUSTTAIL return NEXT(1);
}

RUN(BR_Z)
{
	if (!GET_I32(pc->a))
		MUSTTAIL return GOTO(WAY(pc));
	MUSTTAIL return NEXT(1);
}

RUN(BR_TABLE)
{
	uint32_t i = GET_I32(pc->a);
	const struct interp_op *entry = pc + 1 + (i < pc->imm ? i : pc->imm);

	MUSTTAIL return GOTO(WAY(entry));
}

/* ---- the table ------------------------------------------------------------------------------- */

interp_handler *const interp_handlers[INTERP_OP_COUNT] = {
#define EACH(name) interp_run_##name,
#include "interp/op_each.h"
};
