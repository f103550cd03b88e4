/*
 * Decoding of one instruction (Core 3.0, 5.4).
 * Trust: the bytes are untrusted.
 * Invariant: an instruction that is returned has every member set that its immediate's kind names.
 */
#include "wasm/code.h"

#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/value_type.h"

/* A row of a code table: 0 for an unknown code, an instruction + 1, or CODE_LATER + an error. */
#define CODE_LATER 0x8000u

static const uint16_t code_table[256] = {
#define OP(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#define OP_FC(ident, code, text, imm, in, out)
#define OP_FD(ident, code, text, imm, in, out)
#define OP_FE(ident, code, text, imm, in, out)
#define OP_LATER(code, feature) [code] = CODE_LATER + E_WASM_NEEDS_##feature,
#include "wasm/opcode.def"
#undef OP
#undef OP_FC
#undef OP_FD
#undef OP_FE
#undef OP_LATER
};

/* The codes after a prefix: each table ends with its highest one. */
#define OP(ident, code, text, imm, in, out)
#define OP_LATER(code, feature)

static const uint16_t code_fc_table[] = {
#define OP_FC(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#define OP_FD(ident, code, text, imm, in, out)
#define OP_FE(ident, code, text, imm, in, out)
#include "wasm/opcode.def"
#undef OP_FC
#undef OP_FD
#undef OP_FE
};

static const uint16_t code_fd_table[] = {
#define OP_FC(ident, code, text, imm, in, out)
#define OP_FD(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#define OP_FE(ident, code, text, imm, in, out)
#include "wasm/opcode.def"
#undef OP_FC
#undef OP_FD
#undef OP_FE
};

static const uint16_t code_fe_table[] = {
#define OP_FC(ident, code, text, imm, in, out)
#define OP_FD(ident, code, text, imm, in, out)
#define OP_FE(ident, code, text, imm, in, out) [code] = WASM_OP_##ident + 1,
#include "wasm/opcode.def"
};

/* An instruction with a prefix: the code follows as an integer (5.4). */
static enum err code_take_prefixed(struct reader *r, const uint16_t *table, size_t count,
				   enum wasm_op *op)
{
	uint32_t code;
	enum err e = leb_take_u32(r, &code);

	if (e)
		return e;
	if (code >= count || table[code] == 0)
		return E_WASM_BAD_OPCODE;
	*op = (enum wasm_op)(table[code] - 1);
	return E_OK;
}

static ALWAYS_INLINE enum err code_take_op(struct reader *r, enum wasm_op *op)
{
	uint8_t byte;

	if (!leb_take_byte(r, &byte))
		return E_WASM_END;
	unsigned row = code_table[byte];

	if (likely(row - 1 < CODE_LATER - 1)) {
		*op = (enum wasm_op)(row - 1);
		return E_OK;
	}
	if (row != 0)
		return (enum err)(row - CODE_LATER);
	switch (byte) {
	case 0xfc:
		return code_take_prefixed(r, code_fc_table, COUNT_OF(code_fc_table), op);
	case 0xfd:
		return code_take_prefixed(r, code_fd_table, COUNT_OF(code_fd_table), op);
	case 0xfe:
		return code_take_prefixed(r, code_fe_table, COUNT_OF(code_fe_table), op);
	default:
		return E_WASM_BAD_OPCODE;
	}
}

/* A block type: 0x40, a value type, or an index as a positive 33-bit integer. */
static enum err code_take_block_type(const struct wasm_module *m, struct reader *r,
				     struct wasm_block_type *out)
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
		return value_type_take(m, r, &out->result);
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

/* A clause of a try_table: its kind, the tag of the kinds that have one, a label. */
static enum err code_take_catch(struct reader *r, struct wasm_catch *out)
{
	enum err e = E_OK;

	*out = (struct wasm_catch){0};
	if (!leb_take_byte(r, &out->kind))
		return E_WASM_END;
	if (out->kind > WASM_CATCH_ALL_REF)
		return E_WASM_BAD_CATCH;
	if (out->kind <= WASM_CATCH_REF)
		e = leb_take_u32(r, &out->tag);
	return e ? e : leb_take_u32(r, &out->label);
}

/* The clauses stay in the bytes, as the targets of a br_table do. */
static enum err code_take_try_table(const struct wasm_module *m, struct reader *r,
				    struct wasm_insn *insn)
{
	struct wasm_catch clause;
	enum err e = code_take_block_type(m, r, &insn->block);

	if (!e)
		e = leb_take_u32(r, &insn->catch_count);
	if (e)
		return e;
	if (insn->catch_count > WASM_MAX_CATCHES)
		return E_WASM_MANY_CATCHES;
	struct reader catches = *r;

	for (uint32_t i = 0; i < insn->catch_count; i++) {
		e = code_take_catch(r, &clause);
		if (e)
			return e;
	}
	catches.left -= r->left;
	insn->catches = catches;
	return E_OK;
}

struct wasm_catch code_catch_next(struct reader *catches)
{
	struct wasm_catch clause;

