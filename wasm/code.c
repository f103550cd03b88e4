/*
 * Decoding of one instruction (Core 2.0, 5.4).
 * Trust: the bytes are untrusted.
 * Invariant: an instruction that is returned has every member set that its immediate's kind names.
 */
#include "wasm/code.h"

#include "wasm/leb.h"
#include "wasm/value_type.h"

/* A row of a code table: 0 for an unknown code, an instruction + 1, or CODE_LATER + an error. */
#define CODE_LATER 0x8000u

#define CODE_FC_COUNT 18

static const uint16_t code_table[256] = {
#define OP(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#define OP_FC(ident, code, text, imm, in, out)
#define OP_LATER(code, feature) [code] = CODE_LATER + E_WASM_NEEDS_##feature,
#include "wasm/opcode.def"
#undef OP
#undef OP_FC
#undef OP_LATER
};

static const uint16_t code_fc_table[CODE_FC_COUNT] = {
#define OP(ident, code, text, imm, in, out)
#define OP_FC(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#define OP_LATER(code, feature)
#include "wasm/opcode.def"
};

#define CODE_FC_PREFIX 0xfc

static enum err code_take_op(struct reader *r, enum wasm_op *op)
{
	uint8_t byte;
	uint32_t sub;
	unsigned row;

	if (!leb_take_byte(r, &byte))
		return E_WASM_END;
	row = code_table[byte];
	if (byte == CODE_FC_PREFIX) {
		enum err e = leb_take_u32(r, &sub);

		if (e)
			return e;
		row = sub < CODE_FC_COUNT ? code_fc_table[sub] : 0;
	}
	if (row == 0)
		return E_WASM_BAD_OPCODE;
	if (row >= CODE_LATER)
		return (enum err)(row - CODE_LATER);
	*op = (enum wasm_op)(row - 1);
	return E_OK;
}

/* A block type: 0x40, a value type, or an index as a positive 33-bit integer. */
static enum err code_take_block_type(struct reader *r, struct wasm_block_type *out)
{
	int64_t index;

	*out = (struct wasm_block_type){0};
	if (r->left == 0)
		return E_WASM_END;
	if (*r->p == 0x40) {
		reader_u8(r);
		return E_OK;
	}
	if (*r->p > 0x40 && *r->p < 0x80)
		return value_type_take(r, &out->result);
	enum err e = leb_take_signed(r, 33, &index);

	if (e)
		return e;
	if (index < 0)
		return E_WASM_BAD_BLOCK_TYPE;
	out->has_index = true;
	out->index = (uint32_t)index;
	return E_OK;
}

/* The targets stay in the bytes, but each is decoded once here: code_label_next cannot fail. */
static enum err code_take_labels(struct reader *r, struct wasm_insn *insn)
{
	uint32_t label;
	enum err e = leb_take_u32(r, &insn->labels.count);

	if (e)
		return e;
	struct reader targets = *r;

	for (uint64_t i = 0; i <= insn->labels.count; i++) {
		e = leb_take_u32(r, &label);
		if (e)
			return e;
	}
	targets.left -= r->left;
	insn->labels.targets = targets;
	return E_OK;
}

uint32_t code_label_next(struct reader *targets)
{
	uint32_t label;

	must(leb_take_u32(targets, &label) == E_OK);
	return label;
}

/* Flags 0x40 say that a memory index follows (multi-memory); 32 and up are free otherwise. */
static enum err code_take_memarg(struct reader *r, struct wasm_insn *insn)
{
	uint32_t flags;
	uint32_t offset;
	enum err e = leb_take_u32(r, &flags);

	if (e)
		return e;
	if (flags >= 0x40 && flags < 0x80)
		return E_WASM_NEEDS_MULTI_MEMORY;
	if (flags >= 0x20)
		return E_WASM_BAD_MEMARG;
	e = leb_take_u32(r, &offset);
	if (e)
		return e;
	insn->mem.offset = offset;
	insn->mem.memory = 0;
	insn->mem.align = flags;
	return E_OK;
}

