/* The type checker: each rule of chapter 3.3 broken once, and what is noted of a body. */
#include "base/writer.h"
#include "wasm/code.h"
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define F32	  0x7d
#define F64	  0x7c
#define FUNCREF	  0x70
#define EXTERNREF 0x6f
#define VOID	  0x40

/* The types of the module around the body. */
enum { NONE_NONE, I32_I32, NONE_I32, I32I64_I64I32, NONE_I32I32, NONE_FUNCREF, TYPE_TOTAL };

/* Function 0 is imported, of type I32_I32, and exported; function 1 is the body's, not declared. */
static const uint8_t g_before_func[] = {
	WASM_HEADER,
	SECTION_OF(TYPE, TYPE_TOTAL, 0x60, 0, 0, 0x60, 1, I32, 1, I32, 0x60, 0, 1, I32, 0x60, 2,
		   I32, I64, 2, I64, I32, 0x60, 0, 2, I32, I32, 0x60, 0, 1, FUNCREF),
	SECTION_OF(IMPORT, 2, 1, 'e', 1, 'f', 0, I32_I32, 1, 'e', 1, 'g', 3, I64, 0),
};
static const uint8_t g_before_code[] = {
	SECTION_OF(TABLE, 2, FUNCREF, 0, 0, EXTERNREF, 0, 0), SECTION_OF(MEMORY, 1, 0, 1),
	SECTION_OF(GLOBAL, 1, I32, 1, 0x41, 0, 0x0b),	      SECTION_OF(EXPORT, 1, 1, 'f', 0, 0),
	SECTION_OF(ELEM, 2, 1, 0, 0, 5, EXTERNREF, 0),	      SECTION_OF(DATA_COUNT, 1),
};
static const uint8_t g_after_code[] = {SECTION_OF(DATA, 1, 1, 0)};

static void write_leb(struct writer *w, size_t n)
{
	for (int i = 0; i < 4; i++)
		writer_u8(w, (uint8_t)((n >> 7 * i) | 0x80));
	writer_u8(w, (uint8_t)(n >> 28));
}

/* A module whose function 1 has that type and those bytes, locals first. */
static size_t write_module(struct writer *w, uint8_t type, const uint8_t *body, size_t size)
{
	const uint8_t func_section[] = {SECTION_OF(FUNC, 1, type)};

	writer_bytes(w, g_before_func, sizeof(g_before_func));
	writer_bytes(w, func_section, sizeof(func_section));
	writer_bytes(w, g_before_code, sizeof(g_before_code));
	writer_u8(w, CODE);
	write_leb(w, size + 6);
	writer_u8(w, 1);
	write_leb(w, size);
	writer_bytes(w, body, size);
	writer_bytes(w, g_after_code, sizeof(g_after_code));
	CHECK(writer_ok(w));
	return w->len;
}

static struct wasm_error g_error;

static enum err body_verdict(uint8_t type, const uint8_t *body, size_t size)
{
	size_t room = size + 512;
	uint8_t *module = malloc(room);
	struct writer w;

	writer_init(&w, module, room);
	enum err e = wasm_verdict(&g_error, module, write_module(&w, type, body, size));

	free(module);
	return e;
}

/* The verdict on a body without locals; its last `end` is added. */
#define BODY(type, ...) body_verdict((type), BYTES(0, __VA_ARGS__, 0x0b))

/* ---- shape ----------------------------------------------------------------------------------- */

TEST(a_body_ends_where_its_size_says)
{
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x0b)), E_OK);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x0b, 0x01)), E_WASM_BODY_SIZE);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x01)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x02, VOID, 0x0b)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x0b, 0x0b)), E_WASM_BODY_SIZE);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0x80)), E_WASM_END);
}

