/*
 * The decoder of the verifier: a closed list of x86-64 encodings, those that the compiler emits.
 * What is not on the list (native/x86.def), prefixes and their order included, is refused, also when a CPU
 * would execute it. Encodings: Intel SDM volume 2.
 */
#ifndef NATIVE_X86_H
#define NATIVE_X86_H

#include "base/cc.h"

enum x86_reg {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15,
	X86_RIP, /* as a base only: the address of the next instruction */
	X86_NO_REG,
};

/*
 * What an instruction means to the verifier. X86_OTHER: nothing beyond what its operands say (a written
 * register has any value); so has every class for which the verifier knows no better.
 */
enum x86_class {
	X86_OTHER,
	/* numbers: the first operand is the destination */
	X86_MOV,
	X86_MOVZX,
	X86_MOVSX,
	X86_LEA,
	X86_ADD,
	X86_SUB,
	X86_CMP,
	X86_TEST,
	X86_AND,
	X86_OR,
	X86_XOR,
	X86_INC,
	X86_DEC,
	X86_SHL,
	X86_SHR,
	X86_SAR,
	X86_IMUL,
	X86_COUNT_BITS, /* result at most 64 */
	X86_SCAN_BITS,	/* BSF, BSR: destination undefined for 0 */
	X86_SETCC,
	X86_CMOV,
	X86_XCHG,
	X86_XADD,
	X86_CMPXCHG,
	/* the stack */
	X86_PUSH,
	X86_POP,
	/* control */
	X86_JMP,
	X86_JCC,
	X86_CALL,
	X86_RET,
	X86_JMP_INDIRECT,
	X86_CALL_INDIRECT,
	X86_TRAP, /* UD1, UD2: ends here, by an exception */
	X86_HALT, /* HLT, between functions and where nothing should get: likewise */
};

enum x86_segment { X86_NO_SEGMENT, X86_FS, X86_GS };

enum x86_operand_kind {
	X86_NONE,
	X86_GPR,       /* reg; high: bits 8 to 15 of it */
	X86_XMM,       /* reg; size 16 or 32 */
	X86_MEMORY,    /* struct x86_insn has it; size 0: the address alone */
	X86_IMMEDIATE, /* struct x86_insn has it */
};

#define X86_READ  1u
#define X86_WRITE 2u

struct x86_operand {
	uint8_t kind;	/* enum x86_operand_kind */
	uint8_t reg;	/* enum x86_reg */
	uint8_t size;	/* bytes */
	uint8_t access; /* X86_READ | X86_WRITE; also of operands that the text of it does not show */
	bool high;
};

#define X86_OPERANDS 4u

struct x86_insn {
	uint8_t length;
	uint8_t class;	   /* enum x86_class */
	uint8_t condition; /* JCC, SETCC, CMOV: the low four bits of the opcode */
	bool keeps_flags;
	bool has_memory;
	bool locked;
	uint8_t operand_count;
	struct x86_operand operands[X86_OPERANDS];
	/* the memory operand */
	uint8_t segment; /* enum x86_segment */
	uint8_t base;	 /* enum x86_reg */
	uint8_t index;
	uint8_t scale; /* 1, 2, 4, 8 */
	int32_t disp;
	/* the immediate, sign-extended as the instruction does; direct jumps and calls: the distance from the
	 * next instruction */
	int64_t immediate;
};

#define X86_LENGTH_MAX 15u

/* Where in the list each opcode begins: made once, read-only then. */
#define X86_MAPS	7u
#define X86_ENTRIES_MAX 1024u
struct x86_index {
	uint16_t first[X86_MAPS * 256 + 1]; /* in entries */
	uint16_t entries[X86_ENTRIES_MAX];  /* forms */
};
void x86_index_init(struct x86_index *index);

/*
 * Decodes the instruction at p (untrusted), which has `left` bytes at most; true if it is on the list.
 */
MUST_USE bool x86_decode(struct x86_insn *insn, const struct x86_index *index, const uint8_t *p,
			 size_t left);

#endif
