/*
 * One instruction, decoded completely: its row in the table and its immediates, no LEB128 left. The
 * validator, the interpreter's translator and a compiler all read bodies through code_next.
 */
#ifndef WASM_CODE_H
#define WASM_CODE_H

#include "base/err.h"
#include "base/reader.h"
#include "wasm/opcode.h"

/* A block's type (Core 2.0, 5.4.1): a function type by index, or at most one result. */
struct wasm_block_type {
	bool has_index;
	uint8_t result; /* without an index: enum wasm_type, WASM_NO_TYPE for none */
	uint32_t index; /* into the module's types */
};

/* The member that is set depends on the immediate's kind: see enum wasm_imm. */
struct wasm_insn {
	enum wasm_op op;
	union {
		struct {
			uint32_t index;
			uint32_t index2;
		};
		uint64_t bits;
		uint8_t type; /* enum wasm_type */
		struct wasm_block_type block;
		struct {
			uint64_t offset;
			uint32_t memory;
			uint32_t align; /* log2 of the promised alignment; a hint */
		} mem;
		struct {
			uint32_t count;	       /* of targets; one more follows, the default */
			struct reader targets; /* count + 1 labels, for code_label_next */
		} labels;
	};
};

/*
 * Takes the next instruction off r. The bytes are untrusted; every encoding rule is checked (known
 * code, LEB128 lengths and unused bits, known types, reserved bytes), no rule of typing is, and
 * indices are as they stand. Labels of a br_table are all decodable. Errors: E_WASM_*.
 */
MUST_USE enum err code_next(struct reader *r, struct wasm_insn *insn);

/* The next label of a br_table: insn->labels.count + 1 times on a copy of insn->labels.targets. */
uint32_t code_label_next(struct reader *targets);

#endif
