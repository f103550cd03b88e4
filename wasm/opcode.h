/*
 * The instruction table: what opcode.def says, as an enumeration and as one read-only row per
 * instruction. Decoder, validator, interpreter and compiler take names, immediates and fixed
 * signatures from here and nowhere else.
 */
#ifndef WASM_OPCODE_H
#define WASM_OPCODE_H

#include "wasm/types.h"

/* Dense, in the order of opcode.def: fit to index a table of WASM_OP_COUNT rows. */
enum wasm_op {
#define OP(ident, code, text, imm, in, out)    WASM_OP_##ident,
#define OP_FC(ident, code, text, imm, in, out) WASM_OP_##ident,
#define OP_FD(ident, code, text, imm, in, out) WASM_OP_##ident,
#define OP_FE(ident, code, text, imm, in, out) WASM_OP_##ident,
#define OP_LATER(code, feature)
#include "wasm/opcode.def"
#undef OP
#undef OP_FC
#undef OP_FD
#undef OP_FE
#undef OP_LATER
	WASM_OP_COUNT
};

/* What follows the code, and where struct wasm_insn keeps it (code.h). */
enum wasm_imm {
	WASM_IMM_NONE,
	WASM_IMM_BLOCK,		/* block */
	WASM_IMM_LABEL,		/* index */
	WASM_IMM_LABELS,	/* labels */
	WASM_IMM_FUNC,		/* index */
	WASM_IMM_CALL_INDIRECT, /* index: the type; index2: the table */
	WASM_IMM_TYPE,		/* index: a function type */
	WASM_IMM_TAG,		/* index */
	WASM_IMM_TRY_TABLE,	/* block, catch_count, catches */
	WASM_IMM_TYPES,		/* type */
	WASM_IMM_LOCAL,		/* index */
	WASM_IMM_GLOBAL,	/* index */
	WASM_IMM_TABLE,		/* index */
	WASM_IMM_TABLE_TABLE,	/* index: the destination; index2: the source */
	WASM_IMM_ELEM,		/* index */
	WASM_IMM_ELEM_TABLE,	/* index: the element segment; index2: the table */
	WASM_IMM_MEMORY,	/* index */
	WASM_IMM_MEMORY_MEMORY, /* index: the destination; index2: the source */
	WASM_IMM_DATA,		/* index */
	WASM_IMM_DATA_MEMORY,	/* index: the data segment; index2: the memory */
	WASM_IMM_HEAP_TYPE,	/* type: the nullable reference to it */
	WASM_IMM_I32,		/* bits, zero-extended */
	WASM_IMM_I64,		/* bits */
	WASM_IMM_F32,		/* bits, zero-extended */
	WASM_IMM_F64,		/* bits */
	WASM_IMM_MEM0,		/* mem; natural alignment 1 byte */
	WASM_IMM_MEM1,		/* 2 bytes */
	WASM_IMM_MEM2,		/* 4 bytes */
	WASM_IMM_MEM3,		/* 8 bytes */
	WASM_IMM_MEM4,		/* 16 bytes */
	WASM_IMM_MEMLANE0,	/* mem; a lane of 1 byte follows; natural alignment 1 byte */
	WASM_IMM_MEMLANE1,	/* 2 bytes */
	WASM_IMM_MEMLANE2,	/* 4 bytes */
	WASM_IMM_MEMLANE3,	/* 8 bytes */
	WASM_IMM_ATOMIC0,	/* mem; exactly 1 byte */
	WASM_IMM_ATOMIC1,	/* 2 bytes */
	WASM_IMM_ATOMIC2,	/* 4 bytes */
	WASM_IMM_ATOMIC3,	/* 8 bytes */
	WASM_IMM_FENCE,		/* a zero byte */
	WASM_IMM_V128,		/* v128 */
	WASM_IMM_SHUFFLE,	/* v128: 16 lanes below 32 */
	WASM_IMM_LANE2,		/* index */
	WASM_IMM_LANE4,		/* index */
	WASM_IMM_LANE8,		/* index */
	WASM_IMM_LANE16,	/* index */
};

#define WASM_OP_MAX_IN	3
#define WASM_OP_SPECIAL 0xff

struct wasm_op_info {
	const char *text;	    /* its name in the text format */
	uint8_t imm;		    /* enum wasm_imm */
	uint8_t in_count;	    /* operands; WASM_OP_SPECIAL: the signature is not fixed */
	uint8_t in[WASM_OP_MAX_IN]; /* enum wasm_type, bottom first */
	uint8_t out;		    /* enum wasm_type; WASM_NO_TYPE: no result */
};

extern const struct wasm_op_info wasm_op_table[WASM_OP_COUNT];

static inline const struct wasm_op_info *wasm_op_info(enum wasm_op op)
{
	return &wasm_op_table[op];
}

/* Does the instruction take no fuel? What only bounds blocks takes none, and nop and drop do nothing. */
bool wasm_op_is_free(enum wasm_op op);

#endif
