/*
 * Single instructions, or two, compiled by number_emit and vector_emit and run at once. Stands in
 * for what compiler/function.c and compiler/unit.c have: operands come from memory, the result goes
 * there, a trap is returned.
 */
#ifndef TEST_COMPILER_JIT_H
#define TEST_COMPILER_JIT_H

#include "compiler/function.h"

/* The operands, 16 bytes each; the result. */
typedef enum wasm_trap jit_call(const void *operands, void *result);

#define JIT_OPERANDS_MAX 5

struct jit_function {
	enum wasm_op op;
	enum wasm_op first; /* makes the last operand of op; 0: none does */
	unsigned lane;
	uint8_t shuffle[16];
	unsigned known;	       /* a bit for each operand that the compiler knows, ... */
	const void *constants; /* ... in place: as the operands of a call */
	jit_call *call;
};

/* The types of a call's operands; how many they are. */
unsigned jit_operands(const struct jit_function *j, uint8_t types[JIT_OPERANDS_MAX]);

struct jit;

/* Is it one of these instructions? */
bool jit_knows(enum wasm_op op);

/* Compiles them all and sets their `call`; NULL: they call a library, or LLVM failed, as it has said
 * on stderr. The functions are of no use after jit_close. */
struct jit *jit_open(struct jit_function *functions, unsigned count, int level,
		     enum native_isa isa);
void jit_close(struct jit *jit);

#endif
