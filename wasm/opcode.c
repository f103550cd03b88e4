/*
 * The rows of the instruction table.
 * Trust: no input comes here.
 */
#include "wasm/opcode.h"

#define NONE	     .in_count = 0
#define IN1(a)	     .in_count = 1, .in = {WASM_##a}
#define IN2(a, b)    .in_count = 2, .in = {WASM_##a, WASM_##b}
#define IN3(a, b, c) .in_count = 3, .in = {WASM_##a, WASM_##b, WASM_##c}
#define SPECIAL	     .in_count = WASM_OP_SPECIAL
#define OUT_NONE     .out = WASM_NO_TYPE
#define OUT_SPECIAL  .out = WASM_NO_TYPE
#define OUT_OUT(a)   .out = WASM_##a

const struct wasm_op_info wasm_op_table[WASM_OP_COUNT] = {
#define OP(ident, code, txt, immediate, ins, outs)                                                 \
	[WASM_OP_##ident] = {.text = (txt), .imm = WASM_IMM_##immediate, ins, OUT_##outs},
#define OP_FC OP
#define OP_FD OP
#define OP_FE OP
#define OP_LATER(code, feature)
#include "wasm/opcode.def"
};

bool wasm_op_is_free(enum wasm_op op)
{
	switch (op) {
	case WASM_OP_NOP:
	case WASM_OP_DROP:
	case WASM_OP_BLOCK:
	case WASM_OP_LOOP:
	case WASM_OP_ELSE:
	case WASM_OP_END:
	case WASM_OP_TRY:
	case WASM_OP_TRY_TABLE:
	case WASM_OP_CATCH:
	case WASM_OP_CATCH_ALL:
	case WASM_OP_DELEGATE:
		return true;
	default:
		return false;
	}
}
