/*
 * Inside compiler/: vectors of lanes, and the makers of SIMD instructions that vector.c lists.
 */
#ifndef COMPILER_VECTOR_H
#define COMPILER_VECTOR_H

#include "compiler/number.h"

LLVMTypeRef lanes_type(const struct unit *u, enum lanes lanes); /* <16 x i8> .. <2 x double> */
unsigned lanes_count(enum lanes lanes);
unsigned lanes_bits(enum lanes lanes); /* of one lane */

LLVMValueRef vector_cast(struct function *f, LLVMValueRef x, enum lanes lanes);
/* The number n in each lane; integers. */
LLVMValueRef vector_splat(struct function *f, enum lanes lanes, uint64_t n);
LLVMValueRef vector_splat_float(struct function *f, enum lanes lanes, double x);
/* Lanes of x and y, numbered one after the other. */
LLVMValueRef vector_shuffle(struct function *f, LLVMValueRef x, LLVMValueRef y,
			    const uint8_t *lanes, unsigned count);
/* The lower or upper half of the lanes. */
LLVMValueRef vector_half(struct function *f, LLVMValueRef x, bool high);
/* A comparison's outcome: all ones where it holds. */
LLVMValueRef vector_mask(struct function *f, LLVMValueRef truth);
/* A call of one of the processor's own instructions. */
LLVMValueRef vector_instruction(struct function *f, const char *name, LLVMValueRef x,
				LLVMValueRef y);

/* vector_lane.c */
number_maker make_splat;
number_maker make_extract_s;
number_maker make_extract_u;
number_maker make_replace;
number_maker make_shuffle;
number_maker make_swizzle;

/* vector_integer.c */
number_maker make_not;
number_maker make_andnot;
number_maker make_bitselect;
number_maker make_neg;
number_maker make_shift; /* what: LLVMOpcode */
number_maker make_any_true;
number_maker make_all_true;
number_maker make_bitmask;
number_maker make_instruction;	    /* name: an instruction with one or two operands */
number_maker make_instruction_ones; /* (x, 1 in each lane) */
number_maker make_ones_instruction; /* (1 in each lane, x) */
number_maker make_extadd_u16;	    /* lanes: of the result */
number_maker make_q15mulr;
number_maker make_extmul; /* what: enum extend; lanes: of the operands */
number_maker make_relaxed_dot;
number_maker make_relaxed_dot_add;

/* vector_convert.c */
enum extend { EXTEND_SIGNED = 1, EXTEND_HIGH = 2 };
/* Half of the lanes, twice as wide. how: enum extend */
LLVMValueRef vector_extend(struct function *f, LLVMValueRef x, unsigned how);
number_maker make_extend; /* what: enum extend; lanes: of the operand */
number_maker make_trunc_sat_f32_s;
number_maker make_trunc_sat_f32_u;
number_maker make_trunc_sat_f64_s;
number_maker make_trunc_sat_f64_u;
number_maker make_convert;     /* to f32; what: LLVMOpcode */
number_maker make_convert_low; /* the lower lanes to f64; what: LLVMOpcode */
number_maker make_demote;

#endif
