/*
 * One instruction, decoded completely: its row in the table and its immediates, no LEB128 left. The
 * validator, the interpreter's translator and a compiler all read bodies through code_next.
 */
#ifndef WASM_CODE_H
#define WASM_CODE_H

#include "base/err.h"
#include "base/reader.h"
#include "wasm/module.h"
#include "wasm/opcode.h"

/* A block's type (Core 3.0, 5.4.1): a function type by index, or at most one result. */
struct wasm_block_type {
	bool has_index;
	uint32_t result; /* without an index: enum wasm_type, WASM_NO_TYPE for none */
	uint32_t index;	 /* into the module's types */
};

/* A catch clause of try_table (5.4.1), with its binary codes. */
enum wasm_catch_kind {
	WASM_CATCH = 0,		/* of a tag: takes its values */
	WASM_CATCH_REF = 1,	/* and the exception */
	WASM_CATCH_ALL = 2,	/* nothing */
	WASM_CATCH_ALL_REF = 3, /* the exception */
};

struct wasm_catch {
	uint8_t kind;	/* enum wasm_catch_kind */
	uint32_t tag;	/* of the first two */
	uint32_t label; /* 0: the block around the try_table */
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
		uint32_t type;	  /* enum wasm_type */
		uint8_t v128[16]; /* little-endian */
		struct {
			struct wasm_block_type block;
			uint32_t catch_count;  /* of try_table, for code_catch_next */
			struct reader catches; /* of try_table */
		};
		struct {
			uint64_t offset;
			uint32_t memory;
			uint8_t align; /* log2 of the promised alignment */
			uint8_t lane;
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
 * indices are as they stand, but for those in value types: they are checked against the module's
 * types and come out canonical. Labels of a br_table and clauses of a try_table are all decodable.
 * Errors: E_WASM_*.
 */
MUST_USE enum err code_next(const struct wasm_module *m, struct reader *r, struct wasm_insn *insn);

/* The next label of a br_table: insn->labels.count + 1 times on a copy of insn->labels.targets. */
uint32_t code_label_next(struct reader *targets);

/* The next clause of a try_table: insn->catch_count times on a copy of insn->catches. */
struct wasm_catch code_catch_next(struct reader *catches);

#endif