/* The reserved byte that will be a memory index. */
static enum err code_take_memory(struct reader *r, uint32_t *out)
{
	uint8_t byte;

	if (!leb_take_byte(r, &byte))
		return E_WASM_END;
	*out = 0;
	return byte == 0 ? E_OK : E_WASM_NEEDS_MULTI_MEMORY;
}

static enum err code_take_memory_pair(struct reader *r, struct wasm_insn *insn)
{
	enum err e = code_take_memory(r, &insn->index);

	return e ? e : code_take_memory(r, &insn->index2);
}

static enum err code_take_index_pair(struct reader *r, struct wasm_insn *insn)
{
	enum err e = leb_take_u32(r, &insn->index);

	return e ? e : leb_take_u32(r, &insn->index2);
}

static enum err code_take_data_memory(struct reader *r, struct wasm_insn *insn)
{
	enum err e = leb_take_u32(r, &insn->index);

	return e ? e : code_take_memory(r, &insn->index2);
}

/* The vector of result types of a select, of which there must be one. */
static enum err code_take_types(struct reader *r, uint8_t *type)
{
	uint32_t count;
	enum err e = leb_take_u32(r, &count);

	if (e)
		return e;
	return count == 1 ? value_type_take(r, type) : E_WASM_SELECT_ARITY;
}

static enum err code_take_int(struct reader *r, unsigned bits, uint64_t *out)
{
	int64_t v;
	enum err e = leb_take_signed(r, bits, &v);

	if (!e)
		*out = bits == 32 ? (uint32_t)v : (uint64_t)v;
	return e;
}

static enum err code_take_float(struct reader *r, unsigned bits, uint64_t *out)
{
	*out = bits == 32 ? reader_u32(r) : reader_u64(r);
	return reader_ok(r) ? E_OK : E_WASM_END;
}

static enum err code_take_imm(struct reader *r, struct wasm_insn *insn)
{
	switch ((enum wasm_imm)wasm_op_info(insn->op)->imm) {
	case WASM_IMM_NONE:
		return E_OK;
	case WASM_IMM_BLOCK:
		return code_take_block_type(r, &insn->block);
	case WASM_IMM_LABELS:
		return code_take_labels(r, insn);
	case WASM_IMM_LABEL:
	case WASM_IMM_FUNC:
	case WASM_IMM_LOCAL:
	case WASM_IMM_GLOBAL:
	case WASM_IMM_TABLE:
	case WASM_IMM_ELEM:
	case WASM_IMM_DATA:
		return leb_take_u32(r, &insn->index);
	case WASM_IMM_CALL_INDIRECT:
	case WASM_IMM_TABLE_TABLE:
	case WASM_IMM_ELEM_TABLE:
		return code_take_index_pair(r, insn);
	case WASM_IMM_MEMORY:
		return code_take_memory(r, &insn->index);
	case WASM_IMM_MEMORY_MEMORY:
		return code_take_memory_pair(r, insn);
	case WASM_IMM_DATA_MEMORY:
		return code_take_data_memory(r, insn);
	case WASM_IMM_TYPES:
		return code_take_types(r, &insn->type);
	case WASM_IMM_REF_TYPE:
		return value_type_take_ref(r, &insn->type);
	case WASM_IMM_I32:
		return code_take_int(r, 32, &insn->bits);
	case WASM_IMM_I64:
		return code_take_int(r, 64, &insn->bits);
	case WASM_IMM_F32:
		return code_take_float(r, 32, &insn->bits);
	case WASM_IMM_F64:
		return code_take_float(r, 64, &insn->bits);
	case WASM_IMM_MEM0:
	case WASM_IMM_MEM1:
	case WASM_IMM_MEM2:
	case WASM_IMM_MEM3:
		return code_take_memarg(r, insn);
	}
	must(false);
}

enum err code_next(struct reader *r, struct wasm_insn *insn)
{
	enum err e = code_take_op(r, &insn->op);

	return e ? e : code_take_imm(r, insn);
}