TEST(locals_are_bounded)
{
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(1, 0xd0, 0x86, 3, I32, 0x0b)), E_OK);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(1, 0xd1, 0x86, 3, I32, 0x0b)), E_WASM_MANY_LOCALS);
	CHECK_EQ(body_verdict(I32_I32, BYTES(1, 0xd0, 0x86, 3, I32, 0x20, 0, 0x0b)),
		 E_WASM_MANY_LOCALS);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(2, 1, I32, 0xff, 0xff, 0xff, 0xff, 0x0f, I64, 0x0b)),
		 E_WASM_MANY_LOCALS);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(1, 1, 0x33, 0x0b)), E_WASM_BAD_TYPE);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(3, 1, I32, 0x0b)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(2, 0, I32, 0, I64, 0x0b)), E_OK);
}

TEST(an_error_tells_function_and_place)
{
	static const uint8_t nop_then_bad[] = {0, 0x01, 0x1a, 0x0b};
	uint8_t module[512];
	struct writer w;

	writer_init(&w, module, sizeof(module));
	size_t size = write_module(&w, NONE_NONE, nop_then_bad, sizeof(nop_then_bad));

	CHECK_EQ(wasm_verdict(&g_error, module, size), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(g_error.code, E_WASM_TYPE_MISMATCH);
	CHECK_EQ(g_error.func, 1);
	CHECK_EQ(g_error.offset, size - sizeof(g_after_code) - 2);
}

/* ---- instructions as bytes ------------------------------------------------------------------- */

TEST(unknown_instructions_are_refused)
{
	CHECK_EQ(BODY(NONE_NONE, 0x27), E_WASM_BAD_OPCODE);
	CHECK_EQ(BODY(NONE_NONE, 0xff), E_WASM_BAD_OPCODE);
	CHECK_EQ(BODY(NONE_NONE, 0xc5), E_WASM_BAD_OPCODE);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 18), E_WASM_BAD_OPCODE);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f), E_WASM_BAD_OPCODE);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 0x89, 0x80, 0x80, 0x80, 0x00, 0), E_OK);
}

TEST(instructions_of_later_features_are_named)
{
	CHECK_EQ(BODY(NONE_NONE, 0xfb, 0), E_WASM_NEEDS_GC);
	CHECK_EQ(BODY(NONE_NONE, 0xd3), E_WASM_NEEDS_GC);
	CHECK_EQ(BODY(NONE_NONE, 0xd0, 0x6e, 0x1a), E_WASM_NEEDS_GC);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(1, 1, 0x6e, 0x0b)), E_WASM_NEEDS_GC);
}

TEST(immediates_are_complete)
{
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x41)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x43, 0, 0, 0)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x44, 0, 0, 0, 0, 0, 0, 0)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x41, 0, 0x28, 2)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x02)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0xfc)), E_WASM_END);
	CHECK_EQ(body_verdict(NONE_NONE, BYTES(0, 0x41, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)),
		 E_WASM_END);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a), E_WASM_LEB_LARGE);
}

/* For code whose types are no indices. */
static const struct wasm_module g_no_module;

TEST(code_next_never_returns_half_an_instruction)
{
	static const uint8_t f64_const[] = {0x44, 0, 0, 0, 0, 0, 0, 0, 0};
	struct wasm_insn insn;
	struct reader r;

	for (size_t n = 0; n < sizeof(f64_const); n++) {
		reader_init(&r, f64_const, n);
		CHECK_EQ(code_next(&g_no_module, &r, &insn), E_WASM_END);
	}
	reader_init(&r, f64_const, sizeof(f64_const));
	CHECK_EQ(code_next(&g_no_module, &r, &insn), E_OK);
}

TEST(code_next_yields_immediates)
{
	static const uint8_t code[] = {0x41, 0x7f, 0x42, 0x7f, 0x43, 1,	   2,	 3,   4,
				       0x37, 3,	   0x80, 1,    0xfc, 14,   1,	 0,   0x0e,
				       2,    5,	   6,	 7,    0x02, 0x7e, 0x03, 0x04};
	struct wasm_insn insn;
	struct reader r;

	reader_init(&r, code, sizeof(code));
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_I32_CONST);
	CHECK_EQ(insn.bits, UINT32_MAX);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_I64_CONST);
	CHECK_EQ(insn.bits, UINT64_MAX);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_F32_CONST);
	CHECK_EQ(insn.bits, 0x04030201);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_I64_STORE);
	CHECK(insn.mem.align == 3 && insn.mem.offset == 128 && insn.mem.memory == 0);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_TABLE_COPY);
	CHECK(insn.index == 1 && insn.index2 == 0);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_BR_TABLE);
	CHECK_EQ(insn.labels.count, 2);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(code_label_next(&insn.labels.targets), 5 + i);
	CHECK_EQ(insn.labels.targets.left, 0);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_BLOCK);
	CHECK(!insn.block.has_index && insn.block.result == WASM_I64);
	CHECK(code_next(&g_no_module, &r, &insn) == E_OK && insn.op == WASM_OP_LOOP);
	CHECK(insn.block.has_index && insn.block.index == 4);
	CHECK(reader_done(&r));
}

