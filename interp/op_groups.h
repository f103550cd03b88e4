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
#ifndef OP
#define OP(name, words)
#endif
