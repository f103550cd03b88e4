/*
 * The handlers of v128 values.
 * Trust: the ops are the translator's, of a validated body, so slots, lanes and indices hold; the
 * values in slots and memory are the guest's.
 */
#include "interp/handler.h"
#include "interp/simd.h"

/* Slots are aligned to 8 bytes only; the copies become single unaligned moves. */
#define GET_VEC(T, name, slot)                                                                     \
	vec_##T name;                                                                              \
	__builtin_memcpy(&name, fp + (slot), sizeof name)
#define SET_VEC(slot, value)                                                                       \
	__typeof__(value) result = (value);                                                        \
	_Static_assert(sizeof result == 16, "not a v128");                                         \
	__builtin_memcpy(fp + (slot), &result, sizeof result)

/* ---- numbers --------------------------------------------------------------------------------- */

#define VEC_UNARY(name, T, value)                                                                  \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_BINARY(name, T, value)                                                                 \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		GET_VEC(T, y, pc->c);                                                              \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_TERNARY(name, T, value)                                                                \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		GET_VEC(T, y, pc->c);                                                              \
		GET_VEC(T, z, pc->d);                                                              \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_FUSED(name, T, value) VEC_TERNARY(name, T, value)
#define VEC_SHIFT_BY(name, T, bits, value, count)                                                  \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		int k = (int)((count) & (bits - 1));                                               \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_SHIFT(name, T, bits, value)                                                            \
	VEC_SHIFT_BY(name##_SS, T, bits, value, GET_I32(pc->c))                                    \
	VEC_SHIFT_BY(name##_SI, T, bits, value, pc->imm)

/* ---- numbers and lanes ----------------------------------------------------------------------- */

#define VEC_TEST(name, T, value)                                                                   \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		SET_I32(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_SPLAT(name, ctype, value)                                                              \
	RUN(name)                                                                                  \
	{                                                                                          \
		ctype v = (ctype)fp[pc->b];                                                        \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_EXTRACT(name, ctype, value)                                                            \
	RUN(name)                                                                                  \
	{                                                                                          \
		ctype v;                                                                           \
		__builtin_memcpy(&v, (const uint8_t *)(fp + pc->b) + pc->c * sizeof v, sizeof v);  \
		SET_I32(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_REPLACE(name, T, ctype, value)                                                         \
	RUN(name)                                                                                  \
	{                                                                                          \
		GET_VEC(T, x, pc->b);                                                              \
		ctype v = (ctype)fp[pc->c];                                                        \
		unsigned k = pc->d;                                                                \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}

/* ---- memory ---------------------------------------------------------------------------------- */

#define VEC_LOAD_AT(name, ctype, value, address)                                                   \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = address;                                                             \
		ctype v;                                                                           \
		FETCH(v, at);                                                                      \
		SET_VEC(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_LOAD(name, ctype, value)                                                               \
	VEC_LOAD_AT(name##_S, ctype, value, ADDRESS_S(pc->b))                                      \
	VEC_LOAD_AT(name##_SS, ctype, value, ADDRESS_SS(pc->b, pc->c))                             \
	VEC_LOAD_AT(name##_SX, ctype, value, ADDRESS_SX(pc->b, pc->c, sizeof(ctype)))              \
	VEC_LOAD_AT(name##_SI, ctype, value, ADDRESS_SI(pc->b))

#define VEC_STORE_AT(name, from, address)                                                          \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = address;                                                             \
		GET_VEC(U64, v, from);                                                             \
		PUT(v, at);                                                                        \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define VEC_STORE(name)                                                                            \
	VEC_STORE_AT(name##_S, pc->b, ADDRESS_S(pc->a))                                            \
	VEC_STORE_AT(name##_SS, pc->c, ADDRESS_SS(pc->a, pc->b))                                   \
	VEC_STORE_AT(name##_SX, pc->c, ADDRESS_SX(pc->a, pc->b, sizeof(vec_U64)))                  \
	VEC_STORE_AT(name##_SI, pc->b, ADDRESS_SI(pc->a))

#define VEC_LOAD_LANE(name, T, ctype, replaced)                                                    \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = GET_I32(pc->b) + pc[1].value;                                        \
		GET_VEC(T, x, pc->c);                                                              \
		unsigned k = pc->d;                                                                \
		ctype v;                                                                           \
		FETCH(v, at);                                                                      \
		SET_VEC(pc->a, replaced);                                                          \
		MUSTTAIL return NEXT(2);                                                           \
	}
#define VEC_STORE_LANE(name, ctype)                                                                \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = GET_I32(pc->a) + pc[1].value;                                        \
		ctype v;                                                                           \
		__builtin_memcpy(&v, (const uint8_t *)(fp + pc->b) + pc->c * sizeof v, sizeof v);  \
		PUT(v, at);                                                                        \
		MUSTTAIL return NEXT(2);                                                           \
	}

#include "interp/op_groups.h"
#include "interp/op_simd.def"
#include "interp/op_done.h"

/* ---- moving values --------------------------------------------------------------------------- */

RUN(I8X16_SHUFFLE)
{
	GET_VEC(M, x, pc->b);
	GET_VEC(M, y, pc->c);
	vec_M lanes = _mm_loadu_si128((const void *)(pc + 1));

	SET_VEC(pc->a, i8x16_shuffle(x, y, lanes));
	MUSTTAIL return NEXT(2);
}

RUN(I8X16_SHUFFLE_ONE)
{
	GET_VEC(M, x, pc->b);
	vec_M lanes = _mm_loadu_si128((const void *)(pc + 1));

	SET_VEC(pc->a, _mm_shuffle_epi8(x, lanes));
	MUSTTAIL return NEXT(2);
}

RUN(COPY_V128)
{
	GET_VEC(U64, x, pc->imm);

	SET_VEC(pc->ab, x);
	MUSTTAIL return NEXT(1);
}

RUN(CONST_V128)
{
	vec_M x = _mm_loadu_si128((const void *)(pc + 1));

	SET_VEC(pc->a, x);
	MUSTTAIL return NEXT(2);
}

RUN(SELECT_V128)
{
	GET_VEC(U64, x, GET_I32(pc->d) ? pc->b : pc->c);

	SET_VEC(pc->a, x);
	MUSTTAIL return NEXT(1);
}

RUN(GLOBAL_GET_V128)
{
	const struct wasm_global_instance *g = POINTER(const struct wasm_global_instance, pc[1]);

	__builtin_memcpy(fp + pc->a, g->value, sizeof g->value);
	MUSTTAIL return NEXT(2);
}

RUN(GLOBAL_SET_V128)
{
	struct wasm_global_instance *g = POINTER(struct wasm_global_instance, pc[1]);

	__builtin_memcpy(g->value, fp + pc->a, sizeof g->value);
	MUSTTAIL return NEXT(2);
}

RUN(RETURN_V128)
{
	const struct interp_frame *f = --t->frame;
	GET_VEC(U64, x, pc->a);

	SET_VEC(0, x);
	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}