	must(code_take_catch(catches, &clause) == E_OK);
	return clause;
}

/* The lower six bits are the alignment; 0x40 says that a memory index follows (5.4.6). */
static ALWAYS_INLINE enum err code_take_memarg(struct reader *r, struct wasm_insn *insn)
{
	uint32_t flags;
	enum err e = leb_take_u32(r, &flags);

	if (e)
		return e;
	if (flags >= 0x80)
		return E_WASM_BAD_MEMARG;
	insn->mem.align = flags & 0x3f;
	insn->mem.lane = 0;
	insn->mem.memory = 0;
	if (flags & 0x40)
		e = leb_take_u32(r, &insn->mem.memory);
	return e ? e : leb_take_u64(r, &insn->mem.offset);
}

static enum err code_take_memarg_lane(struct reader *r, struct wasm_insn *insn)
{
	enum err e = code_take_memarg(r, insn);

	if (e)
		return e;
	return leb_take_byte(r, &insn->mem.lane) ? E_OK : E_WASM_END;
}

static enum err code_take_index_pair(struct reader *r, struct wasm_insn *insn)
{
	enum err e = leb_take_u32(r, &insn->index);

	return e ? e : leb_take_u32(r, &insn->index2);
}

static enum err code_take_lane(struct reader *r, uint32_t *lane)
{
	uint8_t byte;

	if (!leb_take_byte(r, &byte))
		return E_WASM_END;
	*lane = byte;
	return E_OK;
}

static enum err code_take_v128(struct reader *r, uint8_t v128[16])
{
	reader_bytes(r, v128, 16);
	return reader_ok(r) ? E_OK : E_WASM_END;
}

/* The byte after atomic.fence, for orders of memory that are still to come. */
static enum err code_take_fence(struct reader *r)
{
	uint8_t byte;

	if (!leb_take_byte(r, &byte))
		return E_WASM_END;
	return byte == 0 ? E_OK : E_WASM_BAD_FENCE;
}

/* The vector of result types of a select, of which there must be one. */
static enum err code_take_types(const struct wasm_module *m, struct reader *r, uint32_t *type)
{
	uint32_t count;
	enum err e = leb_take_u32(r, &count);

	if (e)
		return e;
	return count == 1 ? value_type_take(m, r, type) : E_WASM_SELECT_ARITY;
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

static enum err code_take_imm(const struct wasm_module *m, struct reader *r, struct wasm_insn *insn)
{
	switch ((enum wasm_imm)wasm_op_info(insn->op)->imm) {
	case WASM_IMM_NONE:
		return E_OK;
	case WASM_IMM_BLOCK:
		return code_take_block_type(m, r, &insn->block);
	case WASM_IMM_TRY_TABLE:
		return code_take_try_table(m, r, insn);
	case WASM_IMM_LABELS:
		return code_take_labels(r, insn);
	case WASM_IMM_LABEL:
	case WASM_IMM_FUNC:
	case WASM_IMM_TYPE:
	case WASM_IMM_TAG:
	case WASM_IMM_LOCAL:
	case WASM_IMM_GLOBAL:
	case WASM_IMM_TABLE:
	case WASM_IMM_ELEM:
	case WASM_IMM_DATA:
	case WASM_IMM_MEMORY:
		return leb_take_u32(r, &insn->index);
	case WASM_IMM_CALL_INDIRECT:
	case WASM_IMM_TABLE_TABLE:
	case WASM_IMM_ELEM_TABLE:
	case WASM_IMM_MEMORY_MEMORY:
	case WASM_IMM_DATA_MEMORY:
		return code_take_index_pair(r, insn);
	case WASM_IMM_TYPES:
		return code_take_types(m, r, &insn->type);
	case WASM_IMM_HEAP_TYPE:
		return value_type_take_heap(m, r, &insn->type);
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
	case WASM_IMM_MEM4:
	case WASM_IMM_ATOMIC0:
	case WASM_IMM_ATOMIC1:
	case WASM_IMM_ATOMIC2:
	case WASM_IMM_ATOMIC3:
		return code_take_memarg(r, insn);
	case WASM_IMM_MEMLANE0:
	case WASM_IMM_MEMLANE1:
	case WASM_IMM_MEMLANE2:
	case WASM_IMM_MEMLANE3:
		return code_take_memarg_lane(r, insn);
	case WASM_IMM_FENCE:
		return code_take_fence(r);
	case WASM_IMM_V128:
	case WASM_IMM_SHUFFLE:
		return code_take_v128(r, insn->v128);
	case WASM_IMM_LANE2:
	case WASM_IMM_LANE4:
	case WASM_IMM_LANE8:
	case WASM_IMM_LANE16:
		return code_take_lane(r, &insn->index);
	}
	must(false);
}

enum err code_next(const struct wasm_module *m, struct reader *r, struct wasm_insn *insn)
{
	enum err e = code_take_op(r, &insn->op);

	return e ? e : code_take_imm(m, r, insn);
}