TEST(malformed_immediates_are_refused)
{
	CHECK_EQ(BODY(NONE_NONE, 0x02, 0x41, 0x0b), E_WASM_BAD_TYPE);
	CHECK_EQ(BODY(NONE_NONE, 0x02, 0x80, 0x40, 0x0b), E_WASM_BAD_BLOCK_TYPE);
	CHECK_EQ(BODY(NONE_NONE, 0x02, TYPE_TOTAL, 0x0b), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(BODY(NONE_NONE, 0xd0, I32, 0x1a), E_WASM_BAD_TYPE);
	CHECK_EQ(BODY(NONE_NONE, 0xd0, 0x6e, 0x1a), E_WASM_NEEDS_GC);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x41, 0, 0x1c, 0), E_WASM_SELECT_ARITY);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x41, 0, 0x1c, 2, I32, I32), E_WASM_SELECT_ARITY);
}

/* ---- typing ---------------------------------------------------------------------------------- */

TEST(operands_have_their_types)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x41, 2, 0x6a), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x6a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x42, 2, 0x6a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 1, 0x41, 2, 0x6a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x41, 2, 0x7c), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x1a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x43, 0, 0, 0, 0, 0xfc, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xfc, 0), E_WASM_TYPE_MISMATCH);
}

TEST(results_are_exactly_there)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x01), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32I32, 0x41, 0, 0x41, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32I32, 0x41, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(I32I64_I64I32, 0x20, 1, 0x20, 0), E_OK);
	CHECK_EQ(BODY(I32I64_I64I32, 0x20, 0, 0x20, 1), E_WASM_TYPE_MISMATCH);
}

TEST(a_block_does_not_reach_below_itself)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x02, VOID, 0x1a, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x02, VOID, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x02, I32_I32, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x02, I32_I32, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x02, I32_I32, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x02, VOID, 0x41, 0, 0x0b), E_WASM_TYPE_MISMATCH);
}

TEST(if_and_else_agree)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x04, I32, 0x41, 1, 0x05, 0x41, 2, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x04, I32, 0x41, 1, 0x05, 0x42, 2, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x04, I32, 0x42, 1, 0x05, 0x41, 2, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x04, I32, 0x41, 1, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x04, I32, 0x41, 1, 0x05, 0x41, 2, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 7, 0x41, 0, 0x04, I32_I32, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x05), E_WASM_ELSE_WITHOUT_IF);
	CHECK_EQ(BODY(NONE_NONE, 0x02, VOID, 0x05, 0x0b), E_WASM_ELSE_WITHOUT_IF);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x04, VOID, 0x05, 0x05, 0x0b), E_WASM_ELSE_WITHOUT_IF);
}

TEST(branches_carry_the_label_types)
{
	CHECK_EQ(BODY(NONE_I32, 0x02, I32, 0x41, 0, 0x0c, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x02, I32, 0x0c, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x02, I32, 0x42, 0, 0x0c, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x0c, 1), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_NONE, 0x0c, 0xff, 0xff, 0xff, 0xff, 0x0f), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x0d, 1), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_NONE, 0x03, I32_I32 + 1, 0x0c, 0, 0x0b, 0x1a), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x03, I32_I32, 0x42, 0, 0x0c, 0, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x41, 0, 0x0d, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x0d, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 1, 0x42, 0, 0x0d, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x0f), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x0f), E_OK);
}

