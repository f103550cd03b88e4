/* Gives each group macro of interp/op.def that the including file did not define an empty meaning;
 * interp/op_done.h, included after op.def, takes all of them away again. */
#ifndef INT_BINARY
#define INT_BINARY(name, T, value)
#endif
#ifndef INT_DIVIDE
#define INT_DIVIDE(name, T, overflow, value)
#endif
#ifndef INT_COMPARE
#define INT_COMPARE(name, T, truth)
#endif
#ifndef STEP
#define STEP(name, truth)
#endif
#ifndef FLOAT_COMPARE
#define FLOAT_COMPARE(name, T, truth)
#endif
#ifndef FLOAT_BINARY
#define FLOAT_BINARY(name, T, value)
#endif
#ifndef UNARY
#define UNARY(name, from, to, value)
#endif
#ifndef TRUNCATE
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high)
#endif
#ifndef TERNARY
#define TERNARY(name, T, value)
#endif
#ifndef SHIFTED
#define SHIFTED(name, T, value)
#endif
#ifndef LOAD
#define LOAD(name, ctype, value)
#endif
#ifndef STORE
#define STORE(name, ctype)
#endif
#ifndef LOADED
#define LOADED(name, T, value)
#endif
#ifndef ATOMIC_LOAD
#define ATOMIC_LOAD(name, ctype)
#endif
#ifndef ATOMIC_STORE
#define ATOMIC_STORE(name, ctype)
#endif
#ifndef ATOMIC_CHANGE
#define ATOMIC_CHANGE(name, ctype, function)
#endif
#ifndef ATOMIC_COMPARE
#define ATOMIC_COMPARE(name, ctype)
#endif
#ifndef VEC_UNARY
#define VEC_UNARY(name, T, value)
#endif
#ifndef VEC_BINARY
#define VEC_BINARY(name, T, value)
#endif
#ifndef VEC_TERNARY
#define VEC_TERNARY(name, T, value)
#endif
#ifndef VEC_FUSED
#define VEC_FUSED(name, T, value)
#endif
#ifndef VEC_SHIFT
#define VEC_SHIFT(name, T, bits, value)
#endif
#ifndef VEC_TEST
#define VEC_TEST(name, T, value)
#endif
#ifndef VEC_SPLAT
#define VEC_SPLAT(name, ctype, value)
#endif
#ifndef VEC_EXTRACT
#define VEC_EXTRACT(name, ctype, value)
#endif
#ifndef VEC_REPLACE
#define VEC_REPLACE(name, T, ctype, value)
#endif
#ifndef VEC_LOAD
#define VEC_LOAD(name, ctype, value)
#endif
#ifndef VEC_STORE
#define VEC_STORE(name)
#endif
#ifndef VEC_LOAD_LANE
#define VEC_LOAD_LANE(name, T, ctype, value)
#endif
#ifndef VEC_STORE_LANE
#define VEC_STORE_LANE(name, ctype)
#endif
#ifndef OP
#define OP(name, words)
#endif
