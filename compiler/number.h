/*
 * Inside compiler/: how one instruction becomes LLVM IR, as a row of a table (number.c, convert.c,
 * vector.c). Most makers do not mind whether their operands are numbers or vectors of them.
 */
#ifndef COMPILER_NUMBER_H
#define COMPILER_NUMBER_H

#include "compiler/function.h"

/* Lanes of a v128 operand; of a number: NONE. */
enum lanes { LANES_NONE, LANES_I8, LANES_I16, LANES_I32, LANES_I64, LANES_F32, LANES_F64 };

struct number_rule;

/* Makes the result from the operands, bottom first; v128 operands as vectors of the rule's lanes. The
 * result may be any vector of 128 bits if it is to be a v128. */
typedef LLVMValueRef number_maker(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x);

struct number_rule {
	number_maker *make; /* NULL: no instruction of the table */
	const char *name;   /* an LLVM intrinsic */
	uint8_t lanes;	    /* enum lanes */
	uint8_t what;	    /* LLVMOpcode, LLVMIntPredicate, LLVMRealPredicate */
};

number_maker make_operator;	  /* what: LLVMOpcode, of integers */
number_maker make_float_operator; /* what: LLVMOpcode */
number_maker make_call;		  /* name: an intrinsic overloaded by its only or both operands */
number_maker make_abs;
number_maker make_float_neg;
number_maker make_float_min;
number_maker make_float_max;

/* x OP y by the rules of 4.3.3, which say more about NaNs than LLVM does. */
LLVMValueRef float_operator(struct function *f, LLVMOpcode what, LLVMValueRef x, LLVMValueRef y);
/* The value; LLVM does not know that it is. */
LLVMValueRef float_hide(struct function *f, LLVMValueRef x);
/* The same for an operand with which arithmetic might be simplified as if NaNs were all alike. */
LLVMValueRef float_guard(struct function *f, LLVMValueRef x);
/* A call of an intrinsic that is overloaded by the type of its operands, all alike. */
LLVMValueRef call_alike(struct function *f, const char *name, const LLVMValueRef *x,
			unsigned count);
/* x <predicate> y ? x : y: MINPS or MAXPS, which give y when they are not ordered. */
LLVMValueRef float_pick(struct function *f, LLVMRealPredicate predicate, LLVMValueRef x,
			LLVMValueRef y);
/* An integer, or a vector of them, of a float's bits. */
LLVMValueRef float_bits(struct function *f, LLVMValueRef x);

/* Takes operands as the instruction's signature says, makes the result by the rule, pushes it. */
void number_apply(struct function *f, const struct number_rule *rule, const struct wasm_insn *insn);

bool convert_emit(struct function *f, const struct wasm_insn *insn); /* convert.c */

#endif