TEST(targets_of_a_br_table_agree)
{
	CHECK_EQ(BODY(NONE_NONE, 0x02, VOID, 0x41, 0, 0x0e, 1, 0, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x02, I32, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x02, I64, 0x41, 0, 0x41, 0, 0x0e, 1, 1, 0, 0x0b, 0x1a, 0x41, 0),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x02, I64, 0x00, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x41, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x0e, 2, 0, 1, 0), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x0e, 0, 1), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_NONE, 0x42, 0, 0x0e, 0, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x0e, 0, 0), E_WASM_TYPE_MISMATCH);
}

TEST(unreachable_code_is_polymorphic_but_typed)
{
	CHECK_EQ(BODY(NONE_I32, 0x00), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0x6a), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0x42, 0, 0x6a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x00, 0x41, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0x1b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0x1b, 0x42, 0, 0x7c), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x0f, 0x02, VOID, 0x1a, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x0f, 0x68), E_OK);
	CHECK_EQ(BODY(NONE_I32I32, 0x00, 0x41, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32I32, 0x00, 0x42, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0xd1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x04, I32, 0x00, 0x05, 0x01, 0x0b), E_WASM_TYPE_MISMATCH);
}

TEST(select_takes_numbers_of_one_type)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 1, 0x41, 2, 0x1b), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x42, 1, 0x41, 2, 0x1b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x41, 1, 0x41, 2, 0x1b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 1, 0x42, 2, 0x1b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd0, FUNCREF, 0xd0, FUNCREF, 0x41, 2, 0x1b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd0, FUNCREF, 0xd0, FUNCREF, 0x41, 2, 0x1c, 1, FUNCREF), E_OK);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd0, FUNCREF, 0xd0, EXTERNREF, 0x41, 2, 0x1c, 1, FUNCREF),
		 E_WASM_TYPE_MISMATCH);
}

TEST(variables_exist_and_have_types)
{
	CHECK_EQ(BODY(I32_I32, 0x20, 0), E_OK);
	CHECK_EQ(BODY(I32_I32, 0x20, 1), E_WASM_NO_SUCH_LOCAL);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x21, 0), E_WASM_NO_SUCH_LOCAL);
	CHECK_EQ(BODY(I32_I32, 0x42, 0, 0x21, 0, 0x20, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(I32_I32, 0x42, 0, 0x22, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(I32_I32, 0x41, 0, 0x22, 0), E_OK);
	CHECK_EQ(BODY(I32_I32, 0x23, 1), E_OK);
	CHECK_EQ(BODY(I32_I32, 0x23, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(I32_I32, 0x23, 2), E_WASM_NO_SUCH_GLOBAL);
	CHECK_EQ(BODY(NONE_NONE, 0x42, 0, 0x24, 0), E_WASM_IMMUTABLE);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x24, 1), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x42, 0, 0x24, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x24, 2), E_WASM_NO_SUCH_GLOBAL);
}

TEST(calls_match_their_types)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x10, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x10, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x10, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x10, 2), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x11, I32_I32, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x11, I32_I32, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x42, 0, 0x11, I32_I32, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x11, I32_I32, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x11, I32_I32, 2), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x11, TYPE_TOTAL, 0), E_WASM_NO_SUCH_TYPE);
}

TEST(memory_accesses_are_aligned_at_most_naturally)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x28, 2, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x28, 3, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x2d, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x2d, 1, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x42, 0, 0x37, 3, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x42, 0, 0x37, 4, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x42, 0, 0x3d, 2, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x28, 0x20, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x28, 0x80, 1, 0), E_WASM_BAD_MEMARG);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x28, 2, 0), E_WASM_TYPE_MISMATCH);
}

/* Each instruction on memory, in a module that has none. */
static enum err verdict_without_memory(const uint8_t *code, size_t size)
{
	uint8_t module[64] = {WASM_HEADER,
			      SECTION_OF(TYPE, 1, 0x60, 0, 0),
			      SECTION_OF(FUNC, 1, 0),
			      SECTION_OF(DATA_COUNT, 0),
			      CODE,
			      (uint8_t)(size + 3),
			      1,
			      (uint8_t)(size + 1),
			      0};
	size_t at = 8 + 6 + 4 + 3 + 5;

