/* EACH(name) for every op, in one order: its own name, or that of its instruction and a suffix. The
 * including file defines EACH, which is gone afterwards. */
#define INT_BINARY(name, T, value)	     EACH(name##_SS) EACH(name##_SI)
#define INT_DIVIDE(name, T, overflow, value) EACH(name##_SS) EACH(name##_SI)
#define INT_COMPARE(name, T, truth)                                                                \
	EACH(name##_SS)                                                                            \
	EACH(name##_SI) EACH(name##_BR_SS) EACH(name##_BR_SI) EACH(name##_BN_SS) EACH(name##_BN_SI)
#define STEP(name, truth)					EACH(name##_SS) EACH(name##_SI)
#define FLOAT_COMPARE(name, T, truth)				EACH(name##_SS) EACH(name##_BR_SS) EACH(name##_BN_SS)
#define FLOAT_BINARY(name, T, value)				EACH(name)
#define UNARY(name, from, to, value)				EACH(name)
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high) EACH(name) EACH(sat)
#define TERNARY(name, T, value)					EACH(name)
#define SHIFTED(name, T, value)					EACH(name)
#define LOAD(name, ctype, value)				EACH(name##_S) EACH(name##_SS) EACH(name##_SX) EACH(name##_SI)
#define STORE(name, ctype)					EACH(name##_S) EACH(name##_SS) EACH(name##_SX) EACH(name##_SI)
#define LOADED(name, T, value)					EACH(name)
#define ATOMIC_LOAD(name, ctype)				EACH(name)
#define ATOMIC_STORE(name, ctype)				EACH(name)
#define ATOMIC_CHANGE(name, ctype, function)			EACH(name)
#define ATOMIC_COMPARE(name, ctype)				EACH(name)
#define VEC_UNARY(name, T, value)				EACH(name)
#define VEC_BINARY(name, T, value)				EACH(name)
#define VEC_TERNARY(name, T, value)				EACH(name)
#define VEC_FUSED(name, T, value)				EACH(name)
#define VEC_SHIFT(name, T, bits, value)				EACH(name##_SS) EACH(name##_SI)
#define VEC_TEST(name, T, value)				EACH(name)
#define VEC_SPLAT(name, ctype, value)				EACH(name)
#define VEC_EXTRACT(name, ctype, value)				EACH(name)
#define VEC_REPLACE(name, T, ctype, value)			EACH(name)
#define VEC_LOAD(name, ctype, value)				EACH(name##_S) EACH(name##_SS) EACH(name##_SX) EACH(name##_SI)
#define VEC_STORE(name)						EACH(name##_S) EACH(name##_SS) EACH(name##_SX) EACH(name##_SI)
#define VEC_LOAD_LANE(name, T, ctype, value)			EACH(name)
#define VEC_STORE_LANE(name, ctype)				EACH(name)
#define OP(name, words)						EACH(name)
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
#undef EACH