	memcpy(module + at, code, size);
	return wasm_verdict(&g_error, module, at + size);
}

TEST(memory_instructions_need_a_memory)
{
	CHECK_EQ(verdict_without_memory(BYTES(0x0b)), E_OK);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0x28, 0, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0x36, 0, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x3f, 0, 0x1a, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0x40, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0xfc, 8, 0, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0xfc, 10, 0, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0x00, 0xfc, 11, 0, 0x0b)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(verdict_without_memory(BYTES(0xfc, 9, 0, 0x0b)), E_WASM_NO_SUCH_DATA);
}

#define THREE_I32 0x41, 0, 0x41, 0, 0x41, 0

TEST(bulk_instructions_name_what_exists)
{
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 8, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 8, 1, 0), E_WASM_NO_SUCH_DATA);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 8, 0, 1), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 9, 1), E_WASM_NO_SUCH_DATA);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 10, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 11, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0x42, 0, 0x41, 0, 0xfc, 11, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 13, 1), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0xfc, 13, 2), E_WASM_NO_SUCH_ELEM);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 12, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 12, 1, 1), E_OK);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 12, 0, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 12, 2, 0), E_WASM_NO_SUCH_ELEM);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 12, 0, 2), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 14, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 14, 0, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 14, 2, 0), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE_NONE, THREE_I32, 0xfc, 14, 0, 2), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE_I32, 0xfc, 16, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0xfc, 16, 2), E_WASM_NO_SUCH_TABLE);
}

TEST(data_indices_need_a_data_count)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			 SECTION_OF(CODE, 1, 5, 0, 0xfc, 9, 0, 0x0b), SECTION_OF(DATA, 1, 1, 0)),
		 E_WASM_NO_DATA_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			 SECTION_OF(DATA_COUNT, 1), SECTION_OF(CODE, 1, 5, 0, 0xfc, 9, 0, 0x0b),
			 SECTION_OF(DATA, 1, 1, 0)),
		 E_OK);
}

TEST(tables_have_element_types)
{
	CHECK_EQ(BODY(NONE_FUNCREF, 0x41, 0, 0x25, 0), E_OK);
	CHECK_EQ(BODY(NONE_FUNCREF, 0x41, 0, 0x25, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNCREF, 0x41, 0, 0x25, 2), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0xd0, FUNCREF, 0x26, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0xd0, FUNCREF, 0x26, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0xd0, FUNCREF, 0x41, 0, 0x26, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd0, FUNCREF, 0x41, 0, 0xfc, 15, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0xd0, FUNCREF, 0x41, 0, 0xfc, 15, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0xd0, FUNCREF, 0x41, 0, 0xfc, 17, 0), E_OK);
	CHECK_EQ(BODY(NONE_NONE, 0x41, 0, 0xd0, FUNCREF, 0x41, 0, 0xfc, 17, 1),
		 E_WASM_TYPE_MISMATCH);
}

TEST(references_are_declared)
{
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd2, 0), E_OK);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd2, 1), E_WASM_UNDECLARED_REF);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd2, 2), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(BODY(NONE_I32, 0xd2, 0, 0xd1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNCREF, 0xd0, EXTERNREF), E_WASM_TYPE_MISMATCH);
}

/* ---- what is noted, and what it costs -------------------------------------------------------- */

TEST(a_body_is_described)
{
	static const uint8_t body[] = {2,    3,	   I64, 1,    F32,  0x41, 1,	0x41, 2,    0x02,
				       VOID, 0x41, 3,	0x1a, 0x03, VOID, 0x0b, 0x0b, 0x6a, 0x0b};
	uint8_t module[512];
	struct writer w;
	struct wasm_module m;
	uint32_t count, type;

	writer_init(&w, module, sizeof(module));
	size_t size = write_module(&w, I32_I32, body, sizeof(body));

	CHECK_EQ(wasm_decode(&m, &g_error, module, size), E_OK);
	CHECK_EQ(wasm_validate(&m, &g_error), E_OK);
	const struct wasm_body *b = wasm_func_body(&m, 1);

	CHECK_EQ(b->local_count, 5);
	CHECK_EQ(b->max_stack, 3);
	CHECK_EQ(b->max_depth, 3);
	CHECK_EQ(b->block_count, 2);
	CHECK_EQ(b->code, b->span.offset + 5);
	struct reader code = wasm_body_code(&m, b);
	struct reader r = wasm_span_reader(&m, b->span);

	CHECK_EQ(code.left, sizeof(body) - 5);
	CHECK_EQ(wasm_locals_begin(&r), 2);
	wasm_locals_next(&m, &r, &count, &type);
	CHECK(count == 3 && type == WASM_I64);
	wasm_locals_next(&m, &r, &count, &type);
	CHECK(count == 1 && type == WASM_F32);
	CHECK(r.p == code.p);
	wasm_module_fini(&m);
}

/* Deep nesting: the frames grow, and nothing recurses. */
TEST(a_hundred_thousand_blocks_nest)
{
	enum { DEPTH = 100000 };
	uint8_t *body = malloc(1 + DEPTH * 3 + 1);
	uint8_t *p = body;

	*p++ = 0;
	for (int i = 0; i < DEPTH; i++) {
		*p++ = 0x02;
		*p++ = VOID;
	}
	memset(p, 0x0b, DEPTH + 1);
	p += DEPTH + 1;
	CHECK_EQ(body_verdict(NONE_NONE, body, (size_t)(p - body)), E_OK);
	CHECK_EQ(body_verdict(NONE_NONE, body, (size_t)(p - body) - 1), E_WASM_END);
	free(body);
}

/* 100,000 values: the operand stack grows. */
TEST(a_high_operand_stack_grows)
{
	enum { HEIGHT = 100000 };
	uint8_t *body = malloc(1 + HEIGHT * 3 + 1);
	uint8_t *p = body;

	*p++ = 0;
	for (int i = 0; i < HEIGHT; i++) {
		*p++ = 0x41;
		*p++ = 0;
	}
	memset(p, 0x1a, HEIGHT);
	p += HEIGHT;
	*p++ = 0x0b;
	CHECK_EQ(body_verdict(NONE_NONE, body, (size_t)(p - body)), E_OK);
	free(body);
}

TEST(any_allocation_may_fail)
{
	long n = 0;
	enum err e;

	do {
		native_heap_fail_at(n++);
		e = BODY(NONE_I32, 0x02, VOID, 0x0b, 0x41, 0);
		CHECK(e == E_OK || e == E_NOMEM);
		CHECK_EQ(g_error.code, e);
	} while (e && n < 100);
	native_heap_fail_at(-1);
	CHECK_EQ(e, E_OK);
	CHECK(n > 4);
}

int main(void)
{
	RUN(a_body_ends_where_its_size_says);
	RUN(locals_are_bounded);
	RUN(an_error_tells_function_and_place);
	RUN(unknown_instructions_are_refused);
	RUN(instructions_of_later_features_are_named);
	RUN(immediates_are_complete);
	RUN(code_next_never_returns_half_an_instruction);
	RUN(code_next_yields_immediates);
	RUN(malformed_immediates_are_refused);
	RUN(operands_have_their_types);
	RUN(results_are_exactly_there);
	RUN(a_block_does_not_reach_below_itself);
	RUN(if_and_else_agree);
	RUN(branches_carry_the_label_types);
	RUN(targets_of_a_br_table_agree);
	RUN(unreachable_code_is_polymorphic_but_typed);
	RUN(select_takes_numbers_of_one_type);
	RUN(variables_exist_and_have_types);
	RUN(calls_match_their_types);
	RUN(memory_accesses_are_aligned_at_most_naturally);
	RUN(memory_instructions_need_a_memory);
	RUN(bulk_instructions_name_what_exists);
	RUN(data_indices_need_a_data_count);
	RUN(tables_have_element_types);
	RUN(references_are_declared);
	RUN(a_body_is_described);
	RUN(a_hundred_thousand_blocks_nest);
	RUN(a_high_operand_stack_grows);
	RUN(any_allocation_may_fail);
	return check_report();
}
